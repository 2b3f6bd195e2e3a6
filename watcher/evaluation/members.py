"""The groups of the products of a scan: who is in which, and by which key each is stored."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from watcher.fields import REGION
from watcher.model import Floats, Ints, Listed, ScanState
from watcher.rules.conditions.aggregates import aggregate
from watcher.rules.conditions.base import Judge
from watcher.rules.conditions.grouping import UNKNOWN, coded
from watcher.rules.groups import LEAST_PRODUCTS, WATCH
from watcher.rules.metrics import Figure
from watcher.store.sql.stored_list import StoredList


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
        """Where each group begins among the rows of groups, and where the last one ends."""
        return np.concatenate([[0], np.cumsum(self.sizes)])

    def figure(self, figure: Figure, judge: Judge) -> Floats:
        """A figure of each group."""
        key = ("figure", self.by, figure.canonical)
        return judge.remembered(key, lambda: aggregate(figure, judge, self.of, len(self)))


def read_to_its_end(scan: Listed) -> bool:
    """Whether a scan has all of its list: of a part of it, nothing is known of a group."""
    proves = scan.read_to_its_end if isinstance(scan, StoredList) else scan.proves_absence
    return proves or (not scan.of_market and scan.state is ScanState.COMPLETE)


def members_of(judge: Judge, scan: Listed, by: str, watch: str) -> Members:
    """The groups of a scan's products ``by`` what they share; ``watch`` is the list's name."""
    codes = _codes(judge, scan, by)
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
    regions, texts = _regions(judge, scan), None if by == WATCH else judge.text(by)
    return Members(
        by,
        of,
        tuple(regions[row] for row in rows),
        tuple(watch if texts is None else str(texts[row]) for row in rows),
        counts[large],
    )


def _regions(judge: Judge, scan: Listed) -> list[str]:
    if scan.of_market:
        return [scan.region] * judge.size
    return [each or scan.region for each in judge.text(REGION)]


def _codes(judge: Judge, scan: Listed, by: str) -> Ints:
    """(n,) a number for each product's group, of the products that the scan listed."""
    alone = by == WATCH
    own = np.zeros(judge.size, np.int64) if alone else coded(judge.text(by), UNKNOWN)
    own[len(scan) :] = -1
    if scan.of_market:
        return own
    regions = coded(_regions(judge, scan), ())
    several = int(regions.max(initial=0)) + 1
    return np.where(own < 0, -1, own * several + regions)
