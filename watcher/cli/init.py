"""``watcher init``: a commented rule file to begin with, and its schema for editors."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import click

from watcher.cli import options
from watcher.cli.output import json_text
from watcher.errors import WatcherError
from watcher.rules.schema.json_schema import json_schema


@click.command()
@options.rules
def command(rules: Path) -> None:
    """Write a commented rule file to begin with, and its JSON Schema for editors; never over one
    that is there."""
    schema = rules.with_suffix(".schema.json")
    text = resources.files("watcher.cli").joinpath("rules.init.yaml").read_text("utf-8")
    _write(rules, text.replace("rules.schema.json", schema.name))
    click.echo(
        f"Wrote {rules}. Next:\n"
        "  1. put your key into the environment: export KEYAPI_KEY=... (or KEYAPI_TOKEN)\n"
        "  2. write where alerts go into its channels: section\n"
        f"  3. watcher check --rules {rules}     what it will read, and what that costs\n"
        f"  4. watcher once --dry-run --rules {rules}     what would fire now\n"
        f"  5. watcher run --rules {rules}"
    )
    if schema.exists():
        click.echo(f"{schema} was there already: watcher schema > {schema} writes it anew.")
    else:
        _write(schema, json_text(json_schema()))
        click.echo(f"Your editor completes and explains it from {schema}.")


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise WatcherError(f"{path} is there already; name another file with --rules") from None
    except OSError as error:
        raise WatcherError(f"{path}: can't be written: {error.strerror}") from None
