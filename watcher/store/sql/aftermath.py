"""The fate of products after a moment: which scan saw each of them so many days later. For hundreds
of moments: one or two scans a day of each watch are asked, and each list is unpacked once."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache, partial
from itertools import chain
from statistics import median

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from watcher.model import Floats, Instant, Ints
from watcher.store.packing import positions
from watcher.store.records import Row
from watcher.store.sql.baselines import numbers_at, stored_scan
from watcher.store.sql.connection import Connection
from watcher.store.sql.scans import PROVES
from watcher.units import DAY, HOUR

_KEPT_LISTS = 256  # unpacked, 8 bytes a product: they are asked in the order of time, many times
_FRESH_GAP, _GAP = 12 * HOUR, 20 * HOUR  # between two scans of a watch that are asked
_MOVED = 0.5  # of the share of products that usually moves, in a scan that found new numbers
_LAST_PLACES = 10
_NEVER = 1 << 61  # no time is so late
_OLDEST = 8 * DAY  # a scan before a moment that still says something of it


class Look(Struct, frozen=True):
    """A scan to look at. ``data`` is the time of its numbers: that of the region's last scan up
    to it in which many had changed. ``proves``: who is not listed is not on the list."""

    id: int
    watch: str
    at: Instant
    mark: int
    size: int
    proves: bool
    data: Instant

    def is_worth_asking(self, before: Look) -> bool:
        """Whether it says more than the watch's scan that is asked before it."""
        least = _FRESH_GAP if self.data > before.data else _GAP
        return self.at - before.at >= least


class FoundBy(Struct, frozen=True):
    """(n,) each: ``data`` and ``marks`` of the scan that saw a product, or 0, and its ``ranks``."""

    data: Ints
    marks: Ints
    ranks: Floats


class _List(Struct, frozen=True):
    """A scan's products in rising order, and their ranks."""

    products: NDArray[np.int32]
    ranks: NDArray[np.int32]

    def __contains__(self, product: int) -> bool:
        place = int(np.searchsorted(self.products, product))
        return place < len(self.products) and int(self.products[place]) == product


class Aftermath:
    """The scans of a region from ``since`` on."""

    def __init__(self, db: Connection, region: str, since: Instant) -> None:
        self._db = db
        self._looks = _looks(db, region, since)
        self._asked = _thinned(self._looks)
        self._data = [look.data for look in self._asked]
        self._list = lru_cache(_KEPT_LISTS)(partial(_read, db))

    def at(self, watch: str, instant: Instant, product: int) -> Look | None:
        """The watch's newest scan up to then, and of the days before it; where it was not read
        then (another query, another schedule), the region's newest that listed the product."""
        end = bisect_right(self._looks, instant, key=lambda look: look.at)
        begin = bisect_left(self._looks, instant - _OLDEST, key=lambda look: look.at)
        newest = self._looks[begin:end][::-1]
        own = (look for look in newest if look.watch == watch)
        return next(chain(own, (look for look in newest if product in self._list(look))), None)

    def within(self, begin: Instant, end: Instant, watch: str | None = None) -> list[Look]:
        """The scans whose data is of a time (its end does not belong to it), the oldest first."""
        looks = self._asked[bisect_left(self._data, begin) : bisect_left(self._data, end)]
        return [look for look in looks if watch in (None, look.watch)]

    def first_seen(
        self, products: Ints, begins: Ints, ends: Ints, watch: str | None = None
    ) -> FoundBy:
        """The first scan of data from ``begins`` on and before ``ends`` (each (n,)) that saw each
        product: of any watch, or of this one."""
        return self._seen(self._between(begins, ends, watch), products, begins, ends)

    def last_seen(self, products: Ints, begins: Ints, ends: Ints) -> FoundBy:
        """The last one."""
        return self._seen(self._between(begins, ends)[::-1], products, begins, ends)

    def _between(self, begins: Ints, ends: Ints, watch: str | None = None) -> list[Look]:
        """The scans of all that time."""
        begin, end = begins.min(initial=_NEVER), ends.max(initial=0)
        return self.within(int(begin), int(end), watch)

    def _seen(self, looks: Sequence[Look], products: Ints, begins: Ints, ends: Ints) -> FoundBy:
        size = len(products)
        seen = FoundBy(np.zeros(size, np.int64), np.zeros(size, np.int64), np.full(size, np.nan))
        for look in looks:
            here = (seen.marks == 0) & (begins <= look.data) & (look.data < ends)
            rows = np.flatnonzero(here)
            if len(rows):
                places = positions(self.products(look), products[rows])
                rows, ranks = rows[places >= 0], self._list(look).ranks[places[places >= 0]]
                seen.data[rows], seen.marks[rows] = look.data, look.mark
                seen.ranks[rows] = np.where(ranks > 0, ranks, np.nan)
        return seen

    def products(self, look: Look) -> Ints:
        """Return what a scan listed, in rising order of the store's keys."""
        return self._list(look).products.astype(np.int64)

    def numbers(self, products: Ints, marks: Ints, fields: Sequence[str]) -> Floats:
        """(n, k) each product's numbers as they stood at its mark; NaN for none, or at mark 0."""
        return numbers_at(self._db, products, marks, fields)

    def last_place(self, look: Look, field: str) -> float:
        """The largest value of the last places of a scan's list; NaN for none."""
        found = self._list(look)
        last = found.products[np.argsort(found.ranks, kind="stable")[-_LAST_PLACES:]]
        values = self.numbers(last.astype(np.int64), np.full(len(last), look.mark), [field])
        return float(np.max(values)) if len(values) and not np.isnan(values).all() else np.nan


def _read(db: Connection, look: Look) -> _List:
    _, _, listing = stored_scan(db, look.id)
    order = np.argsort(listing.products, kind="stable")
    return _List(listing.products[order].astype(np.int32), listing.ranks[order].astype(np.int32))


def _looks(db: Connection, region: str, since: Instant) -> list[Look]:
    """The scans that read something and whose counters had not jumped, the oldest first."""
    rows = db.rows(
        f"SELECT s.id, s.watch, s.at, s.mark, s.size, s.rows, {PROVES} FROM scans AS s "
        f"{db.dialect.by_time} WHERE s.region = ?1 AND s.at >= ?2 AND s.size > 0 "
        "AND s.id NOT IN (SELECT scan FROM jumps) ORDER BY s.at, s.id",
        (region, since),
    )
    usual = _usually_moved(rows)
    looks, data = [], 0
    for scan, watch, at, mark, size, moved, proves in rows:
        if not data or (moved and moved / size >= _MOVED * usual[watch]):
            data = at
        looks.append(Look(scan, watch, at, mark, size, bool(proves), data))
    return looks


def _usually_moved(rows: Sequence[Row]) -> dict[str, float]:
    """The share, by watch, of its products that moves in the scan of a day that finds most new."""
    days: dict[str, dict[int, float]] = {}
    for _, watch, at, _, size, moved, _ in rows:
        most = days.setdefault(watch, {})
        most[at // DAY] = max(moved / size, most.get(at // DAY, 0.0))
    return {watch: median(most.values()) for watch, most in days.items()}


def _thinned(looks: Sequence[Look]) -> list[Look]:
    """One or two a day of each watch: those with new numbers rather than others."""
    last = dict[str, Look]()
    kept = []
    for look in looks:
        before = last.get(look.watch)
        if before is None or look.is_worth_asking(before):
            last[look.watch] = look
            kept.append(look)
    return kept
