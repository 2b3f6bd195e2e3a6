"""Values of the past, in bulk: the last observation, the one in force at a time, the last list."""

# ruff: noqa: S608 - statements are put together from our own names only, never from values

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from watcher.model import Floats, Instant, Ints
from watcher.store.columns import expression
from watcher.store.connection import Connection, chunks, listed
from watcher.store.listing import EMPTY, Listing
from watcher.store.packing import positions
from watcher.store.scanrows import PROVES

RANK = "rank"


@dataclass(frozen=True, slots=True)
class Baseline:
    """``values`` is (n, k), NaN is absent; ``at`` (n,) is when it was observed, 0 is never."""

    values: Floats
    at: Ints

    @classmethod
    def nothing(cls, size: int, fields: Sequence[str]) -> Baseline:
        return cls(np.full((size, len(fields)), np.nan), np.zeros(size, np.int64))


def last(
    db: Connection, watch: str, scan_id: int, products: Ints, fields: Sequence[str]
) -> Baseline:
    """What the newest earlier scan of this watch that saw the product found.

    What other watches saw in between plays no part: it would hide from this one's rules the
    change that it has not seen yet.
    """
    baseline = Baseline.nothing(len(products), fields)
    listing = _listing(db, watch, scan_id)
    if listing is None:
        return baseline
    places = positions(listing.products, products)
    previous = np.where(places >= 0, np.append(listing.previous, 0)[places], 0)
    ids, groups = np.unique(previous, return_inverse=True)
    ats, marks = _times(db, ids)
    baseline.at[:] = ats[groups]
    _fill_numbers(db, baseline, products, marks[groups], fields)
    if RANK in fields:
        column = fields.index(RANK)
        for group, earlier in enumerate(ids.tolist()):
            found = _listing(db, watch, earlier)
            if found is not None:
                rows = np.flatnonzero(groups == group)
                places = positions(found.products, products[rows])
                baseline.values[rows, column] = _ranks(found, places)
    return baseline


def ago(
    db: Connection, watch: str, products: Ints, within: tuple[Instant, Instant],
    fields: Sequence[str],
) -> Baseline:  # fmt: skip
    """What the newest scan in ``within`` (both ends belong to it) that saw the product found.

    Numbers count from any watch, ranks from this one only. ``at`` is that of the numbers; of
    the rank, where nothing else is asked for.
    """
    baseline = Baseline.nothing(len(products), fields)
    if RANK in fields:
        ranked = _Walk(db, products, within, watch)
        baseline.values[:, fields.index(RANK)] = ranked.ranks
        baseline.at[:] = ranked.at
    if any(name != RANK for name in fields):
        walk = _Walk(db, products, within)
        baseline.at[:] = walk.at
        _fill_numbers(db, baseline, products, walk.marks, fields)
    return baseline


@dataclass(frozen=True, slots=True)
class Standing:
    """The list as of a complete scan at ``at``: products (n,) and ranks (n,), 0 for none."""

    at: Instant
    products: Ints
    ranks: Ints

    def ranks_of(self, products: Ints) -> Floats:
        """(m,) infinite for who was not on the list, NaN where the list has no ranks."""
        places = positions(self.products, products)
        ranks = np.append(self.ranks, 0)[places].astype(np.float64)
        return np.where(places < 0, np.inf, np.where(ranks > 0, ranks, np.nan))


def standing(db: Connection, watch: str, scan_id: int) -> Standing | None:
    """The list of the watch's last complete scan before ``scan_id``.

    Who is missing on one that proves no absence stands where the scan before it has them, and so
    on, back to the newest that does. None where none does.
    """
    newest, products, ranks = None, EMPTY, EMPTY
    for at, blob, size, found, proves in db.execute(
        f"SELECT at, products, size, id, {PROVES} FROM scans AS s "
        "WHERE watch = ? AND state = 'complete' AND id < ? ORDER BY id DESC",
        (watch, scan_id),
    ):
        listing = Listing.unpack(blob, size, found)
        missing = positions(products, listing.products) < 0
        products = np.concatenate([products, listing.products[missing]])
        ranks = np.concatenate([ranks, listing.ranks[missing]])
        newest = at if newest is None else newest
        if proves:
            return Standing(newest, products, ranks)
    return None


def numbers_at(db: Connection, products: Ints, marks: Ints, fields: Sequence[str]) -> Floats:
    """(n, k) numeric fields of each product as they stood at its mark; NaN is absent."""
    baseline = Baseline.nothing(len(products), fields)
    _fill_numbers(db, baseline, products, marks, fields)
    return baseline.values


class _Walk:
    """From the newest scan in a time back to the oldest, until each product is placed."""

    def __init__(
        self, db: Connection, products: Ints, within: tuple[Instant, Instant], watch: str = ""
    ) -> None:
        size = len(products)
        self.at, self.marks = np.zeros(size, np.int64), np.zeros(size, np.int64)
        self.ranks = np.full(size, np.nan)
        left = np.arange(size)
        for turn, (at, mark, listing) in enumerate(self._scans(db, products, within, watch)):
            places = positions(listing.products, products[left])
            hit = places >= 0
            rows = left[hit]
            self.at[rows], self.marks[rows] = at, mark
            self.ranks[rows] = _ranks(listing, places[hit])
            left = left[~hit]
            if not turn:
                # Most of those that are missing are new: no older scan can have them.
                left = left[_existed(db, products[left], within[1])]
            if not len(left):
                return

    @staticmethod
    def _scans(
        db: Connection, products: Ints, within: tuple[Instant, Instant], watch: str
    ) -> Iterator[tuple[int, int, Listing]]:
        if not len(products):
            return
        start, end = within
        condition, value = ("watch = ?", watch) if watch else ("region = ?", _region(db, products))
        cursor = db.execute(
            "SELECT id, at, mark, size, products FROM scans INDEXED BY idx_scans_region_at "
            f"WHERE region = ? AND at BETWEEN ? AND ? AND size > 0 AND {condition} "
            "ORDER BY at DESC, id DESC",
            (_region(db, products), start, end, value),
        )
        for scan_id, at, mark, size, blob in cursor:
            yield at, mark, Listing.unpack(blob, size, scan_id)


def _region(db: Connection, products: Ints) -> str:
    row = db.one("SELECT region FROM products WHERE id = ?", (int(products[0]),))
    return str(row[0]) if row else ""


def _existed(db: Connection, products: Ints, at: Instant) -> Ints:
    """Places of those products that some scan had seen at ``at`` or before."""
    found = [
        part.start + key
        for part in chunks(len(products))
        for (key,) in db.execute(
            "SELECT w.key FROM json_each(?) AS w CROSS JOIN products AS p ON p.id = w.value "
            "WHERE p.first_seen <= ?",
            (listed(products[part].tolist()), at),
        )
    ]
    return np.array(found, np.int64)


def _listing(db: Connection, watch: str, scan_id: int) -> Listing | None:
    row = db.one(
        "SELECT products, size, id FROM scans WHERE id = ? AND watch = ?", (scan_id, watch)
    )
    return Listing.unpack(*row) if row else None


def _times(db: Connection, ids: Ints) -> tuple[Ints, Ints]:
    """``at`` and ``mark`` of each scan; 0 for one that is pruned."""
    times = np.zeros((2, len(ids)), np.int64)
    for key, at, mark in db.execute(
        "SELECT w.key, s.at, s.mark FROM json_each(?) AS w CROSS JOIN scans AS s ON s.id = w.value",
        (listed(ids.tolist()),),
    ):
        times[:, key] = at, mark
    return times[0], times[1]


def _ranks(listing: Listing, places: Ints) -> Floats:
    """(n,) NaN where the product is not listed or the list has no ranks."""
    ranks = np.where(places >= 0, np.append(listing.ranks, 0)[places], 0).astype(np.float64)
    return np.where(ranks > 0, ranks, np.nan)


def _fill_numbers(
    db: Connection, baseline: Baseline, products: Ints, marks: Ints, fields: Sequence[str]
) -> None:
    """The newest row of each product at or before its mark; ``at`` becomes 0 where none is."""
    names = [name for name in fields if name != RANK]
    if not names:
        return
    wanted = np.flatnonzero(marks > 0)
    found = np.zeros(len(products), np.bool_)
    columns = np.array([fields.index(name) for name in names])
    # The planner, left alone, may scan the table: CROSS JOIN and the subquery fix its order.
    sql = (
        f"SELECT w.key, {', '.join(expression(name) for name in names)} FROM json_each(?) AS w "
        "CROSS JOIN observations AS o WHERE o.id = (SELECT id FROM observations "
        "WHERE product = json_extract(w.value, '$[0]') AND at <= json_extract(w.value, '$[1]') "
        "ORDER BY at DESC LIMIT 1)"
    )
    for part in chunks(len(wanted)):
        places = wanted[part]
        pairs = np.column_stack([products[places], marks[places]]).tolist()
        rows = db.rows(sql, (msgspec.json.encode(pairs).decode(),))
        if rows:
            table = np.array(rows, np.float64)
            places = places[table[:, 0].astype(np.int64)]
            baseline.values[np.ix_(places, columns)] = table[:, 1:]
            found[places] = True
    baseline.at[~found] = 0
