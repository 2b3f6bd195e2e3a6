"""The tables of ``docs/metrics.md``."""

from __future__ import annotations

from tools.marked import table
from watcher.fields import NUMERIC, WINDOWS, Field
from watcher.rules.calibration import ANY, MEASURED
from watcher.rules.derived import DERIVED
from watcher.rules.metrics import ATTRIBUTES, NORMAL
from watcher.units import Unit, format_number

_UNITS = {
    Unit.COUNT: ("a whole number", "`{at_least: 10k}`"),
    Unit.MONEY: ("a price, in the currency of the product's variants", "`{below: 19.99}`"),
    Unit.GMV: (
        "an amount of GMV; the API does not say in which currency",
        "`{at_least: 10k}`",
    ),
    Unit.FRACTION: ("0.1 is 10%; write either", "`{at_least: 10%}`"),
    Unit.SCORE: ("a number with no unit", "`{at_least: 4.5}`"),
    Unit.FLAG: ("one of a few, by name or number", "`rising`, `{becomes: rising}`"),
    Unit.DAY: ("a day as yyyymmdd", "`{at_least: 20260101}`"),
    Unit.PLACE: ("a place in a list, 1 is first", "`{climbs: 10}`"),
    Unit.DAYS: ("a number of days", "`{at_most: 30}`"),
}


def derived() -> str:
    """What is computed from the API's fields."""
    rows = [(f"`{each.name}`", each.unit.value, each.meaning) for each in DERIVED]
    return table(("metric", "unit", "meaning"), rows)


def calibration() -> str:
    """What scores meant on real sales."""
    rows = [
        (
            f"`{name}`{'' if form == NORMAL else f', {form} form'}",
            format_number(mark.value, 1),
            mark.odds.removesuffix(" of"),
            f"{mark.went_on:.0%}",
        )
        for (name, form), marks in MEASURED.items()
        for mark in marks
    ]
    any_ = ", ".join(f"{share:.0%} ({form})" for form, share in ANY.items())
    rows.append(("any listed product", "", "", any_))
    columns = (
        "metric",
        "at least",
        "listed product-days that reach it",
        "of what is told, went on",
    )
    return table(columns, rows)


def fields() -> str:
    """The API's numeric fields that have no windows."""
    rows = [
        (f"`{field.name}`", field.unit.value, field.meaning + _named(field))
        for field in NUMERIC
        if not field.family
    ]
    return table(("metric", "unit", "meaning"), rows)


def families() -> str:
    """The API's counters: a row for each, a column for each window."""
    found: dict[str, dict[int | None, Field]] = {}
    for field in NUMERIC:
        if field.family:
            found.setdefault(field.family, {})[field.window] = field
    rows = [_family(windows) for windows in found.values()]
    return table(("what", "unit", "last N days", "all time"), rows)


def texts() -> str:
    """What text conditions read."""
    return table(
        ("attribute", "meaning"), [(f"`{each.name}`", each.meaning) for each in ATTRIBUTES]
    )


def units() -> str:
    """What each unit means, and how it is written."""
    rows = [(unit.value, meaning, example) for unit, (meaning, example) in _UNITS.items()]
    return table(("unit", "is", "as in"), rows)


def _family(windows: dict[int | None, Field]) -> tuple[str, str, str, str]:
    first = windows[WINDOWS[0]]
    total = windows.get(None)
    names = first.family.format("Nd_").replace("Nd_", "*N*d_")
    return (
        first.meaning.rpartition(", ")[0],
        first.unit.value,
        f"`{first.family.format('7d_')}` and so on: {names.replace('_', chr(92) + '_')}",
        f"`{total.name}`" if total else "",
    )


def _named(field: Field) -> str:
    if not field.names:
        return ""
    return "; by name: " + ", ".join(f"`{name}`" for name, _ in field.names)
