"""From the last scan to this one: appears, becomes, leaves, crosses a line."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from watcher.evidence import Criterion, Evidence
from watcher.model import Ints
from watcher.rules.conditions.base import Condition, Masks, ScanColumns, Strength, judged
from watcher.rules.conditions.change import BaselineCondition
from watcher.rules.conditions.operands import (
    BecomesMetric,
    CrossesMetric,
    Operand,
    limit_of,
    refuse_fact,
)
from watcher.rules.conditions.values import Setting, only_true
from watcher.rules.metrics import Metric
from watcher.units import Unit

APPEARS = "appears"  # in place of a metric


@dataclass(frozen=True, eq=False)
class Appears(Condition):
    """First seen by this watch; no data until the watch has had a complete scan before."""

    def judge(self, table: ScanColumns) -> Masks:
        return table.appeared()

    def evidence(self, table: ScanColumns, row: int) -> tuple[Evidence, ...]:
        verdict = judged(table, self).verdict(row)
        return (Evidence(APPEARS, "list", Unit.TEXT, Criterion(APPEARS), verdict),)

    def canonical(self) -> str:
        return APPEARS

    __str__ = canonical


@dataclass(frozen=True, eq=False)
class Becomes(BaselineCondition):
    """The last known value was not ``value`` and now it is; the reverse, if ``leaves``."""

    value: float
    leaves: bool = False

    def judge(self, table: ScanColumns) -> Masks:
        now, then, known = self.now_and_then(table)
        source, target = (now, then) if self.leaves else (then, now)
        return Masks((source != self.value) & (target == self.value) & known, known)

    @property
    def leading(self) -> Metric | None:
        return None

    @cached_property
    def criterion(self) -> Criterion:
        return Criterion("leaves" if self.leaves else "becomes", (self.value,))


@dataclass(frozen=True, eq=False)
class Crosses(BaselineCondition):
    """The last known value was on the other side of the line, or on it."""

    line: float
    above: bool

    def judge(self, table: ScanColumns) -> Masks:
        now, then, known = self.now_and_then(table)
        low, high = (then, now) if self.above else (now, then)
        met = (low <= self.line) & (high >= self.line) & (now != self.line)
        return Masks(met & known, known)

    def strength(self, table: ScanColumns, rows: Ints) -> Strength:
        beyond = table.number(self.metric)[rows] - self.line
        return (beyond if self.above else -beyond,)

    @cached_property
    def criterion(self) -> Criterion:
        return Criterion("crosses_above" if self.above else "crosses_below", (self.line,))


def appears(value: object) -> Condition:
    """``appears: true``."""
    only_true(value, f"{APPEARS}: true")
    return Appears()


def becomes(operator: str, metric: Metric, setting: Setting) -> Condition:
    """``becomes: value`` or ``leaves: value``."""
    refuse_fact(metric, operator)
    value = limit_of(setting, metric, setting.value)
    if isinstance(value, Operand):
        return BecomesMetric(metric, value, operator == "leaves")
    return Becomes(metric, value, operator == "leaves")


def crosses(operator: str, metric: Metric, setting: Setting) -> Condition:
    """``crosses_above: number`` or ``crosses_below: number``."""
    refuse_fact(metric, operator)
    line = limit_of(setting, metric, setting.value)
    if isinstance(line, Operand):
        return CrossesMetric(metric, line, operator == "crosses_above")
    return Crosses(metric, line, operator == "crosses_above")
