"""A value among those of its peers: the products of the list that have something in common."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from watcher.evidence import Criterion, Evidence, Peers
from watcher.model import Floats, Ints
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
_SLACK = 1e-9  # 7% of 100 is 7.000000000000001 to a computer


class Standing(NamedTuple):
    """The place of each product (n,): how many of its peers have as high a value, or a higher one,
    itself included; how many as low a one, or a lower; how many there are, and the value of their
    median. A product without a value or a group has no peers: ``size`` 0."""

    high: Ints
    low: Ints
    size: Ints
    median: Floats

    def of(self, rows: Ints) -> Standing:
        """The places of some rows; -1 is a product that is none of these."""
        if not len(self.size):
            return standings(np.full(len(rows), np.nan), rows)
        size = np.where(rows < 0, 0, self.size[rows])
        return Standing(self.high[rows], self.low[rows], size, self.median[rows])


def standings(values: Floats, groups: Ints) -> Standing:
    """The place of each value in its group, by one sort; a group below 0 is none."""
    size = len(values)
    high, low, sizes = np.zeros((3, size), np.int64)
    medians = np.full(size, np.nan)
    known = np.flatnonzero(~np.isnan(values) & (groups >= 0))
    if not len(known):
        return Standing(high, low, sizes, medians)
    order = known[np.lexsort((values[known], groups[known]))]
    inner, worth = groups[order], values[order]
    of_group, begin, end = _runs(inner[1:] != inner[:-1])
    of_value, first, last = _runs((inner[1:] != inner[:-1]) | (worth[1:] != worth[:-1]))
    low[order] = last[of_value] - begin[of_group]
    high[order] = end[of_group] - first[of_value]
    sizes[order] = (end - begin)[of_group]
    middle = (worth[(begin + end - 1) // 2] + worth[(begin + end) // 2]) / 2
    medians[order] = middle[of_group]
    return Standing(high, low, sizes, medians)


def _runs(breaks: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> tuple[Ints, Ints, Ints]:
    """Runs between breaks: of each place the number of its run, and where each begins and ends."""
    begin = np.concatenate([[0], np.flatnonzero(breaks) + 1])
    end = np.append(begin[1:], len(breaks) + 1)
    return np.concatenate([[0], np.cumsum(breaks)]), begin, end


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
        return found if everyone is table else found.of(rows)

    def _sorted(self, table: ScanColumns) -> Standing:
        return standings(table.number(self.metric), self.grouping.codes(table))

    def _shares(self, table: ScanColumns) -> Floats:
        """The part of its peers that each product is within, from the end that is asked about."""
        found = self.standing(table)
        with np.errstate(invalid="ignore", divide="ignore"):
            return (found.low if self.lowest else found.high) / found.size

    def judge(self, table: ScanColumns) -> Masks:
        known = self.standing(table).size >= LEAST
        return Masks((self._shares(table) <= self.share + _SLACK) & known, known)

    @property
    def leading(self) -> Metric | None:
        return self.metric

    def strength(self, table: ScanColumns, rows: Ints) -> Strength:
        """The place among the peers; of equal ones the value."""
        values = table.number(self.metric)[rows]
        return -self._shares(table)[rows], -values if self.lowest else values

    def evidence(self, table: ScanColumns, row: int) -> tuple[Evidence, ...]:
        (plain,) = super().evidence(table, row)
        found = self.standing(table)
        size = int(found.size[row])
        if size < LEAST:
            return (plain,)
        peers = Peers(float(self._shares(table)[row]), size, float(found.median[row]))
        return (replace(plain, peers=peers),)

    def count(self, table: ScanColumns, row: int) -> int:
        """The number of listed products of its group that have a value, itself included."""
        return int(self.standing(table).size[row])

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
