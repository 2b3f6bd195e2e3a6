"""Times in which scans looked for a product and did not see it. A row of numbers is written only
where a number changed, so a product that stays as it is has no more rows than one that is not
there: the scans' lists tell. A scan that was cut off, failed or is doubted proves nothing, and what
one watch does not list, another may."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np
from msgspec import Struct

from watcher.model import Instant, Ints, ScanState
from watcher.store.packing import LastSeen, PackedList
from watcher.store.records import Absence
from watcher.store.sql.connection import Face
from watcher.store.sql.dialect import TEXT
from watcher.store.sql.recording import ANY_REGION
from watcher.store.sql.scans import PROVES


class _Look(Struct, frozen=True):
    """A scan: when, its mark, and whether it proves an absence."""

    scan: int
    at: Instant
    mark: int
    proves: bool


class _Looks(Struct):
    """All watches' looks for one product: ``runs`` are times in which every list of some watch
    had it, ``missing`` the complete lists that had it not. ``marks`` are those of the scans that
    wrote a row of it."""

    marks: frozenset[int]
    runs: list[tuple[Instant, Instant]] = []
    missing: list[Instant] = []

    def add(self, looks: Sequence[tuple[Instant, bool]]) -> None:
        """Add those of one watch: when, and whether it had the product."""
        self.runs += _runs(looks)
        self.missing += [at for at, there in looks if not there]

    def covers(self, begin: Instant, end: Instant) -> bool:
        """Whether the runs leave no time between these free."""
        covered = begin if self.runs else end - 1
        for first, last in sorted(self.runs):
            if first > covered:
                break
            covered = max(covered, last)
        return covered >= end

    def absences(self) -> Iterator[Absence]:
        """The times that no watch's run covers, with a list that lacked the product."""
        missing = sorted(self.missing)
        seen = 0
        for begin, end in sorted(self.runs):
            place = bisect_right(missing, seen)
            if place < len(missing) and missing[place] < begin:
                yield Absence(seen, missing[place], begin)
            seen = max(seen, end)


class Absences(Face):
    """Looks of watches for products, and those that were in vain."""

    def listed_by(self, products: Sequence[int]) -> dict[int, dict[str, int]]:
        """The watches that ever listed each product, with the scan that saw it last: products of
        one region."""
        found: dict[int, dict[str, int]] = {product: {} for product in products}
        for watch, last in self._lasts(products):
            for product, scan in zip(products, last.tolist(), strict=True):
                if scan:
                    found[product][watch] = scan
        return found

    def absences(self, products: Sequence[int], since: Instant) -> dict[int, tuple[Absence, ...]]:
        """Times when scans after ``since`` missed a product until one saw it again, by product:
        all of one region."""
        marks = self._written(products, since)
        found = {product: _Looks(marks.get(product, frozenset())) for product in products}
        lasts = {
            watch: dict(zip(products, last.tolist(), strict=True))
            for watch, last in self._lasts(products)
            if last.any()
        }
        newest = self._times(
            max((each[one] for each in lasts.values()), default=0) for one in products
        )
        ends = dict(zip(products, newest, strict=True))
        begins = self._begins(products, since)
        last_product = self._db.number("SELECT max(id) FROM products")
        for watch in self._longest_first([*lasts]):
            wanted = [
                one
                for one in products
                if lasts[watch][one] and not found[one].covers(begins[one], ends[one])
            ]
            for product, looks in self._looks_for(wanted, watch, since, found, last_product):
                found[product].add(looks)
        return {product: tuple(looks.absences()) for product, looks in found.items()}

    def _looks_for(
        self, products: Sequence[int], watch: str, since: Instant, found: Mapping[int, _Looks],
        last_product: int,
    ) -> Iterator[tuple[int, list[tuple[Instant, bool]]]]:  # fmt: skip
        """Yield, for each product, the watch's scans that had it, and those that prove that it was
        not there. A scan that wrote a row of it had it; of the others the lists are read."""
        if not products:
            return
        looks = [*self._looks(watch, since)]
        unclear = [
            each.scan
            for each in looks
            if any(each.mark not in found[one].marks for one in products)
        ]
        had = self._holding(unclear, products, last_product)
        for place, product in enumerate(products):
            there = (
                (each, each.mark in found[product].marks or had[each.scan][place]) for each in looks
            )
            yield product, [(each.at, seen) for each, seen in there if seen or each.proves]

    def _holding(
        self, scans: Sequence[int], products: Sequence[int], last_product: int
    ) -> dict[int, list[bool]]:
        """Whether each of these scans' lists has each of the products."""
        rows = self._db.stream(
            f"SELECT s.id, s.size, s.products FROM scans AS s WHERE s.id IN {self._sql.among()}",
            (self._sql.listed(scans),),
        )
        return {
            scan: PackedList.holds(products, blob, size, last_product) for scan, size, blob in rows
        }

    def _written(self, products: Sequence[int], since: Instant) -> dict[int, frozenset[int]]:
        """The marks of the scans from ``since`` on that wrote a row of each product."""
        keys = [*products]
        rows = self._db.rows(
            f"SELECT w.value, o.at FROM {self._sql.rows_of()} {self._sql.join} observations AS o "
            "ON o.product = w.value AND o.at >= ?2",
            (self._sql.listed(keys), since),
        )
        found: dict[int, set[int]] = {}
        for product, mark in rows:
            found.setdefault(product, set()).add(mark)
        return {product: frozenset(marks) for product, marks in found.items()}

    def _begins(self, products: Sequence[int], since: Instant) -> dict[int, Instant]:
        """From when on each product may have been missed: not before it was seen first."""
        rows = self._db.rows(
            f"SELECT p.id, p.first_seen FROM products AS p WHERE p.id IN {self._sql.among()}",
            (self._sql.listed([*products]),),
        )
        return {product: max(since, first) for product, first in rows}

    def _times(self, scans: Iterable[int]) -> list[Instant]:
        """The times of these scans; of one that is pruned a time to come."""
        ids = [*scans]
        sql = f"SELECT id, at FROM scans WHERE id IN {self._sql.among()}"
        times: dict[int, Instant] = dict(self._db.rows(sql, (self._sql.listed({*ids}),)))
        return [times.get(each, 1 << 61) for each in ids]

    def _longest_first(self, watches: Sequence[str]) -> list[str]:
        """The watches, first those that were read first of all: of a product that one of them
        always had nothing need be looked up in the others."""
        if len(watches) < 2:
            return [*watches]
        rows = self._db.rows(
            "SELECT w.value, (SELECT min(s.id) FROM scans AS s WHERE s.watch = w.value) "
            f"FROM {self._sql.rows_of(sort=TEXT)}",
            (self._sql.listed(watches),),
        )
        first: dict[str, int | None] = dict(rows)
        return sorted(watches, key=lambda each: (first[each] or 0, each))

    def _lasts(self, products: Sequence[int]) -> Iterator[tuple[str, Ints]]:
        """Each watch of the products' region, and of none, with (n,) the scans that saw each of
        them last; 0 for never."""
        keys = np.array(products, np.int64)
        for watch, seen, size in self._db.rows(
            "SELECT watch, seen, size FROM watches WHERE region = ?2 "
            "OR region = (SELECT region FROM products WHERE id = ?1) ORDER BY watch",
            (next(iter(products), 0), ANY_REGION),
        ):
            yield watch, LastSeen.unpack(seen, size).last(keys)

    def _looks(self, watch: str, since: Instant) -> Iterator[_Look]:
        """The watch's scans from the last proof of an absence before ``since`` on."""
        rows = self._db.rows(
            f"SELECT id, at, mark, {PROVES} FROM scans AS s WHERE watch = ?1 AND state <> ?2 "
            f"AND id >= coalesce((SELECT max(id) FROM scans AS s WHERE watch = ?1 AND {PROVES} "
            "AND at <= ?3), 0) ORDER BY at",
            (watch, ScanState.FAILED.value, since),
        )
        return (_Look(scan, at, mark, bool(proves)) for scan, at, mark, proves in rows)


def _runs(looks: Iterable[tuple[Instant, bool]]) -> Iterator[tuple[Instant, Instant]]:
    """The first and the last sighting of each row of them."""
    for there, run in groupby(looks, key=lambda look: look[1]):
        if there:
            times = [at for at, _ in run]
            yield times[0], times[-1]
