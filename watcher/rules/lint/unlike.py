"""Doubts about metrics that are held against each other, and do not count the same."""

from __future__ import annotations

from collections.abc import Iterator

from watcher.rules.conditions.base import Condition
from watcher.rules.conditions.operands import AgainstMetrics, ChangeBy
from watcher.rules.lint.clauses import said
from watcher.rules.lint.ids import no_id
from watcher.rules.metrics import Metric
from watcher.units import Unit, format_number

_MANY = 10  # times another metric: 90 was meant as 90%
# GMV and prices are amounts alike.
_KINDS = {Unit.GMV: Unit.MONEY}
_SAID = {
    Unit.MONEY: "an amount of money",
    Unit.COUNT: "a count",
    Unit.FRACTION: "a percentage",
    Unit.FLAG: "a flag",
    Unit.DAY: "a day",
    Unit.DAYS: "an age",
    Unit.PLACE: "a place",
}


def unlike(leaf: Condition) -> Iterator[str]:
    """Yield doubts of a condition that holds a metric against others (a price against a number of
    products says nothing), or an id against what is none."""
    if text := no_id(leaf):
        yield text
    if not isinstance(leaf, AgainstMetrics):
        return
    own = leaf.metric
    for operand in leaf.operands:
        other = operand.metric
        if other == own:
            yield f"{said(leaf)} compares {own.name} with itself"
        elif not (isinstance(leaf, ChangeBy) and leaf.percent) and not _alike(own, other):
            yield (
                f"{said(leaf)} compares {_counts(own)} with {_counts(other)}: {own.name} and "
                f"{other.name} do not count the same"
            )
        if operand.factor is not None and operand.factor >= _MANY:
            number = format_number(operand.factor, 6)
            yield f"{said(leaf)} is {number} times {other.name}: write {number}% for a part of it"


def _alike(one: Metric, other: Metric) -> bool:
    """Whether they are of one kind; of what is the user's own it is not known, unless a sign beside
    its numbers says it."""
    kinds = {_KINDS.get(each.unit, each.unit) for each in (one, other)}
    return Unit.SCORE in kinds or len(kinds) == 1


def _counts(metric: Metric) -> str:
    return _SAID.get(_KINDS.get(metric.unit, metric.unit), "a number")
