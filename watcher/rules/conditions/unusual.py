"""A value far from the product's own history, in robust standard deviations."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from msgspec.structs import replace

from watcher.evidence import Criterion, Evidence
from watcher.model import Floats, Ints
from watcher.rules.conditions.base import (
    Condition,
    Masks,
    Need,
    ScanColumns,
    Spread,
    Strength,
    Usual,
    value_at,
)
from watcher.rules.conditions.change import BaselineCondition, duration_option
from watcher.rules.conditions.operands import refuse_fact
from watcher.rules.conditions.values import Setting, is_percent, number
from watcher.rules.metrics import Metric
from watcher.units import DAY, Unit
from watcher.words import Wrong

_OVER = 28 * DAY
LEAST_DAYS = 14  # with an observation; fewer say little of what is usual
# Of a sum of several days, values so far apart that they share no day. On real sales whose level
# stood still (the days of each product shuffled) 8 of 7 days gave no more false alarms than 14 of
# one day; 4 gave twice as many.
LEAST_APART = 8


@dataclass(frozen=True, eq=False)
class Unusual(BaselineCondition):
    """``ln(1+x)`` is ``score`` robust standard deviations or more from its median, either way; no
    data where the history is too short, where it never moved, or where ``x`` is -1 or less."""

    score: float
    over: int = _OVER

    @property
    def need(self) -> Need:
        return Need(self.metric, Usual(self.over, self.metric.window))

    @property
    def needs(self) -> tuple[Need, ...]:
        return (self.need, Need(self.metric, Spread(self.over, self.metric.window)))

    def judge(self, table: ScanColumns) -> Masks:
        scores = self._scores(table)
        known = ~np.isnan(scores)
        return Masks((np.abs(scores) >= self.score) & known, known)

    def evidence(self, table: ScanColumns, row: int) -> tuple[Evidence, ...]:
        """The baseline is the usual value in the metric's own unit; beside it stands the score."""
        (plain,) = super().evidence(table, row)
        usual = plain.baseline
        # Twelve digits: the logarithm and back makes 100 into 100.00000000000001.
        baseline = None if usual is None else float(f"{np.expm1(usual):.12g}")
        return (replace(plain, score=value_at(self._scores(table), row), baseline=baseline),)

    def strength(self, table: ScanColumns, rows: Ints) -> Strength:
        return (np.abs(self._scores(table)[rows]),)

    def _scores(self, table: ScanColumns) -> Floats:
        usual, spread = (table.baseline(need)[0] for need in self.needs)
        # Rounded, for a score of exactly 3 must not depend on the last binary digit.
        return np.round((logs(table.comparable(self.need)) - usual) / spread, 9)

    def canonical(self) -> str:
        over = str(self.over)
        if self.over == usual_over(self.metric):
            # A rule that left "over" out goes on as it was before sums of several days took longer.
            over = str(_OVER)
        elif self.over == _OVER:
            over += " as written"
        return f"{self.metric.canonical} unusual {self.score!r} over {over}"

    @cached_property
    def criterion(self) -> Criterion:
        return Criterion("unusual", (self.score,), baseline="usual", seconds=self.over)


def logs(values: Floats) -> Floats:
    """``ln(1+x)``; no value where there is none."""
    return np.log1p(np.where(values > -1, values, np.nan))


def unusual(operator: str, metric: Metric, setting: Setting) -> Condition:
    """``unusual: z`` with ``over:``."""
    if metric.unit in (Unit.FLAG, Unit.DAY):
        raise Wrong(f"is for amounts: {metric.name} has no usual size")
    refuse_fact(metric, operator)
    if is_percent(setting.value):
        raise Wrong("takes how many standard deviations, as 3, not a percentage")
    score = number(setting.value)
    if score <= 0:
        hint = ", and for one way only stand rises or falls beside it" if score < 0 else ""
        raise Wrong(f"takes how many standard deviations, above 0, as 3: it means either way{hint}")
    over = duration_option(setting, "over", usual_over(metric), LEAST_DAYS * DAY)
    return Unusual(metric, score, over)


def least_values(window: int) -> int:
    """The least number of values that must be known, of a metric that is a sum of so many days."""
    return LEAST_DAYS if window == 1 else LEAST_APART


def usual_over(metric: Metric) -> int:
    """Seconds that hold enough values of a metric, and one to spare where they are rare."""
    return max(_OVER, (LEAST_APART + 1) * metric.window * DAY) if metric.window > 1 else _OVER
