"""Stored scans as scans again, the oldest first, for playing them once more.

Only the fields that are asked for are read. The numbers are carried on from scan to scan: what
a scan costs is the rows that it changed, not the products that it listed.
"""

# ruff: noqa: S608 - statements are put together from our own names only, never from values

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from watcher.keyapi.fields import NUMERIC_INDEX, TEXTS
from watcher.model import Doubt, Floats, Instant, Ints, ListFacts, Scan, ScanState
from watcher.store.baselines import numbers_at
from watcher.store.columns import expression
from watcher.store.connection import Connection
from watcher.store.former import FormerTexts
from watcher.store.listing import EMPTY, Listing
from watcher.store.packing import positions
from watcher.store.scanrows import PROVES, TABLES, doubt_of, facts_of, problems_of

_TEXTS = tuple(text.name for text in TEXTS)
_ROWS = (
    "SELECT s.id, watch, region, at, mark, started, finished, state, requests, pages, size, "
    "error, interrupted, problems, d.why, d.since, d.turn, d.believed, "
    f"list_day, list_idle, list_sparse FROM {TABLES}"
)


@dataclass(frozen=True, slots=True)
class Extent:
    """What is to be replayed of a watch.

    Scans before ``since`` are left out, but for the last sight of each product: it is what
    tells a product that was seen before from one that is new. With ``others``, what the other
    watches of the region saw of the same products from ``since`` on is replayed too.
    """

    watch: str
    region: str
    since: Instant
    fields: tuple[str, ...]
    others: bool = False


@dataclass(frozen=True, slots=True)
class _Row:
    id: int
    watch: str
    region: str
    at: Instant
    mark: int
    started: Instant
    finished: Instant
    state: str
    requests: int
    pages: int
    size: int
    error: str | None
    interrupted: int
    problems: tuple[str, ...]
    doubt: Doubt | None
    facts: ListFacts | None


class PastScans:
    """The scans of an extent. ``len`` is how many ``scans`` gives at most.

    ``products`` are all that the watch ever listed, in rising order.
    """

    def __init__(self, db: Connection, extent: Extent) -> None:
        self._db = db
        self._extent = extent
        own = self._rows("watch = ?", extent.watch)
        self._sights = _last_sights(db, [row for row in own if row.at < extent.since])
        wanted = self._rows("region = ?", extent.region) if extent.others else own
        late = [row for row in wanted if row.at >= extent.since]
        self._early = [row for row in own if len(self._sights.get(row.id, EMPTY))]
        self._late = late
        self.products = self._universe(own)
        first = min((row.mark for row in (*self._early, *late)), default=0)
        self._texts = FormerTexts(db, self.products, _TEXTS, first)

    def __len__(self) -> int:
        return len(self._early) + len(self._late)

    def scans(self) -> Iterator[Scan]:
        """The scans in the order in which they were recorded, with the texts of their time."""
        for row in self._early:
            listing = _listing(self._db, row)
            kept = np.flatnonzero(np.isin(listing.products, self._sights[row.id]))
            products = listing.products[kept]
            marks = np.full(len(products), row.mark)
            values = numbers_at(self._db, products, marks, self._extent.fields)
            yield self._scan(row, products, listing.ranks[kept], values)
        yield from self._late_scans()

    def _late_scans(self) -> Iterator[Scan]:
        values, before = np.zeros((0, 0)), 0
        for row in self._late:
            if not before:
                marks = np.full(len(self.products), row.mark)
                values = numbers_at(self._db, self.products, marks, self._extent.fields)
            else:
                self._carry_on(values, before, row.id)
            before = row.id
            listing = _listing(self._db, row)
            places = positions(self.products, listing.products)
            kept = np.flatnonzero(places >= 0)
            if len(kept) or row.watch == self._extent.watch:
                products, ranks = listing.products[kept], listing.ranks[kept]
                yield self._scan(row, products, ranks, values[places[kept]])

    def _carry_on(self, values: Floats, before: int, scan: int) -> None:
        """Apply what the region's scans after ``before`` and up to ``scan`` changed."""
        columns = "".join(f", {expression(name)}" for name in self._extent.fields)
        rows = self._db.rows(
            f"SELECT o.product{columns} FROM scans AS s CROSS JOIN observations AS o "
            "ON o.id BETWEEN s.first_row AND s.first_row + s.rows - 1 "
            "WHERE s.id > ? AND s.id <= ? AND s.region = ? ORDER BY o.id",
            (before, scan, self._extent.region),
        )
        if rows:
            table = np.array(rows, np.float64)
            places = positions(self.products, table[:, 0].astype(np.int64))
            ours = places >= 0
            values[places[ours]] = table[ours, 1:]

    def _rows(self, condition: str, value: str) -> list[_Row]:
        return [
            _Row(*[*row[:13], problems_of(row[13]), doubt_of(row[14:18]), facts_of(row[18:])])
            for row in self._db.rows(f"{_ROWS} WHERE {condition} ORDER BY s.id", (value,))
        ]

    def _universe(self, own: Sequence[_Row]) -> Ints:
        late = [_listing(self._db, row).products for row in own if row.at >= self._extent.since]
        return np.unique(np.concatenate([EMPTY, *self._sights.values(), *late]))

    def _scan(self, row: _Row, products: Ints, ranks: Ints, values: Floats) -> Scan:
        numbers = np.full((len(products), len(NUMERIC_INDEX)), np.nan)
        numbers[:, [NUMERIC_INDEX[name] for name in self._extent.fields]] = values
        places = positions(self.products, products)
        columns = self._texts.at(row.mark)
        texts = {name: tuple(column[places].tolist()) for name, column in columns.items()}
        return Scan(
            watch=row.watch,
            region=row.region,
            at=row.at,
            started=row.started,
            finished=row.finished,
            state=ScanState(row.state),
            requests=row.requests,
            pages=row.pages,
            product_ids=texts["product_id"],
            ranks=ranks,
            numbers=numbers,
            texts=texts,
            error=row.error,
            interrupted=bool(row.interrupted),
            problems=row.problems,
            doubt=row.doubt,
            facts=row.facts,
        )


def last_complete_before(db: Connection, watch: str, at: Instant) -> Instant | None:
    """When the watch's last complete scan before ``at`` was, of those that prove an absence."""
    row = db.one(
        f"SELECT max(at) FROM scans AS s WHERE watch = ? AND at < ? AND {PROVES}", (watch, at)
    )
    return int(row[0]) if row and row[0] is not None else None


def _listing(db: Connection, row: _Row) -> Listing:
    blob = db.one("SELECT products FROM scans WHERE id = ?", (row.id,))
    if not row.size or blob is None:
        return Listing(EMPTY, EMPTY, EMPTY)
    return Listing.unpack(blob[0], row.size, row.id)


def _last_sights(db: Connection, rows: Sequence[_Row]) -> dict[int, Ints]:
    """By scan, the products that no later one of ``rows`` listed."""
    sights: dict[int, Ints] = {}
    seen = EMPTY
    for row in reversed(rows):
        products = _listing(db, row).products
        sights[row.id] = products[~np.isin(products, seen)]
        seen = np.union1d(seen, products)
    return sights
