"""Observations in bulk for other programs: as they are stored, or one for each scan."""

# ruff: noqa: S608 - statements are put together from our own names only, never from values

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from watcher.model import OF_LIST, Floats, Ints
from watcher.store.columns import expression
from watcher.store.packing import positions
from watcher.store.sql.baselines import numbers_at, of_lists
from watcher.store.sql.extracts import PART, Choice, Extract, ids_of
from watcher.store.sql.listing import EMPTY, LastSeen, PackedList
from watcher.store.sqlite.connection import Connection, chunks, listed
from watcher.store.sqlite.dialect import among, rows_of

TEXTS = (
    "region", "product_id", "product_name", "seller_id", "category_id", "category_l2_id",
    "category_l3_id", "currency",
)  # fmt: skip
_TEXT_COLUMNS = ", ".join(f"p.{name}" for name in TEXTS)


@dataclass(frozen=True, slots=True)
class Observed:
    """n products as scans saw them.

    ``at`` and ``ranks`` (NaN: none) are (n,), ``numbers`` is (n, k) in the API's units, NaN where
    the field was absent; what a list says of itself is asked for like a field. ``watches`` are the
    keys of the watches that looked, None where that is not kept any more. ``texts`` has a row of
    ``TEXTS`` for each: those of today.
    """

    at: Ints
    watches: Sequence[str | None]
    ranks: Floats
    texts: Sequence[tuple[str | None, ...]]
    numbers: Floats


class SqlObservations:
    """``ports.Observations`` in SQL."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def changes(self, choice: Choice, fields: Sequence[str]) -> Extract[Observed]:
        ids = _changed(self._db, choice)
        lists = _Lists(self._db)
        return Extract(
            len(ids),
            (_stored(self._db, ids[part], fields, lists) for part in chunks(len(ids), PART)),
        )

    def sightings(self, choice: Choice, fields: Sequence[str]) -> Extract[Observed]:
        scans = self._db.rows(
            "SELECT id, watch, at, mark, size FROM scans WHERE size > 0 AND at >= ? AND at < ? "
            "AND watch = coalesce(?, watch) AND region = coalesce(?, region) ORDER BY id",
            tuple(choice.values()[name] for name in ("since", "until", "watch", "region")),
        )
        wanted = None if choice.products is None else np.array(choice.products, np.int64)
        return Extract(
            sum(size for *_, size in scans),
            (part for scan in scans for part in _listed(self._db, scan, wanted, fields)),
        )


def _changed(db: Connection, choice: Choice) -> Ints:
    """The rows' ids: the index of products and times holds all that this asks for."""
    conditions = ["o.at >= :since", "o.at < :until"]
    values = choice.values()
    if choice.watch is not None:
        values["listed"] = listed(_ever_listed(db, choice.watch).tolist())
        conditions.append(f"o.product IN {among(':listed')}")
    if choice.products is not None:
        conditions.append(f"o.product IN {among(':products')}")
    if choice.region is not None:
        conditions.append("o.product IN (SELECT id FROM products WHERE region = :region)")
    return ids_of(
        db, f"SELECT o.id FROM observations AS o WHERE {' AND '.join(conditions)}", values
    )


def _ever_listed(db: Connection, watch: str) -> Ints:
    row = db.one("SELECT seen, size FROM watches WHERE watch = ?", (watch,))
    return EMPTY if row is None else LastSeen.unpack(*row).products


class _Lists:
    """The ranks in scans' lists; the last list is kept, for rows come scan by scan."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._scan = 0
        self._listing = PackedList(EMPTY, EMPTY, EMPTY)

    def ranks(self, scans: Ints, products: Ints) -> Floats:
        """(n,) of each product in each scan (0: none is known); NaN where it has none."""
        found = np.full(len(products), np.nan)
        for scan in np.unique(scans[scans > 0]).tolist():
            rows = np.flatnonzero(scans == scan)
            listing = self._of(scan)
            places = positions(listing.products, products[rows])
            ranks = np.append(listing.ranks, 0)[places]
            found[rows] = np.where((places >= 0) & (ranks > 0), ranks, np.nan)
        return found

    def _of(self, scan: int) -> PackedList:
        if scan != self._scan:
            self._scan, self._listing = scan, _listing(self._db, scan)
        return self._listing


def _listing(db: Connection, scan: int) -> PackedList:
    """Nothing of a scan that was pruned meanwhile."""
    row = db.one("SELECT products, size FROM scans WHERE id = ?", (scan,))
    if row is None or not row[1]:
        return PackedList(EMPTY, EMPTY, EMPTY)
    return PackedList.unpack(row[0], row[1], scan)


def _stored(db: Connection, ids: Ints, fields: Sequence[str], lists: _Lists) -> Observed:
    stored = [name for name in fields if name not in OF_LIST]
    columns = "".join(f", {expression(name)}" for name in stored)
    # A scan's mark is the time of its rows; its own time may be some seconds before.
    rows = db.rows(
        f"SELECT coalesce(s.at, o.at), o.at, s.watch, coalesce(s.id, 0), o.product, {_TEXT_COLUMNS}"
        f"{columns} FROM observations AS o CROSS JOIN products AS p ON p.id = o.product "
        "LEFT JOIN scans AS s ON s.mark = o.at "
        f"WHERE o.id IN {among()} ORDER BY o.id",
        (listed(ids.tolist()),),
    )
    at, marks, scans, products = (
        np.array([row[column] for row in rows], np.int64) for column in (0, 1, 3, 4)
    )
    first = 5 + len(TEXTS)
    numbers = np.full((len(rows), len(fields)), np.nan)
    own = [place for place, name in enumerate(fields) if name in stored]
    numbers[:, own] = np.array([row[first:] for row in rows], np.float64).reshape(
        len(rows), len(own)
    )
    for name in set(fields) & {*OF_LIST}:
        numbers[:, fields.index(name)] = of_lists(db, marks, name)
    return Observed(
        at,
        [row[2] for row in rows],
        lists.ranks(scans, products),
        [row[5:first] for row in rows],
        numbers,
    )


def _listed(
    db: Connection, scan: tuple[int, str, int, int, int], wanted: Ints | None,
    fields: Sequence[str],
) -> Iterator[Observed]:  # fmt: skip
    scan_id, watch, at, mark, _ = scan
    listing = _listing(db, scan_id)
    kept = np.arange(len(listing.products))
    if wanted is not None:
        kept = np.flatnonzero(np.isin(listing.products, wanted))
    for part in chunks(len(kept), PART):
        products, ranks = listing.products[kept[part]], listing.ranks[kept[part]]
        size = len(products)
        yield Observed(
            np.full(size, at),
            [watch] * size,
            np.where(ranks > 0, ranks, np.nan),
            _texts(db, products),
            numbers_at(db, products, np.full(size, mark), fields)
            if fields
            else np.zeros((size, 0)),
        )


def _texts(db: Connection, products: Ints) -> list[tuple[str | None, ...]]:
    return db.rows(
        f"SELECT {_TEXT_COLUMNS} FROM {rows_of()} CROSS JOIN products AS p "
        "ON p.id = w.value ORDER BY w.key",
        (listed(products.tolist()),),
    )
