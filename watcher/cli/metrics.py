"""``watcher metrics``: what a rule can speak of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click
from msgspec import UNSET, UnsetType

from watcher.cli.output import Printed, as_json, console, json_wanted, print_json, prints
from watcher.rules.calibration import ANY, DATA, MEASURED, Mark
from watcher.rules.metrics import ATTRIBUTES, NORMAL, SPARSE, Catalogue
from watcher.rules.sections.figures import FIGURES


class PrintedMetric(Printed, frozen=True, kw_only=True):
    """A metric or a text; ``measured`` where scores of it were, by the form of its formula."""

    name: str
    unit: str
    meaning: str
    measured: Mapping[str, Sequence[Mark]] | UnsetType = UNSET


@click.command()
@as_json
@prints(list[PrintedMetric])
def command() -> None:
    """List all metrics and attributes with their meaning, and what scores meant on real sales."""
    rows = [(each.name, each.unit.value, each.meaning) for each in Catalogue().metrics()]
    rows += [(each.name, "text", each.meaning) for each in ATTRIBUTES]
    if json_wanted():
        print_json([_json(*row) for row in rows])
        return
    out = console()
    out.table(("Metric", "Unit", "Meaning"), rows, texts=("Meaning",))
    figures = [(name, row.asks.value, row.meaning) for name, row in FIGURES.items()]
    out.say("\nFigures of many products, for groups and for metrics of your own:")
    out.table(("Figure", "Takes", "Meaning"), figures, texts=("Meaning",))
    out.say(f"\nWhat scores meant on real sales ({DATA}):")
    columns = ("Metric", "Form", "At least", "Listed products a day", "Of what is told, went on")
    measured = [
        (name, form, mark.value, mark.odds.removesuffix(" of"), f"{mark.went_on:.0%}")
        for (name, form), marks in MEASURED.items()
        for mark in marks
    ]
    out.table(columns, measured)
    out.say(f"Of any listed product went on: {ANY[NORMAL]:.0%} (sparse form: {ANY[SPARSE]:.0%}).")


def _json(name: str, unit: str, meaning: str) -> PrintedMetric:
    measured = {form: marks for (metric, form), marks in MEASURED.items() if metric == name}
    return PrintedMetric(name=name, unit=unit, meaning=meaning, measured=measured or UNSET)
