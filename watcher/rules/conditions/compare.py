"""A metric's value against limits: equals, above, between, in ..."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from watcher.evidence import Criterion
from watcher.model import Bools, Floats, Ints
from watcher.rules.conditions.base import (
    Condition,
    Masks,
    MetricCondition,
    ScanColumns,
    Strength,
    among_asked,
    by_size,
    has_sizes,
    present,
)
from watcher.rules.conditions.operands import (
    CompareMetric,
    Operand,
    is_operand,
    limit_of,
    within,
)
from watcher.rules.conditions.values import Setting, file_of, number, several
from watcher.rules.metrics import Metric
from watcher.text.evidence import value_of
from watcher.words import Wrong, kind

# Towards which end a value goes beyond its limit.
_DIRECTIONS = {"above": 1, "at_least": 1, "below": -1, "at_most": -1}
# NaN compares as false with all but "not equal", which is why verdicts are masked once more.
_COMPARISONS: dict[str, Callable[[Floats, float], Bools]] = {
    "equals": np.equal,
    "not_equals": np.not_equal,
    "above": np.greater,
    "below": np.less,
    "at_least": np.greater_equal,
    "at_most": np.less_equal,
}


class Measured(MetricCondition):
    """A condition on the value of one metric now, without a baseline."""

    @abstractmethod
    def holds(self, values: Floats) -> Bools:
        """A mask of the ``values`` of which it is so; what it says of NaN means nothing."""

    def judge(self, table: ScanColumns) -> Masks:
        known = present(table, self.metric)
        return Masks(self.holds(table.number(self.metric)) & known, known)


@dataclass(frozen=True, eq=False)
class Compare(Measured):
    """The value stands in one relation to a limit."""

    operator: str
    limit: float

    def holds(self, values: Floats) -> Bools:
        return _COMPARISONS[self.operator](values, self.limit)

    @property
    def leading(self) -> Metric | None:
        ordered = self.operator != "equals" and has_sizes(self.metric)
        return self.metric if ordered else None

    def strength(self, table: ScanColumns, rows: Ints) -> Strength:
        if self.leading is None:
            return ()
        beyond = table.number(self.metric)[rows] - self.limit
        direction = _DIRECTIONS.get(self.operator)
        return (np.abs(beyond) if direction is None else direction * beyond,)

    @cached_property
    def criterion(self) -> Criterion:
        return Criterion(self.operator, (self.limit,))


@dataclass(frozen=True, eq=False)
class Among(Measured):
    """The value is (or, negated, is not) one of some."""

    values: tuple[float, ...]
    negated: bool = False
    file: str = ""

    def holds(self, values: Floats) -> Bools:
        return np.isin(values, self.values, invert=self.negated)

    @property
    def leading(self) -> Metric | None:
        return self.metric if self.negated and has_sizes(self.metric) else None

    def strength(self, table: ScanColumns, rows: Ints) -> Strength:
        if self.leading is None:
            return ()
        away = np.abs(table.number(self.metric)[rows] - np.array(self.values)[:, None])
        return (away.min(axis=0),)

    def canonical(self) -> str:
        # A file is what it is called: who is added to it makes no other rule.
        values = f"file {json.dumps(self.file)}" if self.file else sorted(set(self.values))
        return f"{self.metric.canonical} {self.criterion.operator} {values}"

    @cached_property
    def criterion(self) -> Criterion:
        return among_asked(self.values, negated=self.negated, file=self.file)


@dataclass(frozen=True, eq=False)
class Between(Measured):
    """The value lies between two limits, or on one of them."""

    low: float
    high: float

    def holds(self, values: Floats) -> Bools:
        return (values >= self.low) & (values <= self.high)

    @property
    def leading(self) -> Metric | None:
        return self.metric if has_sizes(self.metric) else None

    def strength(self, table: ScanColumns, rows: Ints) -> Strength:
        # As at_least and at_most would together: the first decides.
        return (by_size(table, self.metric, rows),) if self.leading is not None else ()

    def shortfall(self, table: ScanColumns, rows: Ints) -> Strength:
        if self.leading is None:
            return ()
        value = table.number(self.metric)[rows]
        return (np.maximum(self.low - value, value - self.high),)

    def canonical(self) -> str:
        return f"{self.metric.canonical} {self.criterion.operator} [{self.low!r}, {self.high!r}]"

    @cached_property
    def criterion(self) -> Criterion:
        return Criterion("between", (self.low, self.high))


def comparison(operator: str, metric: Metric, setting: Setting) -> Condition:
    """A comparison with one limit."""
    if isinstance(setting.value, list) and operator in ("equals", "not_equals"):
        better = "in" if operator == "equals" else "not_in"
        raise Wrong(f'takes one value; for several write "{better}: [...]"')
    limit = limit_of(setting, metric, setting.value)
    if isinstance(limit, Operand):
        return CompareMetric(metric, operator, limit)
    return Compare(metric, operator, limit)


def among(operator: str, metric: Metric, setting: Setting) -> Condition:
    """``in: [...]`` or ``not_in: [...]``."""
    values = several(setting.value, "values, as [1, 2]")
    numbers = tuple(_constant(setting, metric, one) for one in values)
    return Among(metric, numbers, operator == "not_in", file_of(setting.value))


def _constant(setting: Setting, metric: Metric, value: object) -> float:
    """One of several values, which are no metrics' names."""
    if (not metric.names or not isinstance(value, str)) and is_operand(setting, value):
        raise Wrong(f'takes numbers: for the metric {value} write "any:" with "equals: {value}"')
    return number(value, metric)


def between(_operator: str, metric: Metric, setting: Setting) -> Condition:
    """``between: [a, b]``."""
    value = setting.value
    if not isinstance(value, list) or len(value) != 2:
        given = f"{len(value)} of them" if isinstance(value, list) else kind(value)
        raise Wrong(f"takes two values, as [10, 20], not {given}")
    low, high = (limit_of(setting, metric, each) for each in value)
    if isinstance(low, Operand) or isinstance(high, Operand):
        return within(metric, low, high)
    if low > high:
        said = metric.name, metric.unit
        raise Wrong(
            f"the range is upside down: write the smaller value first, "
            f"as [{value_of(high, *said)}, {value_of(low, *said)}]"
        )
    return Between(metric, low, high)
