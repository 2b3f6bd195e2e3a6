"""A scan as the store remembers it, without what it saw."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

import msgspec
import numpy as np

from watcher.data_days import DataDays
from watcher.model import Doubt, Instant, Ints, ListFacts, ScanState
from watcher.store.packing import EMPTY, PackedList
from watcher.store.records import (
    AFTER_ALL,
    EarlierList,
    Jumped,
    LastChange,
    OwnScan,
    Recorded,
    Row,
    ScanRow,
)
from watcher.store.sql.baselines import BELIEVED, HALF, NEVER
from watcher.store.sql.connection import Face
from watcher.store.sql.dialect import TEXT
from watcher.store.sql.refreshes import Refreshes
from watcher.store.sql.stored_list import StoredList
from watcher.units import DAY

COLUMNS = (
    "s.id, s.watch, s.region, s.at, s.started, s.finished, s.state, s.requests, s.pages, s.size, "
    "s.rows, s.error, s.interrupted, s.problems, d.why, d.since, d.turn, d.believed, "
    "s.list_day, s.list_idle, s.list_sparse, s.cut"
)
TABLES = "scans AS s LEFT JOIN doubts AS d ON d.scan = s.id"
_SCAN = f"SELECT {COLUMNS} FROM {TABLES}"
# A complete scan that nothing speaks against.
_UNDOUBTED = (
    "s.state = 'complete' AND NOT EXISTS "
    "(SELECT 1 FROM doubts WHERE doubts.scan = s.id AND doubts.believed = 0)"
)
# Who is not listed by one, and it is no part of a longer shop, is not on the list.
PROVES = f"{_UNDOUBTED} AND coalesce(s.cut, 0) = 0"


def scan_row(row: Row) -> ScanRow:
    """A scan from its ``COLUMNS``."""
    why, since, turn, believed = row[14:18]
    doubt = Doubt(why, since, turn, bool(believed)) if why is not None else None
    cut = row[21]
    values = [*row[:14], doubt, facts_of(row[18:21]), cut is None, bool(cut)]
    values[6], values[12] = ScanState(values[6]), bool(values[12])
    values[13] = tuple(msgspec.json.decode(values[13] or "[]", type=list[str]))
    return ScanRow(*values)


def facts_of(row: Row) -> ListFacts | None:
    """Facts from ``list_day``, ``list_idle`` and ``list_sparse``; None of a scan of before."""
    day, idle, sparse = row
    return ListFacts(day, idle, bool(sparse)) if day is not None else None


class ScanHistory(Face):
    """Scans as they were recorded, and what their lists say together."""

    def data_days(self, region: str) -> DataDays:
        return Refreshes(self._db).data_days(region)

    def everyone(self, _watch: str, scan_id: int) -> tuple[StoredList, Recorded]:
        *row, mark, blob = self._db.rows(
            f"SELECT {COLUMNS}, s.mark, s.products FROM {TABLES} WHERE s.id = ?", (scan_id,)
        )[0]
        scan = scan_row(tuple(row))
        listing = PackedList.unpack(blob, scan.products, scan.id)
        # Who was new then, and what was proven, is said by those that are asked about.
        fresh = np.zeros(len(listing.products), np.bool_)
        recorded = Recorded(
            scan.id, listing.products, fresh, had_complete=False, changed=0, facts=scan.facts
        )
        return StoredList(self._db, scan, listing, mark), recorded

    def last_change(self, region: str, since: Instant, upto: int = AFTER_ALL) -> LastChange | None:
        # By the scans' own order from the newest on, so that the first hit ends the search.
        of_region, of_time = map(self._sql.unindexed, ("region", "at"))
        for scan_id, at, first, rows in self._db.stream(
            f"SELECT id, at, first_row, rows FROM scans WHERE {of_region} = ? AND rows > 0 "
            f"AND {of_time} >= ? AND id <= ? ORDER BY id DESC",
            (region, since, upto),
        ):
            if self._db.has(
                f"SELECT 1 FROM observations AS o {self._sql.join} products AS p "
                "ON p.id = o.product WHERE o.id BETWEEN ? AND ? AND p.first_seen < ? LIMIT 1",
                (first, first + rows - 1, at),
            ):
                return LastChange(scan_id, at)
        row = self._db.one(
            "SELECT id, at FROM scans WHERE region = ? AND at >= ? AND id <= ? "
            "AND state <> 'failed' AND size > 0 ORDER BY at, id LIMIT 1",
            (region, since, upto),
        )
        return LastChange(*row) if row else None

    def days_scanned(self, region: str, after: int, size: int) -> int:
        """UTC days after the scan ``after`` on which a scan saw at least ``size`` products."""
        return self._db.number(
            "SELECT count(DISTINCT at / ?) FROM scans "
            f"WHERE id > ? AND {self._sql.unindexed('region')} = ? AND state <> ? "
            "AND size >= ?",
            (DAY, after, region, ScanState.FAILED.value, size),
        )

    def had_values(
        self, region: str, product_ids: Sequence[str], numbers: Sequence[str],
        texts: Sequence[str],
    ) -> tuple[int, dict[str, int]]:  # fmt: skip
        """A count of these products that are known, and of those of them that have a value of each
        field: of numbers at the newest observation, of texts at any."""
        names = [*numbers, *texts]
        columns = [*(self._sql.field(name) for name in numbers), *(f"p.{name}" for name in texts)]
        counts = "".join(f", count({column})" for column in columns)
        row = self._db.one(
            f"SELECT count(*){counts} "
            f"FROM {self._sql.rows_of('?1', TEXT)} {self._sql.join} products AS p "
            f"ON p.region = ?2 AND p.product_id = w.value {self._sql.newest}",
            (self._sql.listed(product_ids), region),
        ) or (0,)
        return row[0], dict(zip(names, row[1:], strict=True))

    def standing(self, watch: str, scan_id: int, places: int) -> EarlierList | None:
        # Whoever is missing on one that proves no absence stands where the scan before it has them,
        # and so on, back to the newest that does.
        read: EarlierList | None = None
        for at, state, blob, size, found, proves in self._db.stream(
            f"SELECT at, state, products, size, id, {PROVES} FROM scans AS s "
            "WHERE watch = ?1 AND id < ?2 "
            "AND (state = ?3 OR id IN (SELECT scan FROM depths WHERE places >= ?4)) "
            f"AND {BELIEVED.format('?2')} ORDER BY id DESC",
            (watch, scan_id, ScanState.COMPLETE.value, places),
        ):
            listing = PackedList.unpack(blob, size, found)
            complete = state == ScanState.COMPLETE.value
            read = read or EarlierList(at, EMPTY, EMPTY)
            read = read.and_missing(listing.products, listing.ranks, whole=complete)
            if proves or not complete:
                return read
        return None

    def recent(self, watch: str, scan_id: int, since: Instant) -> list[tuple[Instant, bool]]:
        found = []
        cursor = self._db.stream(
            f"SELECT at, state, {PROVES} FROM scans AS s WHERE watch = ?1 AND id < ?2 "
            f"AND {BELIEVED.format('?2')} ORDER BY id DESC",
            (watch, scan_id),
        )
        for at, state, proves in cursor:
            if at < since:
                break
            if state != ScanState.FAILED.value:
                found.append((at, bool(proves)))
        return found

    def own_scans(self, watch: str, scan_id: int, within: tuple[Instant, Instant]) -> list[OwnScan]:
        return [
            OwnScan(scan, at, bool(proves), state == ScanState.COMPLETE.value)
            for scan, at, proves, state in self._db.rows(
                f"SELECT id, at, {PROVES}, state FROM scans AS s WHERE watch = ?1 AND id < ?2 "
                "AND at BETWEEN ?3 AND ?4 AND size > 0 AND state <> 'failed' "
                f"AND {BELIEVED.format('?2')} ORDER BY id DESC",
                (watch, scan_id, *within),
            )
        ]

    def proofs(self, watch: str, scan_id: int, count: int) -> list[tuple[int, Instant]]:
        return self._db.rows(
            f"SELECT id, at FROM scans AS s WHERE watch = ?1 AND id < ?2 AND {PROVES} "
            f"AND {BELIEVED.format('?2')} ORDER BY id DESC LIMIT ?3",
            (watch, scan_id, count),
        )

    def judged_before(self, watch: str, scan_id: int) -> int:
        return self._db.number(
            f"SELECT max(id) FROM scans AS s WHERE watch = ?1 AND id < ?2 AND {PROVES} "
            "AND NOT EXISTS (SELECT 1 FROM jumps WHERE scan = s.id)",
            (watch, scan_id),
        )

    def listed(self, watch: str, first: int, after: int) -> Ints:
        found = [
            PackedList.unpack(blob, size, scan).products
            for scan, blob, size in self._db.stream(
                "SELECT id, products, size FROM scans WHERE watch = ? AND id >= ? AND id < ? "
                "AND size > 0",
                (watch, first, after),
            )
        ]
        return np.unique(np.concatenate([EMPTY, *found]))

    def idle_shares(self, watch: str, *, below: float, limit: int) -> list[float]:
        return self._db.all(
            float,
            "SELECT list_idle FROM scans WHERE watch = ? AND list_idle < ? "
            "ORDER BY id DESC LIMIT ?",
            (watch, below, limit),
        )

    def largest_is_sparse(self, region: str, since: Instant) -> bool:
        newest = (
            "SELECT s.id FROM scans AS s WHERE s.watch = w.watch AND s.state = 'complete' "
            "AND s.size > 0 ORDER BY s.id DESC LIMIT 1"
        )
        sparse = self._db.value(
            f"SELECT list_sparse FROM scans WHERE id IN (SELECT ({newest}) FROM watches AS w "
            "WHERE w.region = ?) AND at >= ? AND list_idle IS NOT NULL "
            "ORDER BY size DESC, id DESC LIMIT 1",
            (region, since),
        )
        return bool(sparse)

    def last_proof_before(self, watch: str, at: Instant) -> Instant | None:
        """The time of the watch's last scan before ``at`` that proves an absence."""
        sql = f"SELECT max(at) FROM scans AS s WHERE watch = ? AND at < ? AND {PROVES}"
        found: Instant | None = self._db.value(sql, (watch, at))
        return found

    def scans(self, watch: str | None = None, limit: int = 50) -> list[ScanRow]:
        """The newest first."""
        where = "" if watch is None else "WHERE s.watch = ?"
        values = (limit,) if watch is None else (watch, limit)
        rows = self._db.rows(f"{_SCAN} {where} ORDER BY s.id DESC LIMIT ?", values)
        return [scan_row(row) for row in rows]

    def last_scan(self, watch: str) -> ScanRow | None:
        return next(iter(self.scans(watch, 1)), None)

    def free_instant(self, watch: str, at: Instant) -> Instant:
        """The first from ``at`` on that no scan of the watch carries: one that was made while the
        clock was ahead may have it."""
        of_watch = "SELECT at FROM scans WHERE watch = ? AND at >= ? ORDER BY at"
        for (taken,) in self._db.stream(of_watch, (watch, at)):
            if taken != at:
                break
            at += 1
        return at

    def last_complete(self, watch: str) -> ScanRow | None:
        """Whatever is doubted of it."""
        return self._newest(watch, "s.state = 'complete'")

    def last_proof(self, watch: str) -> ScanRow | None:
        """The newest scan that proves an absence, or would if the shop were not longer."""
        return self._newest(watch, _UNDOUBTED)

    def expected_pages(self, watch: str) -> int:
        """Pages that the list should have, by scans that no fault cut short; 0 for unknown."""
        found = (self.last_complete(watch), self.last_proof(watch))
        return max((scan.pages for scan in found if scan is not None), default=0)

    def _newest(self, watch: str, condition: str) -> ScanRow | None:
        row = self._db.one(
            f"{_SCAN} WHERE s.watch = ? AND {condition} ORDER BY s.id DESC LIMIT 1", (watch,)
        )
        return scan_row(row) if row else None


class Jumps(Face):
    """Scans that are doubted, as each later scan sees it. That a scan is believed counts from a
    later scan on, so that what was judged before can be explained as it was judged."""

    def doubt(self, scan_id: int) -> None:
        self._db.execute("INSERT INTO jumps (scan, until) VALUES (?, ?)", (scan_id, NEVER))

    def believe(self, scan_id: int, after: int) -> None:
        self._db.execute("UPDATE jumps SET until = ? WHERE scan = ?", (after, scan_id))

    def doubt_half(self, scan_id: int) -> None:
        self._db.execute("INSERT INTO jumps (scan, until) VALUES (?, ?)", (scan_id, HALF))

    def is_doubted(self, scan_id: int) -> bool:
        return self._db.has("SELECT 1 FROM jumps WHERE scan = ?", (scan_id,))

    def is_half(self, scan_id: int) -> bool:
        return self._db.has("SELECT 1 FROM jumps WHERE scan = ? AND until = ?", (scan_id, HALF))

    def before(self, watch: str, scan_id: int) -> list[Jumped]:
        rows = self._db.stream(
            "SELECT s.id, s.at, s.size, coalesce(d.until, 0) FROM scans AS s "
            "LEFT JOIN jumps AS d ON d.scan = s.id WHERE s.watch = ? AND s.id < ? AND s.size > 0 "
            "AND s.state <> 'failed' AND coalesce(d.until, 0) <> ? ORDER BY s.id DESC",
            (watch, scan_id, HALF),
        )
        return [Jumped(*row[:3]) for row in takewhile(lambda row: row[3] >= scan_id, rows)]

    def is_calm(self, watch: str, scan_id: int) -> bool:
        return self._db.has(
            "SELECT 1 FROM scans AS s WHERE s.id = (SELECT max(id) FROM scans WHERE id < ?2 "
            "AND size > 0 AND state <> 'failed') AND s.watch = ?1 "
            "AND NOT EXISTS (SELECT 1 FROM jumps WHERE scan = s.id AND until >= ?2)",
            (watch, scan_id),
        )

    def waits(self, watches: Sequence[str]) -> bool:
        """Whether the newest scan of some of these watches is doubted."""
        return self._db.has(
            f"SELECT 1 FROM {self._sql.rows_of('?1', TEXT)} JOIN jumps AS d ON d.scan = "
            "(SELECT max(id) FROM scans WHERE watch = w.value AND size > 0 "
            "AND state <> 'failed') WHERE d.until <> ?2 LIMIT 1",
            (self._sql.listed(watches), HALF),
        )

    def outcomes(self, watches: Sequence[str], since: Instant) -> dict[str, bool]:
        """The watches of these of which a scan that ended at ``since`` or later was doubted, and
        whether one of these scans was believed."""
        rows = self._db.rows(
            "SELECT s.watch, max(CASE WHEN d.until < ?3 THEN 1 ELSE 0 END) "
            "FROM jumps AS d JOIN scans AS s ON s.id = d.scan "
            f"WHERE s.watch IN {self._sql.among('?1', TEXT)} AND s.finished >= ?2 "
            "AND d.until <> ?4 GROUP BY s.watch",
            (self._sql.listed(watches), since, NEVER, HALF),
        )
        return {str(watch): bool(believed) for watch, believed in rows}
