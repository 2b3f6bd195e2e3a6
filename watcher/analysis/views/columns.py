"""Columns of a list: each metric of the catalogue, its change, each text, and the alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from watcher.rules.conditions.base import From, Need
from watcher.rules.conditions.pasts import no_past
from watcher.rules.metrics import RANK, Attribute, Catalogue, Metric
from watcher.rules.rulebook import Watch
from watcher.rules.sections.filters import baseline_of
from watcher.units import Unit

# What is no metric or text has a dot in its name, which a user's own has not.
ALERTS = "alerts.firing"
CHANGE = ".change"  # after the metric's name
NAME = "product_name"
_AT_HEAD = (NAME, "product_id")  # of each row
DEFAULT = (
    RANK, RANK + CHANGE, "spu_avg_price",
    "total_sale_7d_cnt", f"total_sale_7d_cnt{CHANGE}",
    "total_sale_gmv_7d_amt", f"total_sale_gmv_7d_amt{CHANGE}",
    "sales_growth", "creators_7d", "commission", "sales_trend_flag", ALERTS,
)  # fmt: skip


class ColumnKind(StrEnum):
    """The kinds of values that a column has: numbers, their moves since the baseline (places,
    points or a number, or else a fraction), texts, or how many alerts fire on a product."""

    NUMBER = "number"
    PLACES = "places"
    MOVED = "moved"
    SHARE = "share"
    TEXT = "text"
    ALERTS = "alerts"


@dataclass(frozen=True, slots=True)
class ListColumn:
    """A column by the ``name`` that it has in addresses; it is of a metric or of a text, or of
    neither: the alerts. ``label`` is that in English."""

    name: str
    label: str
    kind: ColumnKind
    metric: Metric | None = None
    attribute: Attribute | None = None
    need: Need | None = None

    @property
    def is_text(self) -> bool:
        return self.kind is ColumnKind.TEXT

    @property
    def is_flag(self) -> bool:
        """Whether its values are names."""
        return self.metric is not None and self.metric.unit is Unit.FLAG

    @property
    def is_change(self) -> bool:
        return self.need is not None

    @property
    def rises_first(self) -> bool:
        """Whether the lowest is looked for first: places, and texts from A on."""
        return self.is_text or (self.kind is ColumnKind.NUMBER and self.name == RANK)


class ListColumns:
    """All columns that a watch's list may have, by name."""

    def __init__(self, catalogue: Catalogue, watch: Watch) -> None:
        self.baseline: From = baseline_of(watch)
        self._ranked = watch.query.ranked
        self._own = {metric.name for metric in catalogue.own}
        self._found: dict[str, ListColumn] = {}
        for metric in catalogue.metrics():
            if self._ranked or RANK not in metric.needs:
                self._add_metric(metric)
        for attribute in catalogue.attributes():
            name, label = attribute.name, attribute.label
            self._found[name] = ListColumn(name, label, ColumnKind.TEXT, attribute=attribute)
        self._found[ALERTS] = ListColumn(ALERTS, "alerts", ColumnKind.ALERTS)

    def _add_metric(self, metric: Metric) -> None:
        name, label = metric.name, metric.label
        self._found[name] = ListColumn(name, label, ColumnKind.NUMBER, metric)
        need, kind = Need(metric, self.baseline), _move_of(metric)
        if kind is not None and not no_past(need):
            self._found[name + CHANGE] = ListColumn(name + CHANGE, label, kind, metric, need=need)

    def get(self, name: str) -> ListColumn | None:
        return self._found.get(name)

    def __getitem__(self, name: str) -> ListColumn:
        return self._found[name]

    @cached_property
    def default(self) -> tuple[ListColumn, ...]:
        """The columns that are shown where nobody chose others."""
        return tuple(self._found[name] for name in DEFAULT if name in self._found)

    @cached_property
    def offered(self) -> Mapping[str, Sequence[ListColumn]]:
        """Columns to choose from: the usual ones first, then the user's own, then the others."""
        default = {column.name: column for column in self.default}
        rest = [each for each in self._found.values() if each.name not in default]
        own = [each for each in rest if _base(each) in self._own or _is_fact(each)]
        plain = [each for each in rest if each not in own]
        return {
            "usual": [*default.values()],
            "own": own,
            "numbers": [each for each in plain if each.kind is ColumnKind.NUMBER],
            "changes": [each for each in plain if each.is_change],
            "texts": [each for each in plain if each.is_text and each.name not in _AT_HEAD],
        }


def _move_of(metric: Metric) -> ColumnKind | None:
    """The kind of the metric's moves; None of what never moves, or only with the days."""
    if metric.is_fact or metric.unit in (Unit.FLAG, Unit.DAY, Unit.DAYS):
        return None
    if metric.unit is Unit.PLACE:
        return ColumnKind.PLACES
    own = bool(metric.definition)  # which may be of any size
    return (
        ColumnKind.MOVED
        if metric.unit in (Unit.FRACTION, Unit.SCORE) and not own
        else ColumnKind.SHARE
    )


def _base(column: ListColumn) -> str:
    return column.metric.name if column.metric is not None else column.name


def _is_fact(column: ListColumn) -> bool:
    if column.attribute is not None:
        return column.attribute.fact is not None
    return column.metric is not None and bool(column.metric.facts)
