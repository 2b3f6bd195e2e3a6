"""``watcher schema``: the rule file's JSON Schema."""

from __future__ import annotations

import click

from watcher.cli.output import print_json
from watcher.rules.schema.json_schema import json_schema


@click.command()
def command() -> None:
    """Print the rule file's JSON Schema, for completion and checks in an editor."""
    print_json(json_schema())
