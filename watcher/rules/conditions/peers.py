"""A value among those of its peers: the products of the list that have something in common."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from watcher.evidence import Criterion, Evidence, Peers
from watcher.model import Bools, Floats, Ints
from watcher.rules.conditions.base import (
    Condition,
    Masks,
    MetricCondition,
    ScanColumns,
    Strength,
    remembered,
)
from watcher.rules.conditions.change import of_option
from watcher.rules.conditions.grouping import AMONG, Grouping, grouping_of
from watcher.rules.conditions.values import Setting, is_percent, number
from watcher.rules.metrics import Attribute, Metric
from watcher.units import Unit, format_percent
from watcher.words import Wrong, kind

LEAST = 20  # peers with a value: among fewer nothing is said
# A list has a million products at most: half the memory does for their places.
Small: TypeAlias = NDArray[np.int32]
Wholes: TypeAlias = NDArray[np.integer[Any]]
_SLACK = 1e-9  # 7% of 100 is 7.000000000000001 to a computer


class Standing(NamedTuple):
    """The place of each product (n,): how many of its peers have as high a value, or a higher one,
    itself included; how many as low a one, or a lower; and its group, -1 where it has no value or
    none. Of each group (g,) how many there are, and their median's value; the last is nobody's."""

    high: Small
    low: Small
    group: Small
    sizes: Small
    medians: Floats

    @property
    def size(self) -> Small:
        """(n,) how many peers each product has; 0 of one without a value or a group."""
        found: Small = self.sizes[self.group]
        return found

    def of(self, rows: Ints) -> Standing:
        """The places of some rows; -1 is a product that is none of these."""
        if not len(self.group):
            return standings(np.full(len(rows), np.nan), rows)
        group = np.where(rows < 0, np.int32(-1), self.group[rows])
        return Standing(self.high[rows], self.low[rows], group, self.sizes, self.medians)


def standings(values: Floats, groups: Wholes) -> Standing:
    """Find where each value stands in its group, by one sort; a group below 0 is none."""
    known = np.flatnonzero(~np.isnan(values) & (groups >= 0))
    high, low = np.zeros((2, len(values)), np.int32)
    own = np.full(len(values), -1, np.int32)
    if not len(known):
        return Standing(high, low, own, np.zeros(1, np.int32), np.array([np.nan]))
    order = known[np.lexsort((values[known], groups[known]))]
    inner, worth = groups[order], values[order]
    other = inner[1:] != inner[:-1]
    of_group, begin, end = _runs(other)
    of_value, first, last = _runs(other | (worth[1:] != worth[:-1]))
    own[order] = of_group
    low[order] = last[of_value] - begin[of_group]
    high[order] = end[of_group] - first[of_value]
    medians = (worth[(begin + end - 1) // 2] + worth[(begin + end) // 2]) / 2
    return Standing(high, low, own, np.append(end - begin, np.int32(0)), np.append(medians, np.nan))


def _runs(breaks: Bools) -> tuple[Small, Small, Small]:
    """Runs between breaks: of each place the number of its run, and where each begins and ends."""
    begin = np.concatenate([[0], np.flatnonzero(breaks) + 1]).astype(np.int32)
    end = np.append(begin[1:], np.int32(len(breaks) + 1))
    number = np.zeros(len(breaks) + 1, np.int32)
    np.cumsum(breaks, out=number[1:])
    return number, begin, end


@dataclass(frozen=True, eq=False)
class AmongPeers(MetricCondition):
    """The value is within the highest ``share`` (if ``lowest``, the lowest) of the listed products
    of its group, itself included: no more than so many of them have as high a value."""

    share: float
    lowest: bool
    grouping: Grouping

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        return self.grouping.attributes

    def standing(self, table: ScanColumns) -> Standing:
        """The place of each product among all that the list has, also where only some are asked
        about: one sort for all rules that ask for this metric and grouping."""
        everyone, rows = table.everyone()
        key = ("standing", self.metric.name, self.grouping.name)
        found = remembered(everyone, key, lambda: self._sorted(everyone))
        if everyone is table:
            return found
        return remembered(table, ("own", *key), lambda: found.of(rows))

    def _sorted(self, table: ScanColumns) -> Standing:
        return standings(table.number(self.metric), self.grouping.codes(table))

    def _place(self, found: Standing) -> Small:
        """(n,) the place of each product, from the end that is asked about."""
        return found.low if self.lowest else found.high

    def judge(self, table: ScanColumns) -> Masks:
        found = self.standing(table)
        within = np.append(found.sizes[:-1] * (self.share + _SLACK), 0.0)
        known: Bools = (found.sizes >= LEAST)[found.group]
        return Masks((self._place(found) <= within[found.group]) & known, known)

    @property
    def leading(self) -> Metric | None:
        return self.metric

    def strength(self, table: ScanColumns, rows: Ints) -> Strength:
        """The place among the peers; of equal ones the value."""
        found, values = self.standing(table), table.number(self.metric)[rows]
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = self._place(found)[rows] / found.sizes[found.group[rows]]
        return -shares, -values if self.lowest else values

    def evidence(self, table: ScanColumns, row: int) -> tuple[Evidence, ...]:
        (plain,) = super().evidence(table, row)
        found = self.standing(table)
        group, size = found.group[row], self.count(table, row)
        if size < LEAST:
            return (plain,)
        share = float(self._place(found)[row] / size)
        peers = Peers(share, size, float(found.medians[group]))
        return (replace(plain, peers=peers),)

    def count(self, table: ScanColumns, row: int) -> int:
        """Count the listed products of its group that have a value, itself included."""
        found = self.standing(table)
        return int(found.sizes[found.group[row]])

    def canonical(self) -> str:
        asked = f"{self.criterion.operator} {self.share!r} among {self.grouping.canonical}"
        return f"{self.metric.canonical} {asked}"

    @cached_property
    def criterion(self) -> Criterion:
        operator = "lowest" if self.lowest else "highest"
        return Criterion(operator, (self.share,), percent=True, among=self.grouping.name)


def asks_of_peers(setting: Setting) -> bool:
    """Whether a part of the peers is meant, not a time."""
    return AMONG in setting.options or is_percent(setting.value)


def among_peers(operator: str, metric: Metric, setting: Setting) -> Condition:
    """``highest: 5%`` or ``lowest: 5%``, with ``among`` beside it."""
    if metric.unit in (Unit.FLAG, Unit.DAY):
        raise Wrong(f"is for amounts: no {metric.name} is lower than another")
    share = _share(operator, setting.value)
    if AMONG not in setting.options:
        raise Wrong(
            f"{format_percent(share)} of which products? Write beside it among: category_l3_id, "
            f"or among: watch for all of the list; for a record write a time, as {operator}: 60d"
        )
    grouping = of_option(AMONG, lambda: grouping_of(setting.options[AMONG], setting.metrics))
    return AmongPeers(metric, share, operator == "lowest", grouping)


def _share(operator: str, value: object) -> float:
    try:
        share = number(value)
    except ValueError:
        raise Wrong(
            f'beside "among" it takes a part of the peers, as {operator}: 5%, not {kind(value)}; '
            'a record of a time stands without "among"'
        ) from None
    if not 0 < share < 1:
        raise Wrong(f"takes a part of the peers between 0% and 100%, as {operator}: 5%")
    return share
