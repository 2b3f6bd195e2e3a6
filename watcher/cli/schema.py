"""``watcher schema``: the JSON Schema of the rule file, and of what commands print."""

from __future__ import annotations

import click

from watcher.cli import options
from watcher.cli.category_lookup import known_in
from watcher.cli.output import print_json
from watcher.cli.shapes import schema_of, shapes_of, with_json
from watcher.errors import WatcherError
from watcher.rules.schema.category_names import with_names
from watcher.rules.schema.json_schema import json_schema
from watcher.store.places import Place
from watcher.words import nearest, quoted


@click.command()
@click.argument("words", metavar="[COMMAND]...", nargs=-1)
@options.database
@click.pass_context
def command(context: click.Context, words: tuple[str, ...], database: Place) -> None:
    """Print the rule file's JSON Schema, for completion and checks in an editor; or that of what
    COMMAND prints with --json.

    With the names of categories that the database knows, so that the editor offers them.

    \b
      watcher schema > rules.schema.json
      watcher schema outbox list
    """
    if not words:
        print_json(with_names(json_schema(), known_in(database, lenient=True)))
        return
    name, known = " ".join(words), dict(with_json(context.find_root()))
    if name not in known:
        raise WatcherError(
            f"{quoted(name)} is no command that prints JSON{nearest(name, known)}: "
            f"there are {', '.join(known)}"
        )
    print_json(schema_of(name, shapes_of(known[name])))
