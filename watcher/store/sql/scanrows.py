"""A scan as the store remembers it, without what it saw."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from watcher.model import Doubt, Instant, ListFacts, ScanState
from watcher.store.sqlite.connection import Row

COLUMNS = (
    "s.id, s.watch, s.region, s.at, s.started, s.finished, s.state, s.requests, s.pages, s.size, "
    "s.rows, s.error, s.interrupted, s.problems, d.why, d.since, d.turn, d.believed, "
    "s.list_day, s.list_idle, s.list_sparse"
)
TABLES = "scans AS s LEFT JOIN doubts AS d ON d.scan = s.id"
# A complete scan that nothing speaks against: who is not listed is not on the list.
PROVES = (
    "s.state = 'complete' AND NOT EXISTS "
    "(SELECT 1 FROM doubts WHERE doubts.scan = s.id AND NOT doubts.believed)"
)


@dataclass(frozen=True, slots=True)
class ScanRow:
    """``products`` is how many it saw, ``changed`` how many rows of numbers it wrote."""

    id: int
    watch: str
    region: str
    at: Instant
    started: Instant
    finished: Instant
    state: ScanState
    requests: int
    pages: int
    products: int
    changed: int
    error: str | None
    interrupted: bool
    problems: tuple[str, ...] = ()
    doubt: Doubt | None = None
    facts: ListFacts | None = None


def scan_row(row: Row) -> ScanRow:
    """Of ``COLUMNS``."""
    values = [*row[:14], doubt_of(row[14:18]), facts_of(row[18:])]
    values[6] = ScanState(values[6])
    values[12] = bool(values[12])
    values[13] = problems_of(values[13])
    return ScanRow(*values)


def problems_of(stored: str | None) -> tuple[str, ...]:
    """Of a row's ``problems``."""
    return tuple(msgspec.json.decode(stored or "[]", type=list[str]))


def doubt_of(row: Row) -> Doubt | None:
    """Of a row's ``why``, ``since``, ``turn`` and ``believed``."""
    why, since, turn, believed = row
    return Doubt(why, since, turn, bool(believed)) if why is not None else None


def facts_of(row: Row) -> ListFacts | None:
    """Of a row's ``list_day``, ``list_idle`` and ``list_sparse``; None of a scan of before."""
    day, idle, sparse = row
    return ListFacts(day, idle, bool(sparse)) if day is not None else None
