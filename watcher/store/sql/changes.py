"""Whether what the source says still changes, and what it said of fields before."""

# ruff: noqa: S608 - statements are put together from our own names only, never from values

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from watcher.model import Instant, ScanState
from watcher.store.columns import expression
from watcher.store.sql.baselines import AFTER_ALL
from watcher.store.sqlite.connection import Connection, listed
from watcher.store.sqlite.dialect import rows_of
from watcher.units import DAY

# "+region": by the scans' own order from the newest on, so that the first hit ends the search.
_CHANGING = (
    "SELECT id, at, first_row, rows FROM scans WHERE +region = ? AND rows > 0 AND +at >= ? "
    "AND id <= ? ORDER BY id DESC"
)
_KNOWN_CHANGED = (
    "SELECT EXISTS (SELECT 1 FROM observations AS o CROSS JOIN products AS p ON p.id = o.product "
    "WHERE o.id BETWEEN ? AND ? AND p.first_seen < ?)"
)
_FIRST = (
    "SELECT id, at FROM scans WHERE region = ? AND at >= ? AND id <= ? AND state <> 'failed' "
    "AND size > 0 ORDER BY at LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class LastChange:
    """The scan that found a change."""

    scan_id: int
    at: Instant


def last_change(
    db: Connection, region: str, since: Instant, upto: int = AFTER_ALL
) -> LastChange | None:
    """The region's newest scan from ``since`` on in which a product had other numbers than at
    the scan that saw it before; the first scan where there is none, for nothing is older. As the
    scan ``upto`` left it.
    """
    for scan_id, at, first, rows in db.execute(_CHANGING, (region, since, upto)):
        if db.number(_KNOWN_CHANGED, (first, first + rows - 1, at)):
            return LastChange(scan_id, at)
    row = db.one(_FIRST, (region, since, upto))
    return LastChange(*row) if row else None


def days_scanned(db: Connection, region: str, after: int, size: int) -> int:
    """On how many UTC days after the scan ``after`` the region was scanned and at least ``size``
    products were seen."""
    return db.number(
        "SELECT count(DISTINCT at / ?) FROM scans WHERE id > ? AND +region = ? AND state <> ? "
        "AND size >= ?",
        (DAY, after, region, ScanState.FAILED.value, size),
    )


def had_values(
    db: Connection, region: str, product_ids: Sequence[str], numbers: Sequence[str],
    texts: Sequence[str],
) -> tuple[int, dict[str, int]]:  # fmt: skip
    """How many of these products are stored, and of how many each field has a newest value."""
    names = [*numbers, *texts]
    columns = [*(expression(name) for name in numbers), *(f"p.{name}" for name in texts)]
    counts = "".join(f", count({column})" for column in columns)
    row = db.one(
        f"SELECT count(*){counts} FROM {rows_of()} CROSS JOIN products AS p "
        "ON p.region = ? AND p.product_id = w.value LEFT JOIN observations AS o ON o.id = p.newest",
        (listed(product_ids), region),
    ) or (0,)
    return row[0], dict(zip(names, row[1:], strict=True))
