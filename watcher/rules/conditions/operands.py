"""A metric where a number stands (``at_most: target``), or a part of it (``90%, of: target``). Each
product has its own limit; where it has none, there is no data."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from msgspec.structs import replace

from watcher.errors import ProblemCode
from watcher.evidence import Criterion, Evidence, MetricLimit
from watcher.language import gettext as _
from watcher.model import Bools, Floats, Ints
from watcher.rules.conditions.base import (
    Condition,
    Masks,
    MetricCondition,
    Need,
    ScanColumns,
    Strength,
    has_sizes,
    present,
    value_at,
)
from watcher.rules.conditions.change import BaselineCondition, Change, level_before, relative
from watcher.rules.conditions.values import Setting, number
from watcher.rules.metrics import Metric
from watcher.text.evidence import value_of
from watcher.units import Unit
from watcher.words import Wrong, WrongOption, kind, quoted

OF = "of"
_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_COMPARISONS: dict[str, Callable[[Floats, Floats], Bools]] = {
    "equals": np.equal,
    "not_equals": np.not_equal,
    "above": np.greater,
    "below": np.less,
    "at_least": np.greater_equal,
    "at_most": np.less_equal,
}
_DIRECTIONS = {"above": 1, "at_least": 1, "below": -1, "at_most": -1}


@dataclass(frozen=True, slots=True)
class Operand:
    """A metric as a limit, or ``factor`` times it."""

    metric: Metric
    factor: float | None = None

    def of(self, values: Floats) -> Floats:
        """The limits that values of the metric are."""
        # Rounded, for 90% of 19.90 is 17.91 to the reader.
        return values if self.factor is None else np.round(values * self.factor, 9)

    def now(self, table: ScanColumns) -> Floats:
        return self.of(table.number(self.metric))

    def then(self, table: ScanColumns) -> Floats:
        """The limits at the last observation; what is the user's own has but today's."""
        return self.now(table) if self.need is None else self.of(table.baseline(self.need)[0])

    @property
    def need(self) -> Need | None:
        return None if self.metric.is_fact else level_before(self.metric)

    def measure(self, table: ScanColumns | None = None, row: int = 0) -> MetricLimit:
        """Itself as evidence has it: of a product with the metric's value."""
        value = None if table is None else value_at(table.number(self.metric), row)
        return MetricLimit(self.metric.name, self.metric.unit, self.factor, value)

    def canonical(self) -> str:
        part = "" if self.factor is None else f"{self.factor!r} of "
        return f"{part}metric {self.metric.canonical}"


Limit: TypeAlias = float | Operand


class AgainstMetrics(MetricCondition):
    """A condition with limits of which some are metrics."""

    @property
    def limits(self) -> tuple[Limit, ...]:
        raise NotImplementedError

    @property
    def operands(self) -> tuple[Operand, ...]:
        return tuple(each for each in self.limits if isinstance(each, Operand))

    @property
    def metrics(self) -> tuple[Metric, ...]:
        return tuple(dict.fromkeys([self.metric, *(each.metric for each in self.operands)]))

    def known(self, table: ScanColumns) -> Bools:
        """A mask of the products that have the value and all limits."""
        known = present(table, self.metric)
        for each in self.operands:
            known = known & present(table, each.metric)
        return known

    def asked(self, plain: Criterion, table: ScanColumns | None = None, row: int = 0) -> Criterion:
        """``plain`` with the limits of one product, or of none."""
        measures = [
            each.measure(table, row) if isinstance(each, Operand) else None for each in self.limits
        ]
        numbers = tuple(0.0 if isinstance(each, Operand) else each for each in self.limits)
        return replace(plain, limits=numbers, measures=tuple(measures))

    def evidence(self, table: ScanColumns, row: int) -> tuple[Evidence, ...]:
        (plain,) = super().evidence(table, row)
        return (replace(plain, condition=self.asked(self.criterion, table, row)),)

    def written(self) -> str:
        """The limits, for a canonical text."""
        limits = self.limits
        return ", ".join(e.canonical() if isinstance(e, Operand) else repr(e) for e in limits)

    def canonical(self) -> str:
        return f"{self.metric.canonical} {self.criterion.operator} {self.written()}"


@dataclass(frozen=True, eq=False)
class CompareMetric(AgainstMetrics):
    """The value stands in one relation to another metric of the product."""

    operator: str
    operand: Operand

    @property
    def limits(self) -> tuple[Limit, ...]:
        return (self.operand,)

    def judge(self, table: ScanColumns) -> Masks:
        known = self.known(table)
        met = _COMPARISONS[self.operator](table.number(self.metric), self.operand.now(table))
        return Masks(met & known, known)

    @property
    def leading(self) -> Metric | None:
        ordered = self.operator != "equals" and has_sizes(self.metric)
        return self.metric if ordered else None

    def strength(self, table: ScanColumns, rows: Ints) -> Strength:
        """Relative to the limit, for each product has its own; of equals the absolute one."""
        if self.leading is None:
            return ()
        limit = self.operand.now(table)[rows]
        beyond = (table.number(self.metric)[rows] - limit) * _DIRECTIONS.get(self.operator, 1)
        if self.operator not in _DIRECTIONS:
            beyond = np.abs(beyond)
        return relative(beyond, limit), beyond

    @cached_property
    def criterion(self) -> Criterion:
        return self.asked(Criterion(self.operator))


@dataclass(frozen=True, eq=False)
class BetweenMetrics(AgainstMetrics):
    """The value lies between two limits, or on one of them."""

    low: Limit
    high: Limit

    @property
    def limits(self) -> tuple[Limit, ...]:
        return self.low, self.high

    def judge(self, table: ScanColumns) -> Masks:
        known, values = self.known(table), table.number(self.metric)
        low, high = (_now(each, table) for each in self.limits)
        return Masks((values >= low) & (values <= high) & known, known)

    @cached_property
    def criterion(self) -> Criterion:
        return self.asked(Criterion("between"))


class SinceLast(AgainstMetrics, BaselineCondition):
    """A condition on now and the last observation, both of the metric and of the limit."""

    operand: Operand

    @property
    def limits(self) -> tuple[Limit, ...]:
        return (self.operand,)

    @property
    def needs(self) -> tuple[Need, ...]:
        return (self.need, self.operand.need) if self.operand.need is not None else (self.need,)

    def moved(self, table: ScanColumns) -> tuple[Floats, Floats, Floats, Floats, Bools]:
        """Now and then, of the value and of the limit; and where all four are known."""
        now, then, known = self.now_and_then(table)
        limit, before = self.operand.now(table), self.operand.then(table)
        return now, then, limit, before, known & ~np.isnan(limit) & ~np.isnan(before)


@dataclass(frozen=True, eq=False)
class CrossesMetric(SinceLast):
    """The value was on the other side of another metric when last known, or on it."""

    operand: Operand
    above: bool

    def judge(self, table: ScanColumns) -> Masks:
        now, then, limit, before, known = self.moved(table)
        if self.above:
            return Masks((then <= before) & (now > limit) & known, known)
        return Masks((then >= before) & (now < limit) & known, known)

    def strength(self, table: ScanColumns, rows: Ints) -> Strength:
        limit = self.operand.now(table)[rows]
        beyond = table.number(self.metric)[rows] - limit
        beyond = beyond if self.above else -beyond
        return relative(beyond, limit), beyond

    @cached_property
    def criterion(self) -> Criterion:
        return self.asked(Criterion("crosses_above" if self.above else "crosses_below"))


@dataclass(frozen=True, eq=False)
class BecomesMetric(SinceLast):
    """The value was not that of another metric when last known, and is now; or the reverse."""

    operand: Operand
    leaves: bool = False

    def judge(self, table: ScanColumns) -> Masks:
        now, then, limit, before, known = self.moved(table)
        is_it, was_it = now == limit, then == before
        met = was_it & ~is_it if self.leaves else is_it & ~was_it
        return Masks(met & known, known)

    @property
    def leading(self) -> Metric | None:
        return None

    @cached_property
    def criterion(self) -> Criterion:
        return self.asked(Criterion("leaves" if self.leaves else "becomes"))


@dataclass(frozen=True, eq=False)
class ChangeBy(AgainstMetrics, Change):
    """The value moved by at least what another metric says: of one in percent, so much of the
    baseline. Without a move above 0 to wait for, there is no data."""

    by: Operand | None = None

    @property
    def limits(self) -> tuple[Limit, ...]:
        return () if self.by is None else (self.by,)

    def judge(self, table: ScanColumns) -> Masks:
        move = self._move(table)
        amount = self.operands[0].now(table)
        with np.errstate(invalid="ignore"):
            asked = amount > 0
        least = amount * move.size if self.percent else amount
        met = move.moved >= least - move.slack
        if self.min_change is not None:
            met &= move.moved >= self.min_change - move.slack
        known = asked & (move.sized if self.percent and self.min_change is None else move.known)
        return Masks(met & known, known)

    def idle(self, table: ScanColumns, row: int) -> str:
        amount = self.operands[0]
        if not amount.now(table)[row] <= 0:
            return ""
        text = _("{metric} is not above 0, and by less than that nothing moves")
        return text.format(metric=amount.metric.name)

    def canonical(self) -> str:
        floor = "" if self.min_change is None else f" min_change {self.min_change!r}"
        # Not whether in percent: that is a matter of what stands in the column.
        said = f"{self.metric.canonical} {self.direction} {self.written()}"
        return f"{said} from {self.from_}{floor}"

    @cached_property
    def criterion(self) -> Criterion:
        return self.asked(super().criterion)


def limit_of(setting: Setting, metric: Metric, value: object) -> Limit:
    """A limit of ``metric``: a number, a metric's name, or a part of the metric beside it."""
    if metric.unit is Unit.FLAG:
        if OF in setting.options:
            raise WrongOption(OF, f'"of" is for amounts, and {metric.name} is a flag')
        return number(value, metric)
    return limit_read(setting, value, lambda one: number(one, metric))


def limit_read(setting: Setting, value: object, read: Callable[[object], float]) -> Limit:
    """A limit, of what ``read`` takes, a metric's name, or a part of the metric beside it."""
    if OF in setting.options:
        return Operand(_beside(setting), _part(value))
    try:
        return read(value)
    except ValueError as error:
        other = _named(setting, value)
        if other is None:
            raise Wrong(str(error), _code(value)) from None
        return Operand(other)


def is_operand(setting: Setting, value: object) -> bool:
    """Whether a metric's name stands there."""
    metrics = setting.metrics
    return isinstance(value, str) and metrics is not None and metrics.get(value.strip()) is not None


def _named(setting: Setting, value: object) -> Metric | None:
    """The metric of a name that is no number; None of what is no name."""
    if not isinstance(value, str) or setting.metrics is None:
        return None
    name = value.strip()
    found = setting.metrics.get(name)
    if found is not None or not _NAME.fullmatch(name):
        return found
    text = setting.metrics.attribute(name)
    if text is not None:
        file = f": no cell of it in {text.fact.table.file} is a number" if text.fact else ""
        raise Wrong(f"{name} is a text, and no number can be compared with it{file}")
    hint = setting.metrics.suggest(name, texts=False)
    if hint:
        what = f"{quoted(name)} is no number, and no metric{hint}"
        raise Wrong(what, ProblemCode.UNKNOWN_METRIC)
    return None


def _beside(setting: Setting) -> Metric:
    value = setting.options[OF]
    if not isinstance(value, str):
        raise WrongOption(OF, f'"of" takes the name of a metric, as target, not {kind(value)}')
    try:
        found = _named(setting, value)
    except Wrong as error:
        raise WrongOption(OF, f'"of": {error}', error.code) from None
    if found is None:
        raise WrongOption(OF, f'"of" takes the name of a metric, not {quoted(value)}', _code(value))
    return found


def _code(value: object) -> ProblemCode:
    """The kind of problem that a value is which is no number: a name may be that of a metric."""
    is_name = isinstance(value, str) and _NAME.fullmatch(value.strip()) is not None
    return ProblemCode.UNKNOWN_METRIC if is_name else ProblemCode.INVALID


def _part(value: object) -> float:
    """The part of it: 90%, or 0.9."""
    try:
        part = number(value)
    except ValueError:
        raise Wrong(
            f'beside "of" it takes a part of that, as 90% or 1.2, not {kind(value)}'
        ) from None
    if not part > 0:
        raise Wrong('beside "of" it takes a part of that, above 0, as 90%')
    return part


def _now(limit: Limit, table: ScanColumns) -> Floats | float:
    return limit.now(table) if isinstance(limit, Operand) else limit


def within(metric: Metric, low: Limit, high: Limit) -> Condition:
    """``between`` with a metric at one end, or at both."""
    _refuse_upside_down(metric, low, high)
    return BetweenMetrics(metric, low, high)


def _refuse_upside_down(metric: Metric, low: Limit, high: Limit) -> None:
    """Raise ``Wrong`` where of two parts of the same metric the larger comes first."""
    if isinstance(low, float) or isinstance(high, float) or low.metric != high.metric:
        return
    parts = [1.0 if each.factor is None else each.factor for each in (low, high)]
    if parts[0] > parts[1]:
        first, second = (value_of(part, "", Unit.FRACTION) for part in reversed(parts))
        raise Wrong(
            f"the range is upside down: write the smaller part first, as [{first}, {second}]"
        )


def refuse_fact(metric: Metric, what: str) -> None:
    """Raise ``Wrong`` where ``what`` asks for the past of a number of the user's own."""
    if metric.is_fact:
        raise Wrong(
            f"{what} asks for an earlier value, and {metric.name} is your own: what it was is not "
            "kept, it never moves"
        )
