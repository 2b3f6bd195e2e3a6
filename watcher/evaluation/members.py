"""The groups of the products of a scan: who is in which, and by which key each is stored."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from watcher.model import Floats, Ints, Listed, ScanState
from watcher.rules.conditions.aggregates import aggregate
from watcher.rules.conditions.base import Judge
from watcher.rules.conditions.grouping import Grouping
from watcher.rules.groups import LEAST_PRODUCTS
from watcher.rules.metrics import Attribute, Figure
from watcher.store.records import OwnScan
from watcher.store.sql.stored_list import StoredList
from watcher.subjects import WATCH


@dataclass(frozen=True)
class Members:
    """The groups of a list that have enough products. ``of`` (n,) is the place of each row's group,
    -1 is none; ``regions``, ``values`` and ``sizes`` are the groups'."""

    by: str
    of: Ints
    regions: tuple[str, ...]
    values: tuple[str, ...]
    sizes: Ints

    def __len__(self) -> int:
        return len(self.values)

    def of_group(self, place: int) -> Ints:
        """The rows of a group."""
        begin, end = self._bounds[place : place + 2]
        return self._order[len(self.of) - int(self._bounds[-1]) :][begin:end]

    @cached_property
    def _order(self) -> Ints:
        """The rows, group by group; before them those of none."""
        return np.argsort(self.of, kind="stable")

    @cached_property
    def _bounds(self) -> Ints:
        """The places where each group begins among the rows of groups, and where the last one
        ends."""
        return np.concatenate([[0], np.cumsum(self.sizes)])

    def figure(self, figure: Figure, judge: Judge) -> Floats:
        """A figure of each group."""
        key = ("figure", self.by, figure.canonical)
        return judge.remembered(key, lambda: aggregate(figure, judge, self.of, len(self)))


def read_to_its_end(scan: Listed) -> bool:
    """Whether a scan has all of its list: of a part of it, nothing is known of a group."""
    proves = scan.read_to_its_end if isinstance(scan, StoredList) else scan.proves_absence
    return proves or (not scan.of_market and scan.state is ScanState.COMPLETE)


def was_read_to_its_end(earlier: OwnScan, *, of_market: bool) -> bool:
    """``read_to_its_end`` of an earlier scan of a list."""
    return earlier.proves or (not of_market and earlier.complete)


def members_of(judge: Judge, by: str, watch: str) -> Members:
    """The groups of a scan's products ``by`` what they share; ``watch`` is the list's name."""
    codes = np.where(judge.fallen(), -1, _grouping(by).codes(judge))
    known = np.flatnonzero(codes >= 0)
    found, first, inverse, counts = np.unique(
        codes[known], return_index=True, return_inverse=True, return_counts=True
    )
    large = counts >= LEAST_PRODUCTS
    place = np.where(large, np.cumsum(large) - 1, -1)
    of = np.full(judge.size, -1, np.int64)
    if len(found):
        of[known] = place[inverse]
    rows = known[first[large]].tolist()
    regions, texts = judge.regions(), None if by == WATCH else judge.text(by)
    return Members(
        by,
        of,
        tuple(regions[row] for row in rows),
        tuple(watch if texts is None else str(texts[row]) for row in rows),
        counts[large],
    )


def _grouping(by: str) -> Grouping:
    return Grouping(by) if by == WATCH else Grouping(by, Attribute(by, by, by))
