"""Refreshes of each region's data, how they were found, and which data day each scan has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from watcher.data_days import DataDay, DataDays, LookResult, RefreshLook
from watcher.fields import NUMERIC_NAMES
from watcher.model import Floats, Instant, Ints
from watcher.store.packing import PackedList, positions
from watcher.store.sql.baselines import numbers_at
from watcher.store.sql.connection import Face
from watcher.store.sql.dialect import TEXT
from watcher.units import DAY

_SAME = 1e-9
KEPT = 500  # data days of a region
_LOOKS_KEPT = 60 * DAY
_LOOK = "at, watch, result, known, moved, requests, error"
_SCAN_DAY = "scan, watch, region, day, since, known, moved, first_known, first_moved, half"


class Share(Struct, frozen=True):
    """A share of known products: so many have other numbers than before."""

    known: int = 0
    moved: int = 0

    @property
    def share(self) -> float:
        return self.moved / self.known if self.known else 0.0


class ScanDay(Struct, frozen=True):
    """The data day of a scan, ``since`` that of the scan that it is held against (None: the first).
    ``all_`` and ``first`` are the shares of all products and of those of page 1 that moved;
    ``half``: it found less than half of the usual."""

    scan: int
    watch: str
    region: str
    day: int
    since: int | None = None
    all_: Share = Share()
    first: Share = Share()
    half: bool = False


class Reference(Struct, frozen=True):
    """A scan that a later one is held against; without a ``day`` where that was not counted."""

    scan: int
    at: Instant
    mark: int
    day: int | None
    half: bool = False


class Refreshes(Face):
    """The data days of regions, the looks for them, and the scans' shares of what moved."""

    def data_days(self, region: str) -> DataDays:
        """The newest, the oldest first."""
        rows = self._db.all(
            DataDay,
            "SELECT day, began, quiet, fresh FROM data_days WHERE region = ? "
            "ORDER BY day DESC LIMIT ?",
            (region, KEPT),
        )
        return DataDays(tuple(reversed(rows)))

    def begin_day(self, region: str, day: DataDay) -> None:
        """Note a new data day, and forget old ones; one that is known stays as it is."""
        self._db.execute(
            "INSERT INTO data_days (region, day, began, quiet, fresh) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (region, day) DO NOTHING",
            (region, day.day, day.began, day.quiet, day.fresh),
        )
        self._db.execute(
            "DELETE FROM data_days WHERE region = ? AND day <= ?", (region, day.day - KEPT)
        )

    def looks(self, region: str, since: Instant) -> Sequence[RefreshLook]:
        """The looks from ``since`` on, the oldest first."""
        rows = self._db.rows(
            f"SELECT {_LOOK} FROM looks WHERE region = ? AND at >= ? ORDER BY at, id",
            (region, since),
        )
        return tuple(RefreshLook(row[0], row[1], LookResult(row[2]), *row[3:]) for row in rows)

    def note_look(self, region: str, look: RefreshLook) -> None:
        """Keep it, and forget old ones."""
        self._db.execute(
            f"INSERT INTO looks (region, {_LOOK}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                region, look.at, look.watch, look.result.value, look.known, look.moved,
                look.requests, look.error,
            ),
        )  # fmt: skip
        self._db.execute(
            "DELETE FROM looks WHERE region = ? AND at < ?", (region, look.at - _LOOKS_KEPT)
        )

    def note_scan(self, scan: ScanDay) -> None:
        self._db.execute(
            f"INSERT INTO scan_days ({_SCAN_DAY}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                scan.scan, scan.watch, scan.region, scan.day, scan.since, scan.all_.known,
                scan.all_.moved, scan.first.known, scan.first.moved, int(scan.half),
            ),
        )  # fmt: skip

    def days_of(self, watch: str, limit: int) -> Sequence[ScanDay]:
        """The notes of the watch's newest scans, the newest first."""
        rows = self._db.rows(
            f"SELECT {_SCAN_DAY} FROM scan_days WHERE watch = ? ORDER BY scan DESC LIMIT ?",
            (watch, limit),
        )
        return [
            ScanDay(
                scan, of, region, day, since, Share(*shares[:2]), Share(*shares[2:]), bool(half)
            )
            for scan, of, region, day, since, *shares, half in rows
        ]

    def last_read(self, region: str, day: int, by: Instant) -> Instant:
        """The time at which the region's data of that day was last read by a scan that can tell: it
        was held against an earlier one, or was made until ``by``. 0 where none was."""
        return self._db.number(
            "SELECT max(s.at) FROM scan_days AS d JOIN scans AS s ON s.id = d.scan "
            "WHERE d.region = ?1 AND d.day = ?2 AND (d.known > 0 OR s.at <= ?3)",
            (region, day, by),
        )

    def reference(self, watch: str, before: int, *, halves: bool = False) -> Reference | None:
        """The watch's newest scan before the scan ``before`` that read something; ``halves``: also
        one whose data was only half new."""
        row = self._db.one(
            "SELECT s.id, s.at, s.mark, d.day, coalesce(d.half, 0) FROM scans AS s "
            "LEFT JOIN scan_days AS d ON d.scan = s.id WHERE s.watch = ?1 AND s.id < ?2 "
            "AND s.size > 0 AND s.state <> 'failed' AND (?3 = 1 OR coalesce(d.half, 0) = 0) "
            "ORDER BY s.id DESC LIMIT 1",
            (watch, before, int(halves)),
        )
        return Reference(row[0], row[1], row[2], row[3], bool(row[4])) if row else None

    def share(self, against: Reference, products: Ints, numbers: Floats) -> Share:
        """Count the products (n,) that the earlier scan listed, and those with other ``numbers``
        (n, 88) now. Keys of 0 are unknown ones."""
        row = self._db.one("SELECT products, size, id FROM scans WHERE id = ?", (against.scan,))
        if row is None:
            return Share()
        listed = PackedList.unpack(*row).products
        known = np.flatnonzero((products > 0) & (positions(listed, products) >= 0))
        if not len(known):
            return Share()
        marks = np.full(len(known), against.mark, np.int64)
        before = numbers_at(self._db, products[known], marks, NUMERIC_NAMES)
        moved = (np.abs(before - numbers[known]) > _SAME).any(axis=1)  # absent values say nothing
        return Share(len(known), int(np.count_nonzero(moved)))

    def keys(self, region: str, product_ids: Sequence[str]) -> Ints:
        """(n,) the store's keys of products, 0 for unknown ones."""
        found = np.zeros(len(product_ids), np.int64)
        for place, key in self._db.rows(
            f"SELECT w.key, p.id FROM {self._sql.rows_of('?1', TEXT)} {self._sql.join} "
            "products AS p ON p.region = ?2 AND p.product_id = w.value",
            (self._sql.listed(product_ids), region),
        ):
            found[place] = key
        return found
