"""A metric's value against limits: equals, above, between, in ..."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from watcher.model import Bools, Evidence, Floats, Ints
from watcher.rules.conditions.base import (
    Condition,
    Masks,
    Need,
    Strength,
    Table,
    by_size,
    form_at,
    has_sizes,
    judged,
    present,
    value_at,
)
from watcher.rules.conditions.values import Setting, number, say
from watcher.rules.metrics import Metric
from watcher.words import Wrong, kind, some

# Towards which end a value goes beyond its limit.
_DIRECTIONS = {"above": 1, "at_least": 1, "below": -1, "at_most": -1}
# NaN compares as false with all but "not equal", which is why verdicts are masked once more.
_COMPARISONS: dict[str, tuple[str, Callable[[Floats, float], Bools]]] = {
    "equals": ("is", np.equal),
    "not_equals": ("is not", np.not_equal),
    "above": ("above", np.greater),
    "below": ("below", np.less),
    "at_least": ("at least", np.greater_equal),
    "at_most": ("at most", np.less_equal),
}


class Measured(Condition):
    """A condition on the value of one metric now, without a baseline."""

    metric: Metric

    @property
    def needs(self) -> tuple[Need, ...]:
        return ()

    @property
    def metrics(self) -> tuple[Metric, ...]:
        return (self.metric,)

    @abstractmethod
    def holds(self, values: Floats) -> Bools:
        """Where it is so of ``values``; what it says of NaN means nothing."""

    def judge(self, table: Table) -> Masks:
        known = present(table, self.metric)
        return Masks(self.holds(table.number(self.metric)) & known, known)

    def evidence(self, table: Table, row: int) -> tuple[Evidence, ...]:
        return (
            Evidence(
                metric=self.metric.name,
                label=self.metric.label,
                unit=self.metric.unit,
                condition=self.said,
                verdict=judged(table, self).verdict(row),
                value=value_at(table.number(self.metric), row),
                form=form_at(table, self.metric, row),
            ),
        )


@dataclass(frozen=True, eq=False)
class Compare(Measured):
    """The value stands in one relation to a limit."""

    metric: Metric
    operator: str
    limit: float

    def holds(self, values: Floats) -> Bools:
        return _COMPARISONS[self.operator][1](values, self.limit)

    @property
    def leading(self) -> Metric | None:
        ordered = self.operator != "equals" and has_sizes(self.metric)
        return self.metric if ordered else None

    def strength(self, table: Table, rows: Ints) -> Strength:
        if self.leading is None:
            return ()
        beyond = table.number(self.metric)[rows] - self.limit
        direction = _DIRECTIONS.get(self.operator)
        return (np.abs(beyond) if direction is None else direction * beyond,)

    def canonical(self) -> str:
        return f"{self.metric.canonical} {self.operator} {self.limit!r}"

    def __str__(self) -> str:
        return f"{_COMPARISONS[self.operator][0]} {say(self.limit, self.metric)}"


@dataclass(frozen=True, eq=False)
class Among(Measured):
    """The value is (or, negated, is not) one of some."""

    metric: Metric
    values: tuple[float, ...]
    negated: bool = False

    def holds(self, values: Floats) -> Bools:
        return np.isin(values, self.values, invert=self.negated)

    @property
    def leading(self) -> Metric | None:
        return self.metric if self.negated and has_sizes(self.metric) else None

    def strength(self, table: Table, rows: Ints) -> Strength:
        if self.leading is None:
            return ()
        away = np.abs(table.number(self.metric)[rows] - np.array(self.values)[:, None])
        return (away.min(axis=0),)

    def canonical(self) -> str:
        values = ", ".join(repr(value) for value in sorted(set(self.values)))
        return f"{self.metric.canonical} {'not_in' if self.negated else 'in'} [{values}]"

    def __str__(self) -> str:
        said = some(self.values, lambda value: say(value, self.metric))
        return f"{'is none of' if self.negated else 'is one of'} {said}"


@dataclass(frozen=True, eq=False)
class Between(Measured):
    """The value lies between two limits, or on one of them."""

    metric: Metric
    low: float
    high: float

    def holds(self, values: Floats) -> Bools:
        return (values >= self.low) & (values <= self.high)

    @property
    def leading(self) -> Metric | None:
        return self.metric if has_sizes(self.metric) else None

    def strength(self, table: Table, rows: Ints) -> Strength:
        # As at_least and at_most would together: the first decides.
        return (by_size(table, self.metric, rows),) if self.leading is not None else ()

    def shortfall(self, table: Table, rows: Ints) -> Strength:
        if self.leading is None:
            return ()
        value = table.number(self.metric)[rows]
        return (np.maximum(self.low - value, value - self.high),)

    def canonical(self) -> str:
        return f"{self.metric.canonical} between [{self.low!r}, {self.high!r}]"

    def __str__(self) -> str:
        return f"between {say(self.low, self.metric)} and {say(self.high, self.metric)}"


def comparison(operator: str) -> Callable[[Metric, Setting], Condition]:
    """The builder of a comparison with one limit."""

    def build(metric: Metric, setting: Setting) -> Condition:
        if isinstance(setting.value, list) and operator in ("equals", "not_equals"):
            better = "in" if operator == "equals" else "not_in"
            raise Wrong(f'takes one value; for several write "{better}: [...]"')
        return Compare(metric, operator, number(setting.value, metric))

    return build


def among(metric: Metric, setting: Setting) -> Condition:
    """``in: [...]``."""
    return Among(metric, _numbers(metric, setting.value))


def not_among(metric: Metric, setting: Setting) -> Condition:
    """``not_in: [...]``."""
    return Among(metric, _numbers(metric, setting.value), negated=True)


def between(metric: Metric, setting: Setting) -> Condition:
    """``between: [a, b]``."""
    value = setting.value
    if not isinstance(value, list) or len(value) != 2:
        given = f"{len(value)} of them" if isinstance(value, list) else kind(value)
        raise Wrong(f"takes two values, as [10, 20], not {given}")
    low, high = number(value[0], metric), number(value[1], metric)
    if low > high:
        raise Wrong(
            f"the range is upside down: write the smaller value first, "
            f"as [{say(high, metric)}, {say(low, metric)}]"
        )
    return Between(metric, low, high)


def _numbers(metric: Metric, value: object) -> tuple[float, ...]:
    if not isinstance(value, list) or not value:
        raise Wrong(f"takes a list of values, as [1, 2], not {_what(value)}")
    return tuple(number(one, metric) for one in value)


def _what(value: object) -> str:
    return "an empty one" if value == [] else kind(value)
