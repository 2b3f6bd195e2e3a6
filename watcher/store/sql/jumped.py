"""Scans whose values are doubted: they are no baseline of other scans, for a while or for ever."""

# ruff: noqa: S608 - statements are put together from our own names only, never from values

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from watcher.model import Instant, ScanState
from watcher.store.sqlite.connection import Connection, listed
from watcher.store.sqlite.dialect import among, rows_of

_NEVER = 1 << 61  # no scan has so large an id
# The scans that saw something, the newest first, with the scan up to which each is doubted.
_SCANS = (
    "SELECT s.id, s.at, s.size, coalesce(d.until, 0) FROM scans AS s "
    "LEFT JOIN jumps AS d ON d.scan = s.id WHERE s.watch = ? AND s.id < ? AND s.size > 0 "
    "AND s.state <> ? ORDER BY s.id DESC"
)
_CALM = (
    "SELECT EXISTS (SELECT 1 FROM scans AS s WHERE s.id = (SELECT max(id) FROM scans "
    "WHERE id < ?2 AND size > 0 AND state <> ?3) AND s.watch = ?1 "
    "AND NOT EXISTS (SELECT 1 FROM jumps WHERE scan = s.id AND until >= ?2))"
)
_WAITING = (
    f"SELECT EXISTS (SELECT 1 FROM {rows_of()} JOIN jumps AS d ON d.scan = (SELECT max(id) "
    "FROM scans WHERE watch = w.value AND size > 0 AND state <> ?))"
)

_OUTCOMES = (
    "SELECT s.watch, max(d.until < ?3) FROM jumps AS d JOIN scans AS s ON s.id = d.scan "
    f"WHERE s.watch IN {among('?1')} AND s.finished >= ?2 GROUP BY s.watch"
)


@dataclass(frozen=True, slots=True)
class Jumped:
    """A doubted scan, when it was, and how many products it listed."""

    scan_id: int
    at: Instant
    size: int


class SqlJumps:
    """``ports.Jumps`` in SQL."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def doubt(self, scan_id: int) -> None:
        self._db.execute("INSERT INTO jumps (scan, until) VALUES (?, ?)", (scan_id, _NEVER))

    def believe(self, scan_id: int, after: int) -> None:
        self._db.execute("UPDATE jumps SET until = ? WHERE scan = ?", (after, scan_id))

    def is_doubted(self, scan_id: int) -> bool:
        return bool(
            self._db.number("SELECT EXISTS (SELECT 1 FROM jumps WHERE scan = ?)", (scan_id,))
        )

    def before(self, watch: str, scan_id: int) -> list[Jumped]:
        found = []
        cursor = self._db.execute(_SCANS, (watch, scan_id, ScanState.FAILED.value))
        for each, at, size, until in cursor:
            if until < scan_id:
                break
            found.append(Jumped(each, at, size))
        return found

    def is_calm(self, watch: str, scan_id: int) -> bool:
        return bool(self._db.number(_CALM, (watch, scan_id, ScanState.FAILED.value)))

    def waits(self, watches: Sequence[str]) -> bool:
        return bool(self._db.number(_WAITING, (listed(watches), ScanState.FAILED.value)))

    def outcomes(self, watches: Sequence[str], since: Instant) -> dict[str, bool]:
        rows = self._db.rows(_OUTCOMES, (listed(watches), since, _NEVER))
        return {str(watch): bool(believed) for watch, believed in rows}
