"""Order of a rule's products, the strongest first: by ``order_by:``, or by ``when``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from watcher.labels import label_said
from watcher.language import gettext as _
from watcher.model import Floats, Ints
from watcher.rules.conditions.base import (
    Ago,
    Condition,
    Last,
    Need,
    ScanColumns,
    Statistic,
    Strength,
    by_size,
)
from watcher.rules.conditions.change import relative
from watcher.rules.conditions.operands import refuse_fact
from watcher.rules.conditions.pasts import no_past
from watcher.rules.conditions.transition import Appears
from watcher.rules.metrics import RANK, Catalogue, Metric, unknown_metric
from watcher.text.evidence import baseline_said
from watcher.units import Unit
from watcher.words import Wrong, nearest, quoted

_CHANGE = "change"
_ANY = Appears()  # a condition that names no metric
_DIRECTIONS = ("asc", "desc")


@dataclass(frozen=True, slots=True)
class ByCondition:
    """An order by how far a product went beyond ``when``, in the direction of its first metric; of
    what all meet alike (texts, equal values), by ``metrics``: the first named, the week's sales."""

    when: Condition
    metrics: tuple[Metric, ...]

    @property
    def needs(self) -> tuple[Need, ...]:
        return ()

    def keys(self, table: ScanColumns, rows: Ints) -> Strength:
        sizes = (by_size(table, metric, rows) for metric in self.metrics)
        return (*self.when.strength(table, rows), *sizes)

    def __str__(self) -> str:
        leading = self.when.leading
        if leading is not None:
            text = _("{metric}, furthest beyond its condition first")
            return text.format(metric=label_said(leading.name, leading.label))
        first = self.metrics[0]
        low = first.unit is Unit.PLACE
        text = _("{metric}, lowest first") if low else _("{metric}, highest first")
        return text.format(metric=label_said(first.name, first.label))


@dataclass(frozen=True, slots=True)
class ByMetric:
    """A metric, or its relative ``change`` from a baseline (of places, how many); of equals the
    week's sales, or a group's size."""

    metric: Metric
    tie: Metric
    descending: bool
    change: Last | Ago | Statistic | None = None

    @property
    def needs(self) -> tuple[Need, ...]:
        return () if self.change is None else (Need(self.metric, self.change),)

    @property
    def metrics(self) -> tuple[Metric, ...]:
        return (self.metric, self.tie)

    def keys(self, table: ScanColumns, rows: Ints) -> Strength:
        sign = 1 if self.descending else -1
        own = (sign * key for key in self._own(table, rows))
        return (*own, by_size(table, self.tie, rows))

    def _own(self, table: ScanColumns, rows: Ints) -> Strength:
        if not self.needs:
            return (table.number(self.metric)[rows],)
        now, then = (each[rows] for each in _now_and_then(table, self.needs[0]))
        moved = now - then
        return (moved,) if self.metric.unit is Unit.PLACE else (relative(moved, then), moved)

    def __str__(self) -> str:
        metric = label_said(self.metric.name, self.metric.label)
        if self.change is None:
            text = _("{metric}, highest first") if self.descending else _("{metric}, lowest first")
            return text.format(metric=metric)
        text = _("change of {metric} from {baseline}, lowest first")
        if self.descending:
            text = _("change of {metric} from {baseline}, highest first")
        return text.format(metric=metric, baseline=_said(self.change))


def _said(change: Last | Ago | Statistic) -> str:
    match change:
        case Last():
            return baseline_said("last", 0)
        case Ago():
            return baseline_said("ago", change.seconds)
        case Statistic():
            return baseline_said(change.kind, change.seconds)


def _now_and_then(table: ScanColumns, need: Need) -> tuple[Floats, Floats]:
    return table.comparable(need), table.baseline(need)[0]


Order: TypeAlias = ByCondition | ByMetric


def order_of(
    text: str | None, when: Condition | None, catalogue: Catalogue, *, ranked: bool,
    unsorted: str = "",
) -> Order:  # fmt: skip
    """The order of a rule: as it is written, ``METRIC [change] [asc|desc]``, or by ``when``. A
    change is from the baseline that ``when`` compares the metric with, or else from the last
    observation. Without ranks there are none to order by; of several watches ``unsorted`` names
    those that have none. A ``when`` that is None was reported: what is wrong with the order is told
    all the same."""
    when = when or _ANY
    if text is None:
        return _by_condition(when, catalogue)
    name, *words = text.split() or [""]
    metric = _metric(name, catalogue)
    if RANK in metric.needs and not ranked:
        which = f", which {unsorted} has not" if unsorted else ""
        raise Wrong(f"{name} needs a watch with a sort{which}")
    rest = text.casefold().split()[1:]
    change = rest[:1] == [_CHANGE]
    if change:
        refuse_fact(metric, _CHANGE)
    direction = rest[1:] if change else rest
    if direction not in ([], ["asc"], ["desc"]):
        raise Wrong(_no_order(name, words))
    # Of places the first is the strongest, and to climb is to fall as a number.
    descending = direction == ["desc"] if direction else metric.unit is not Unit.PLACE
    baseline = _baseline(when, metric) if change else None
    if baseline is not None and (unknown := no_past(Need(metric, baseline))):
        raise Wrong(unknown)
    return ByMetric(metric, catalogue.tie, descending, baseline)


def _by_condition(when: Condition, catalogue: Catalogue) -> ByCondition:
    named = [metric for metric in when.metrics if metric.unit is not Unit.FLAG][:1]
    return ByCondition(when, tuple(dict.fromkeys([*named, catalogue.tie])))


def _metric(name: str, catalogue: Catalogue) -> Metric:
    metric = catalogue.get(name)
    if metric is None:
        raise unknown_metric(name, catalogue.suggest(name, texts=False))
    return metric


def _baseline(when: Condition, metric: Metric) -> Last | Ago | Statistic:
    past = (need.from_ for need in when.needs if need.metric == metric)
    return next((one for one in past if isinstance(one, Last | Ago | Statistic)), Last())


def _no_order(name: str, words: list[str]) -> str:
    known = (_CHANGE, *_DIRECTIONS)
    odd = next((word for word in words if word.casefold() not in known), None)
    hint = nearest(odd, known, 1) if odd is not None else ""
    what = quoted(" ".join([name, *words]) if odd is None else odd)
    return f"{what} is no order{hint or f': write {name}, {name} desc or {name} change asc'}"
