"""From the last known value to this one: becomes, leaves, crosses a line."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from watcher.model import Criterion, Ints
from watcher.rules.conditions.base import Condition, Masks, ScanTable, Strength
from watcher.rules.conditions.change import BaselineCondition
from watcher.rules.conditions.values import Setting, number
from watcher.rules.metrics import Metric


@dataclass(frozen=True, eq=False)
class Becomes(BaselineCondition):
    """The last known value was not ``value`` and now it is; the reverse, if ``leaves``."""

    metric: Metric
    value: float
    leaves: bool = False

    def judge(self, table: ScanTable) -> Masks:
        now, then, known = self.now_and_then(table)
        source, target = (now, then) if self.leaves else (then, now)
        return Masks((source != self.value) & (target == self.value) & known, known)

    def canonical(self) -> str:
        return f"{self.metric.canonical} {self.criterion.operator} {self.value!r}"

    @cached_property
    def criterion(self) -> Criterion:
        return Criterion("leaves" if self.leaves else "becomes", (self.value,))


@dataclass(frozen=True, eq=False)
class Crosses(BaselineCondition):
    """The last known value was on the other side of the line, or on it."""

    metric: Metric
    line: float
    above: bool

    def judge(self, table: ScanTable) -> Masks:
        now, then, known = self.now_and_then(table)
        low, high = (then, now) if self.above else (now, then)
        met = (low <= self.line) & (high >= self.line) & (now != self.line)
        return Masks(met & known, known)

    @property
    def leading(self) -> Metric | None:
        return self.metric

    def strength(self, table: ScanTable, rows: Ints) -> Strength:
        beyond = table.number(self.metric)[rows] - self.line
        return (beyond if self.above else -beyond,)

    def canonical(self) -> str:
        return f"{self.metric.canonical} {self.criterion.operator} {self.line!r}"

    @cached_property
    def criterion(self) -> Criterion:
        return Criterion("crosses_above" if self.above else "crosses_below", (self.line,))


def becomes(metric: Metric, setting: Setting, *, leaves: bool = False) -> Condition:
    """``becomes: value`` or ``leaves: value``."""
    return Becomes(metric, number(setting.value, metric), leaves)


def crosses(metric: Metric, setting: Setting, *, above: bool) -> Condition:
    """``crosses_above: number`` or ``crosses_below: number``."""
    return Crosses(metric, number(setting.value, metric), above)
