"""All values of a time, in bulk: one for each scan that saw a product, changed or not.

The products come in parts, so that the memory stays bounded however many there are: the lists
of the scans are read once for a large part, the numbers once for a smaller one.
"""

# ruff: noqa: S608 - statements are put together from our own names only, never from values

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from watcher.model import OF_LIST, Bools, Floats, Instant, Ints
from watcher.store.columns import expression
from watcher.store.sql.baselines import AFTER_ALL, BELIEVED, OF_SCAN, RANK, mark_before, of_lists
from watcher.store.sql.listing import PackedList
from watcher.store.sqlite.connection import Connection, chunks, listed
from watcher.store.sqlite.dialect import BY_TIME, rows_of

# Cells are scans times products: a list's cell takes up to 5 bytes, a value's 8 for each field.
_LISTED_CELLS = 32_000_000
_VALUE_CELLS = 1_000_000
_FETCHED = 20_000


@dataclass(frozen=True, slots=True)
class Window:
    """Some of the products asked for (``rows`` of them, m) in the S scans of a time.

    ``at`` is (S,), when each scan was; ``values`` has (S, m) for each field, NaN where the scan
    did not see the product or the field was absent.
    """

    rows: slice
    at: Ints
    values: Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class _Scans:
    """The scans of a time in the order in which they were recorded, (S,) each."""

    ids: Ints
    at: Ints
    marks: Ints
    own: Bools


@dataclass(frozen=True, slots=True)
class WindowQuery:
    """All that the scans of a region found in ``within`` (the end does not belong to it).

    Numbers count from any watch of the region (not if ``own``), ranks from ``watch`` only; what
    a list says of itself goes with each scan's numbers. The scan ``scan_id`` is the one that looks
    back: a scan that it doubts has the numbers of the one before, or is left out (if ``own``).
    """

    watch: str
    region: str
    products: Ints
    within: tuple[Instant, Instant]
    fields: Sequence[str]
    scan_id: int = AFTER_ALL
    own: bool = False


def windows(db: Connection, query: WindowQuery) -> Iterator[Window]:
    """Yield what was asked for, some products after others; nothing where there was no scan."""
    products, fields = query.products, query.fields
    names = [name for name in fields if name not in OF_SCAN]
    scans = _scans(db, query, only_own=query.own or not names)
    count = len(scans.ids)
    if not count:
        return
    lists = {name: of_lists(db, scans.marks, name) for name in OF_LIST if name in fields}
    for large in chunks(len(products), max(1, _LISTED_CELLS // count)):
        seen, ranks = _sightings(db, scans, products[large], ranked=RANK in fields)
        for small in chunks(large.stop - large.start, max(1, _VALUE_CELLS // count)):
            rows = slice(large.start + small.start, large.start + small.stop)
            values = _numbers(db, products[rows], scans.marks, seen[:, small], names)
            for name, column in lists.items():
                values[name] = np.where(seen[:, small], column[:, np.newaxis], np.nan)
            if RANK in fields:
                values[RANK] = ranks[:, small].astype(np.float64)
            yield Window(rows, scans.at, values)


def _scans(db: Connection, query: WindowQuery, *, only_own: bool) -> _Scans:
    rows = db.rows(
        f"SELECT id, at, mark, watch = ?1, {BELIEVED.format('?6')} FROM scans "
        f"{BY_TIME} WHERE region = ?2 AND at >= ?3 AND at < ?4 AND size > 0 "
        "AND (watch = ?1 OR NOT ?5) AND id < ?6 ORDER BY mark",
        (query.watch, query.region, *query.within, only_own, query.scan_id),
    )
    ids, at, marks, own, believed = np.array(rows, np.int64).reshape(len(rows), 5).T
    if believed.all():
        return _Scans(ids, at, marks, own.astype(np.bool_))
    for place in np.flatnonzero(believed == 0).tolist():
        marks[place] = 0 if only_own else mark_before(db, int(ids[place]), query.scan_id)
    kept = np.flatnonzero(marks)
    order = kept[np.argsort(marks[kept], kind="stable")]
    # The place in a list is another's then, so such a scan gives no ranks.
    return _Scans(ids[order], at[order], marks[order], (own & believed)[order].astype(np.bool_))


def _sightings(
    db: Connection, scans: _Scans, products: Ints, *, ranked: bool
) -> tuple[Bools, NDArray[np.float32]]:
    """(S, m) which scan saw which product, and at which rank where the watch is the own one."""
    seen = np.zeros((len(scans.ids), len(products)), np.bool_)
    # Whole numbers to 16 million are exact in 32 bits, and a list has a million at most.
    ranks = np.full(seen.shape if ranked else (0, len(products)), np.nan, np.float32)
    largest = int(products.max())
    row_of = np.full(largest + 1, -1, np.int64)
    row_of[products] = np.arange(len(products))
    cursor = db.execute(
        f"SELECT w.key, s.products, s.size, s.id FROM {rows_of()} "
        "CROSS JOIN scans AS s ON s.id = w.value",
        (listed(scans.ids.tolist()),),
    )
    for place, blob, size, scan_id in cursor:
        listing = PackedList.unpack(blob, size, scan_id)
        rows = row_of[np.where(listing.products <= largest, listing.products, 0)]
        rows[listing.products > largest] = -1
        hit = rows >= 0
        seen[place, rows[hit]] = True
        if ranked and scans.own[place]:
            found = listing.ranks[hit]
            ranks[place, rows[hit]] = np.where(found > 0, found, np.nan)
    return seen, ranks


def _numbers(
    db: Connection, products: Ints, marks: Ints, seen: Bools, names: Sequence[str]
) -> dict[str, Floats]:
    """(S, m) for each name: the newest row of each product at or before each scan's mark."""
    if not names:
        return {}
    rows = _rows(db, products, (int(marks[0]), int(marks[-1])), names)
    # A row is in force from the first scan at or after it; a later row hides it.
    newest = np.full(seen.shape, -1, np.int64)
    begins = np.searchsorted(marks, rows[:, 1])
    newest[begins, rows[:, 0].astype(np.int64)] = np.arange(len(rows))
    np.maximum.accumulate(newest, axis=0, out=newest)
    newest[~seen] = -1
    nothing = np.array([np.nan])
    return {
        name: np.concatenate([rows[:, column], nothing])[newest]
        for column, name in enumerate(names, start=2)
    }


def _rows(db: Connection, products: Ints, marks: tuple[int, int], names: Sequence[str]) -> Floats:
    """(r, 2 + k) the place of a product, ``at``, values: what was in force at some scan.

    In the order of products and, for each, of time.
    """
    cursor = db.execute(
        f"SELECT w.key, o.at, {', '.join(expression(name) for name in names)} "
        f"FROM {rows_of('?1')} CROSS JOIN observations AS o ON o.product = w.value "
        "AND o.at <= ?3 AND o.at >= coalesce((SELECT i.at FROM observations AS i "
        "WHERE i.product = w.value AND i.at <= ?2 ORDER BY i.at DESC LIMIT 1), ?2)",
        (listed(products.tolist()), *marks),
    )
    width = 2 + len(names)
    parts = [np.zeros((0, width))]
    # In parts: rows as Python objects take many times what they do as an array.
    while part := cursor.fetchmany(_FETCHED):
        parts.append(np.array(part, np.float64))
    rows = np.concatenate(parts)
    return rows[np.lexsort((rows[:, 1], rows[:, 0]))]
