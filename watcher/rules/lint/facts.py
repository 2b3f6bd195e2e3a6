"""Facts about a value before any product is read: its nature, and the watch's own filters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from math import inf
from typing import NamedTuple

from watcher.fields import BY_NAME, COMMISSION, FIELDS
from watcher.rules.groups import LEAST_PRODUCTS
from watcher.rules.metrics import RANK, FigureKind, Metric
from watcher.source.endpoint import Use
from watcher.source.query import Query, RelativeDay, Value
from watcher.text.evidence import value_of
from watcher.units import AMOUNTS, DAY, Unit


class Span(NamedTuple):
    """From ``low`` to ``high``; an end that is ``open`` is not in it. Infinity may be in it: it
    is the rank of who is not on the list."""

    low: float
    high: float
    low_open: bool = False
    high_open: bool = False

    @property
    def empty(self) -> bool:
        if self.low == self.high:
            return self.low_open or self.high_open
        return self.low > self.high

    def meet(self, other: Span) -> Span:
        low, low_open = max((self.low, self.low_open), (other.low, other.low_open))
        high, closed = min((self.high, not self.high_open), (other.high, not other.high_open))
        return Span(low, high, low_open, not closed)


@dataclass(frozen=True, slots=True)
class Numbers:
    """A set of numbers: spans in rising order that don't touch."""

    spans: tuple[Span, ...]

    @property
    def empty(self) -> bool:
        return not self.spans

    @property
    def low(self) -> float:
        """No number in it is smaller; of an empty set infinity."""
        return self.spans[0].low if self.spans else inf

    @property
    def high(self) -> float:
        """No number in it is larger; of an empty set minus infinity."""
        return self.spans[-1].high if self.spans else -inf

    def __and__(self, other: Numbers) -> Numbers:
        met = (one.meet(two) for one in self.spans for two in other.spans)
        return Numbers(tuple(sorted(span for span in met if not span.empty)))

    def __invert__(self) -> Numbers:
        rest, low, low_open = [], -inf, False
        for span in self.spans:
            rest.append(Span(low, span.low, low_open, not span.low_open))
            low, low_open = span.high, not span.high_open
        rest.append(Span(low, inf, low_open))
        return Numbers(tuple(span for span in rest if not span.empty))


EVERY = Numbers((Span(-inf, inf),))
FINITE = Numbers((Span(-inf, inf, low_open=True, high_open=True),))


def between(low: float, high: float) -> Numbers:
    """From ``low`` to ``high``, ends included."""
    span = Span(low, high)
    return Numbers(() if span.empty else (span,))


def these(values: Iterable[float]) -> Numbers:
    """Some numbers, and no others."""
    return Numbers(tuple(Span(value, value) for value in sorted(set(values))))


def compared(operator: str, limit: float) -> Numbers:
    """The numbers of which the comparison is so; infinity is neither ``above`` nor ``at_least``."""
    if operator in ("equals", "not_equals"):
        return these([limit]) if operator == "equals" else ~these([limit])
    is_open = operator in ("above", "below")
    if operator in ("above", "at_least"):
        return Numbers((Span(limit, inf, is_open, high_open=True),))
    return Numbers((Span(-inf, limit, low_open=True, high_open=is_open),))


# Counted in standard errors, and what is a share or a number of times in their place.
SCORES = {"sales_surge": "sales_surge_ratio", "sales_growth_z": "sales_growth"}
# Those that count all time only grow.
TOTALS = frozenset(
    field.name
    for field in FIELDS
    if (field.family and field.window is None) or field.name == "total_ifl_cnt"
)


@dataclass(frozen=True, slots=True)
class Fact:
    """A range that a value must be in; ``said`` is why, to go on after a condition."""

    numbers: Numbers
    said: str


def _natural(name: str) -> Fact:
    return Fact(compared("at_least", 0), f"{name} is never below 0")


_OF_METRICS = {"product_rating": Fact(between(0, 5), "ratings are 5 stars at most")}


def facts(metric: Metric, query: Query, *, top: bool = False) -> list[Fact]:
    """The bounds of ``metric`` on the list of ``query``; with ``top`` it has a rank off it, too."""
    if metric.figure is not None:
        return _of_figure(metric, query)
    nature = _nature(metric, query.top if query.ranked else 0, outside=top)
    found = [nature] if nature is not None else []
    for name, value in query.filters:
        parameter = query.endpoint.by_name[name]
        numbers = _filtered(metric, parameter.field, parameter.use, value)
        if numbers is not None:
            found.append(
                Fact(numbers, f"the watch lists {query.describe_filter(name, value)} only")
            )
    return found


def text_of(attribute: str, query: Query) -> tuple[str, str] | None:
    """The one text that ``attribute`` has on that list, and the filter that says so."""
    if attribute == "region":  # of a shop and of products of one's own each row says it
        return (query.region, f"region {query.region}") if query.of_market else None
    value = dict(query.filters).get(attribute)
    return None if value is None else (str(value), f"{attribute} {value}")


def _of_figure(metric: Metric, query: Query) -> list[Fact]:
    """The bounds of a figure of a group's products, on that list."""
    figure, name, depth = metric.figure, metric.name, query.depth
    if figure is None:
        return []
    match figure.kind:
        case FigureKind.SIZE:
            fewest = f"a group has {LEAST_PRODUCTS} products or more"
            return [
                Fact(between(LEAST_PRODUCTS, depth), f"{fewest}, and the watch reads {depth:,}")
            ]
        case FigureKind.COUNT | FigureKind.DISTINCT:
            return [Fact(between(0, depth), f"{name} counts products: the watch reads {depth:,}")]
        case FigureKind.SHARE | FigureKind.TOP_SHARE:
            return [Fact(between(0, 1), f"{name} is a fraction, 100% at most")]
        case FigureKind.SUM:
            return [_natural(name)] if metric.low >= 0 or _counts(metric) else []
        case _:
            return [] if figure.metric is None else facts(figure.metric, query)


def _nature(metric: Metric, top: int, *, outside: bool) -> Fact | None:
    if metric.definition or metric.facts:  # the user's own may be anything
        return None
    if metric.name == RANK:
        ranks = [Span(1, top), *([Span(inf, inf)] if outside else [])]
        return Fact(Numbers(tuple(ranks)), f"the ranks of this watch are 1 to {top:,}")
    return _OF_METRICS.get(metric.name) or _of_row(metric) or _of_unit(metric)


def _of_row(metric: Metric) -> Fact | None:
    """Its own bounds, where it has some."""
    name, low, high = metric.name, metric.low, metric.high
    if metric.is_share:
        return Fact(between(0, 1), f"{name} is a fraction, 100% at most")
    if low == -inf and high == inf:
        return None
    least, most = (value_of(one, name, metric.unit) for one in (low, high))
    never = [f"below {least}"] * (low > -inf) + [f"above {most}"] * (high < inf)
    numbers = compared("at_least", low) & compared("at_most", high)
    return Fact(numbers, f"{name} is never {' or '.join(never)}")


def _of_unit(metric: Metric) -> Fact | None:
    if metric.unit is Unit.FLAG:
        values = dict(metric.names).values() or (0, 1)
        return Fact(these(values), f"{metric.name} has no such value")
    return _natural(metric.name) if _counts(metric) else None


def _counts(metric: Metric) -> bool:
    """Whether it counts what can't be less than nothing."""
    return metric.unit in (Unit.COUNT, *AMOUNTS, Unit.DAYS)


def _filtered(metric: Metric, field: str, use: Use, value: Value) -> Numbers | None:
    if isinstance(value, RelativeDay):
        is_age = (field, metric.name) == ("first_crawl_dt", "age_days")
        return _age(use, value.seconds / DAY) if is_age else None
    # A rate's filter may count in percent where the answer counts in fractions: it proves nothing.
    proves = metric.name == field and field != COMMISSION
    if not proves or not isinstance(value, int | float):
        return None
    operator = {Use.MINIMUM: "at_least", Use.MAXIMUM: "at_most"}.get(use, "equals")
    return compared(operator, value)


def _age(use: Use, days: float) -> Numbers:
    # A list that is read around midnight may be off by a day.
    if use is Use.MINIMUM:
        return compared("at_most", days + 1)
    return compared("at_least", max(0, days - 1))


@cache
def windows(name: str) -> tuple[str, ...]:
    """The counters of one family from the shortest window to all time; () for other metrics."""
    field = BY_NAME.get(name)
    if field is None or not field.family:
        return ()
    family = [each for each in FIELDS if each.family == field.family]
    return tuple(each.name for each in sorted(family, key=lambda each: each.window or 10**6))
