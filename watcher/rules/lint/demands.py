"""Demands of a clause: what a condition wants a metric's value to be, now or before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from watcher.rules.conditions.base import Condition, From
from watcher.rules.conditions.compare import Among, Between, Compare
from watcher.rules.conditions.ranking import Top
from watcher.rules.conditions.transition import Becomes, Crosses
from watcher.rules.lint.clauses import Literal, said
from watcher.rules.lint.facts import FINITE, Numbers, between, compared, these
from watcher.rules.metrics import Metric


@dataclass(frozen=True, slots=True)
class Demand:
    """A condition wants a metric's value, now or at a baseline (``then``), to be among these."""

    condition: Condition
    metric: Metric
    then: From | None
    numbers: Numbers
    negated: bool = False

    @property
    def said(self) -> str:
        return f"{'not ' if self.negated else ''}{said(self.condition)}"


def demands_of(literal: Literal) -> Iterator[Demand]:
    """Yield what a simple condition, or that it is not met, wants."""
    condition, negated = literal.condition, literal.negated
    if isinstance(condition, Compare | Among | Between):
        numbers = _now(condition)
        numbers = ~numbers & FINITE if negated else numbers
        yield Demand(condition, condition.metric, None, numbers, negated)
    elif not negated and isinstance(condition, Becomes | Crosses | Top):
        now, then = _now_and_then(condition)
        yield Demand(condition, condition.metric, None, now)
        yield Demand(condition, condition.metric, condition.need.from_, then)


def _now(condition: Compare | Among | Between) -> Numbers:
    match condition:
        case Compare():
            return compared(condition.operator, condition.limit)
        case Among():
            values = these(condition.values)
            return ~values if condition.negated else values
        case Between():
            return between(condition.low, condition.high)


def _now_and_then(condition: Becomes | Crosses | Top) -> tuple[Numbers, Numbers]:
    match condition:
        case Becomes():
            is_it = these([condition.value])
            now, then = is_it, ~is_it
            return (then, now) if condition.leaves else (now, then)
        case Crosses():
            ways = ("above", "at_most") if condition.above else ("below", "at_least")
            return compared(ways[0], condition.line), compared(ways[1], condition.line)
        case Top():
            inside = compared("at_most", condition.places)
            return (~inside, inside) if condition.leaves else (inside, ~inside)
