"""``again:`` of a rule: what must have moved since an alert was told, for it to be told once more.
Its conditions are those that compare with the last value; in its place stands the one that a
channel was last told with."""

from __future__ import annotations

from collections.abc import Mapping

from watcher.evidence import Criterion
from watcher.rules.conditions.base import Condition, Last, MetricCondition, Need
from watcher.rules.conditions.compiling import Compiler, Path
from watcher.rules.conditions.logic import leaves
from watcher.rules.conditions.text import TextCondition
from watcher.rules.metrics import Metric
from watcher.text.evidence import value_of
from watcher.units import format_number

COMPARES = (
    "rises", "falls", "changes", "climbs", "drops", "becomes", "leaves", "crosses_above",
    "crosses_below",
)  # fmt: skip
_EXAMPLE = "spu_avg_price: {falls: 5%}"
_INSTEAD = {
    **dict.fromkeys(("above", "at_least"), "crosses_above"),
    **dict.fromkeys(("below", "at_most"), "crosses_below"),
    "equals": "becomes",
    "not_equals": "leaves",
}


def again_of(compiler: Compiler, value: object, path: Path) -> Condition | None:
    """The compiled ``again:``; None where it is left out, or something in it was reported."""
    if value is None:
        return None
    if not isinstance(value, list) and (not isinstance(value, Mapping) or not value):
        compiler.report(path, f"must say what moved since it was told, as {_EXAMPLE}")
        return None
    condition = compiler.condition(value, path)
    if condition is None:
        return None
    refused = False
    for leaf in leaves(condition):
        place = compiler.places[id(leaf)][1]
        why = _in_vain(leaf, place[len(path) :])
        if why:
            compiler.report(place, why, at_key=True)
            refused = True
    return None if refused else condition


def metrics_told(condition: Condition) -> tuple[Metric, ...]:
    """The metrics whose values are remembered when an alert is told."""
    return tuple(dict.fromkeys(need.metric for need in condition.needs))


def _in_vain(leaf: Condition, place: Path) -> str:
    """The reason why a condition can't say that something moved since; empty where it can."""
    if "not" in place:
        return (
            '"not" has no place in again: what does not move would be told at each scan; write '
            f"what must move, as {_EXAMPLE}"
        )
    if isinstance(leaf, TextCondition):
        return (
            f"{leaf.attribute.name} is a text, and of those nothing is remembered of what was told "
            f"before; in again stands what a number must do, as {_EXAMPLE}"
        )
    if not isinstance(leaf, MetricCondition):
        return f"says nothing of what was told before; in again there are {', '.join(COMPARES)}"
    asked = leaf.criterion
    if asked.operator not in COMPARES:
        better = _better(asked, leaf.metric)
        return (
            f"{asked.operator} compares with nothing that was told before, so it would be told at "
            f"each scan; {better or 'in again there are ' + ', '.join(COMPARES)}"
        )
    if any(not _is_last(need) for need in leaf.needs):
        return 'again compares with the value that was last told: leave "from" out'
    return ""


def _is_last(need: Need) -> bool:
    return isinstance(need.from_, Last)


def _better(asked: Criterion, metric: Metric) -> str:
    """The text to write in place of a condition, where that is known."""
    limit = asked.limits[0] if len(asked.limits) == 1 else None
    if not isinstance(limit, float | int):
        return ""
    if asked.operator == "enters_top":
        return f"write crosses_below: {limit + 1:g}"
    if asked.operator == "leaves_top":
        return f"write crosses_above: {limit:g}"
    operator = _INSTEAD.get(asked.operator)
    if operator is None:
        return ""
    measure = asked.measures[0] if asked.measures else None
    if measure is not None:
        return f"write {operator}: {measure.metric}"
    shown = value_of(limit, metric.name, metric.unit) if metric.names else format_number(limit, 6)
    return f"write {operator}: {shown}"
