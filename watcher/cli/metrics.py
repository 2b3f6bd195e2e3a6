"""``watcher metrics``: what a rule can speak of."""

from __future__ import annotations

import click

from watcher.cli.options import json_option
from watcher.cli.output import console, print_json, table
from watcher.rules.metrics import ATTRIBUTES, Catalogue


@click.command()
@json_option
def command(*, as_json: bool) -> None:
    """List all metrics and attributes with their meaning."""
    metrics = [(each.name, each.unit.value, each.meaning) for each in Catalogue().metrics()]
    texts = [(each.name, "text", each.meaning) for each in ATTRIBUTES]
    rows = [*metrics, *texts]
    if as_json:
        print_json([{"name": name, "unit": unit, "meaning": text} for name, unit, text in rows])
        return
    console().print(table(("Metric", "Unit", "Meaning"), rows, texts=("Meaning",)))
