"""Figures of many products: one number for each group of them, all groups in one pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, cast

import numpy as np

from watcher.fields import IDS
from watcher.model import Bools, Floats, Ints
from watcher.rules.conditions.base import ScanColumns, judged, remembered, texts_of
from watcher.rules.conditions.grouping import UNKNOWN, coded
from watcher.rules.metrics import Attribute, Figure, FigureKind, Metric

# Of values (m,) and the groups (m,) that they are of, each group's number (n,); NaN of none.
OfValues: TypeAlias = Callable[[Floats, Ints, int], Floats]


def aggregate(figure: Figure, table: ScanColumns, groups: Ints, count: int) -> Floats:
    """(count,) the figure of each group; ``groups`` (n,) has that of each product of the table, -1
    is none. A group of which nothing is known has no value."""
    match figure.kind:
        case FigureKind.SIZE:
            return _counts(groups[groups >= 0], count)
        case FigureKind.COUNT | FigureKind.SHARE:
            return _of_met(figure, table, groups, count)
        case FigureKind.DISTINCT:
            return _distinct(figure, table, groups, count)
        case FigureKind.TOP_SHARE:
            return _top_share(figure, table, groups, count)
        case kind:
            values = valued(figure, table)
            kept = ~np.isnan(values) & (groups >= 0)
            return OF_VALUES[kind](values[kept], groups[kept], count)


def valued(figure: Figure, table: ScanColumns) -> Floats:
    """(n,) the values that a figure of a metric is made of; NaN of products that don't count."""
    values = table.number(cast("Metric", figure.metric))
    if figure.where is None:
        return values
    key = ("valued", figure.canonical)
    return remembered(table, key, lambda: np.where(counted(figure, table), values, np.nan))


def counted(figure: Figure, table: ScanColumns) -> Bools:
    """(n,) the products that meet the figure's condition: all, where it has none."""
    if figure.where is None:
        return np.ones(table.size, np.bool_)
    return judged(table, figure.where).met


def _counts(groups: Ints, count: int) -> Floats:
    return np.bincount(groups, minlength=count).astype(np.float64)


def _where(above: Floats, of: Floats) -> Floats:
    """A number for each group; none of a group of nothing."""
    return np.where(of > 0, above, np.nan)


def _of_met(figure: Figure, table: ScanColumns, groups: Ints, count: int) -> Floats:
    if figure.where is None:  # of all: how many there are, and all of them
        size = _counts(groups[groups >= 0], count)
        return _where(size if figure.kind is FigureKind.COUNT else np.ones(count), size)
    met, known = judged(table, figure.where)
    here = groups >= 0
    number, of = (_counts(groups[mask & here], count) for mask in (met, known))
    with np.errstate(invalid="ignore", divide="ignore"):
        return _where(number if figure.kind is FigureKind.COUNT else number / of, of)


def _codes(figure: Figure, table: ScanColumns) -> Ints:
    attribute = cast("Attribute", figure.attribute)
    return coded(texts_of(table, attribute), UNKNOWN if attribute.name in IDS else ())


def _pairs(figure: Figure, table: ScanColumns, kept: Bools, groups: Ints) -> tuple[Ints, Ints]:
    """Each group with each of its values of the figure's attribute, once, by the group; and (m,)
    the place of each product's among them."""
    codes = _codes(figure, table)[kept]
    several = int(codes.max(initial=0)) + 1
    pairs, places = np.unique(groups[kept] * several + codes, return_inverse=True)
    return pairs // several, places


def _known(figure: Figure, table: ScanColumns, groups: Ints) -> Bools:
    return (groups >= 0) & (_codes(figure, table) >= 0) & counted(figure, table)


def _distinct(figure: Figure, table: ScanColumns, groups: Ints, count: int) -> Floats:
    found, _ = _pairs(figure, table, _known(figure, table, groups), groups)
    number = _counts(found, count)
    return _where(number, number)


def _top_share(figure: Figure, table: ScanColumns, groups: Ints, count: int) -> Floats:
    values = valued(figure, table)
    kept = _known(figure, table, groups) & ~np.isnan(values)
    of, places = _pairs(figure, table, kept, groups)
    sums = np.bincount(places, weights=values[kept], minlength=len(of))
    order = np.lexsort((-sums, of))
    nth = np.arange(len(of)) - np.searchsorted(of, of)  # pairs stand by their group
    first = order[nth < figure.first]
    top = np.bincount(of[first], weights=sums[first], minlength=count)
    whole = np.bincount(of, weights=sums, minlength=count)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(whole > 0, top / whole, np.nan)


def _sum(values: Floats, groups: Ints, count: int) -> Floats:
    sums = np.bincount(groups, weights=values, minlength=count).astype(np.float64)
    return _where(sums, _counts(groups, count))


def _mean(values: Floats, groups: Ints, count: int) -> Floats:
    number = _counts(groups, count)
    sums = np.bincount(groups, weights=values, minlength=count)
    return _where(sums / np.maximum(number, 1), number)


def _ranked(place: Callable[[Ints, Ints], tuple[Ints, Ints]]) -> OfValues:
    """The value at a place of the sorted ones of each group, or between two of them; ``place`` says
    which, of the first and the last one's."""

    def of(values: Floats, groups: Ints, count: int) -> Floats:
        found = np.full(count, np.nan)
        if len(values):
            ordered = values[np.lexsort((values, groups))]
            sizes = np.bincount(groups, minlength=count)
            there = np.flatnonzero(sizes)
            ends = np.cumsum(sizes)[there]
            low, high = place(ends - sizes[there], ends - 1)
            found[there] = (ordered[low] + ordered[high]) / 2
        return found

    return of


OF_VALUES: dict[FigureKind, OfValues] = {
    FigureKind.SUM: _sum,
    FigureKind.MEAN: _mean,
    FigureKind.MEDIAN: _ranked(lambda first, last: ((first + last) // 2, (first + last + 1) // 2)),
    FigureKind.MIN: _ranked(lambda first, _last: (first, first)),
    FigureKind.MAX: _ranked(lambda _first, last: (last, last)),
}
