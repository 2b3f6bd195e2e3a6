"""``watcher schema``: the rule file's JSON Schema."""

from __future__ import annotations

import click

from watcher.cli import options
from watcher.cli.category_lookup import known_in
from watcher.cli.output import print_json
from watcher.rules.schema.category_names import with_names
from watcher.rules.schema.json_schema import json_schema
from watcher.store.places import Place


@click.command()
@options.database
def command(database: Place) -> None:
    """Print the rule file's JSON Schema, for completion and checks in an editor.

    With the names of categories that the database knows, so that the editor offers them.
    """
    print_json(with_names(json_schema(), known_in(database, lenient=True)))
