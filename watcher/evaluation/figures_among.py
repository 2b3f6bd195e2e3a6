"""A number of many products as a metric of each of them: the lowest price of its set, now and, of
the products that the watch listed at both times, then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, cast

import numpy as np

from watcher.model import Bools, Floats, Ints
from watcher.rules.conditions.aggregates import OF_VALUES, aggregate, counted, valued
from watcher.rules.conditions.base import Need, ScanColumns
from watcher.rules.conditions.grouping import Grouping
from watcher.rules.groups import LEAST_COMPARED
from watcher.rules.metrics import COMPARED, Figure, Metric


class KnownColumns(ScanColumns, Protocol):
    """A scan's columns, whose baselines are there also where conditions wait."""

    def before(self, need: Need) -> tuple[Floats, Ints]: ...


def declared(needs: Iterable[Need]) -> Iterator[Need]:
    """Yield what is to be read for these needs: of a figure that of the products in it."""
    for need in needs:
        figure = need.metric.figure
        yield need if figure is None else Need(cast("Metric", figure.metric), need.from_)


class FiguresAmong:
    """Figures of one scan, whose products are put into groups once for all of them."""

    def __init__(self) -> None:
        self._groups: dict[str, Ints] = {}

    def now(self, table: ScanColumns, figure: Figure) -> Floats:
        """(n,) the figure of the group that each product is of."""
        groups = self._of(table, figure)
        return _spread(aggregate(figure, table, groups, _count(groups)), groups)

    def then(self, table: KnownColumns, need: Need) -> tuple[Floats, Ints]:
        """(n,) the figure of those products that have a value then, as it was; and when the newest
        of these values was observed (0: none)."""
        figure = cast("Figure", need.metric.figure)
        groups, (values, at) = self._of(table, figure), _then(table, need)
        kept, count = self._both(table, need), _count(groups)
        newest = np.zeros(count + 1, np.int64)  # the last is nobody's
        np.maximum.at(newest, groups[kept], at[kept])
        found = self._taken(figure, values, groups, kept)
        if figure.kind in COMPARED and not need.level:
            found[np.bincount(groups[kept], minlength=count) < LEAST_COMPARED] = np.nan
        return _spread(found, groups), newest[groups]

    def comparable(self, table: KnownColumns, need: Need) -> Floats:
        """(n,) the figure of the same products, as it is now."""
        figure = cast("Figure", need.metric.figure)
        groups, values = self._of(table, figure), valued(figure, table)
        return _spread(self._taken(figure, values, groups, self._both(table, need)), groups)

    def _taken(self, figure: Figure, values: Floats, groups: Ints, kept: Bools) -> Floats:
        return OF_VALUES[figure.kind](values[kept], groups[kept], _count(groups))

    def _both(self, table: KnownColumns, need: Need) -> Bools:
        """(n,) the products that count, and have a value at both times."""
        figure = cast("Figure", need.metric.figure)
        missing = np.isnan(_then(table, need)[0]) | np.isnan(valued(figure, table))
        both: Bools = ~missing & (self._of(table, figure) >= 0) & counted(figure, table)
        return both

    def _of(self, table: ScanColumns, figure: Figure) -> Ints:
        among = cast("Grouping", figure.among)
        groups = self._groups.get(among.name)
        if groups is None:
            groups = np.where(table.fallen(), -1, among.codes(table))
            self._groups[among.name] = groups
        return groups


def _then(table: KnownColumns, need: Need) -> tuple[Floats, Ints]:
    (inner,) = declared([need])
    return table.before(inner)


def _count(groups: Ints) -> int:
    return int(groups.max(initial=-1)) + 1


def _spread(figures: Floats, groups: Ints) -> Floats:
    """Each group's figure for each product of it."""
    if not len(figures):
        return np.full(len(groups), np.nan)
    return np.where(groups >= 0, figures[groups], np.nan)
