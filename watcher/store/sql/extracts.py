"""History in bulk for other programs: what is wanted of it, and alerts and scans, part by part.

Each part is a read of its own. The ids to read are known at the start, and nothing that is read
here ever changes its id: together the parts are the history up to that moment, while none of them
keeps the log from being written back into the file, as one long read would. What is pruned
meanwhile is missing; an alert's state is that of the moment when its part is read."""

# ruff: noqa: S608 - statements are put together from our own names only, never from values

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Generic, TypeVar

import numpy as np

from watcher.model import (
    OF_LIST,
    Floats,
    Instant,
    Ints,
)
from watcher.store.columns import expression
from watcher.store.packing import EMPTY, LastSeen, PackedList, positions
from watcher.store.records import Row
from watcher.store.sql.baselines import numbers_at, of_lists
from watcher.store.sqlite.connection import Connection, Face, chunks
from watcher.store.sqlite.dialect import among, listed, rows_of

OBSERVED_TEXTS = (
    "region", "product_id", "product_name", "seller_id", "category_id", "category_l2_id",
    "category_l3_id", "currency",
)  # fmt: skip
T = TypeVar("T")
PART = 2_000  # rows in memory at once
_FOR_EVER = 1 << 62
_OF_PRODUCTS = (
    "(:region IS NULL OR p.region = :region) AND (:rule IS NULL OR a.rule = :rule) "
    f"AND (:products IS NULL OR a.product IN {among(':products')})"
)
_TEXT_COLUMNS = ", ".join(f"p.{name}" for name in OBSERVED_TEXTS)


@dataclass(frozen=True, slots=True)
class Choice:
    """What is wanted; all where nothing is given.

    ``products`` are the store's keys, ``watch`` is a watch's key. The time begins with ``since``
    and ends before ``until``.
    """

    products: Sequence[int] | None = None
    watch: str | None = None
    region: str | None = None
    rule: str | None = None
    since: Instant | None = None
    until: Instant | None = None


@dataclass(frozen=True, slots=True)
class Extract(Generic[T]):
    """Parts to be read one after the other, of ``total`` rows together at most."""

    total: int
    parts: Iterator[T]


@dataclass(frozen=True, slots=True)
class Observed:
    """n products as scans saw them.

    ``at`` and ``ranks`` (NaN: none) are (n,), ``numbers`` is (n, k) in the API's units, NaN where
    the field was absent; what a list says of itself is asked for like a field. ``watches`` are the
    keys of the watches that looked, None where that is not kept any more. ``texts`` has a row of
    ``OBSERVED_TEXTS`` for each: those of today.
    """

    at: Ints
    watches: Sequence[str | None]
    ranks: Floats
    texts: Sequence[tuple[str | None, ...]]
    numbers: Floats


def _values(choice: Choice) -> dict[str, object]:
    """A choice as a statement's parameters."""
    return {
        **asdict(choice),
        "products": None if choice.products is None else listed(choice.products),
        "since": choice.since or 0,
        "until": _FOR_EVER if choice.until is None else choice.until,
    }


class Extracts(Face):
    """Alerts and scans in bulk, for other programs."""

    def alerts(self, choice: Choice) -> Extract[Sequence[Row]]:
        """The alerts that were live at some moment of the time.

        Rows of id, rule, region, product id, name, state, since, last met, fired at, resolved at,
        reason, and the evidence as JSON.
        """
        return _extract(
            self._db,
            "a.id, a.rule, p.region, p.product_id, p.product_name, a.state, a.since, a.last_met, "
            "a.fired_at, a.resolved_at, a.reason, a.evidence",
            "alerts AS a CROSS JOIN products AS p ON p.id = a.product",
            "coalesce(a.fired_at, a.since) < :until "
            f"AND (a.state <> 'inactive' OR a.resolved_at >= :since) AND {_OF_PRODUCTS}",
            _values(choice),
        )

    def transitions(self, choice: Choice) -> Extract[Sequence[Row]]:
        """The alerts' changes of state in the time.

        Rows of id, alert, rule, region, product id, name, time, state before, state after, reason.
        """
        return _extract(
            self._db,
            "t.id, t.alert, a.rule, p.region, p.product_id, p.product_name, t.at, t.before, "
            "t.after, t.reason",
            "transitions AS t CROSS JOIN alerts AS a ON a.id = t.alert "
            "CROSS JOIN products AS p ON p.id = a.product",
            f"t.at >= :since AND t.at < :until AND {_OF_PRODUCTS}",
            _values(choice),
        )

    def scans(self, choice: Choice) -> Extract[Sequence[Row]]:
        """The scans of the time, of any state.

        Rows of id, watch (its key), region, time, begin, end, state, requests, pages, products,
        rows that it changed, error, whether it was cut off, and what the list said of itself.
        """
        return _extract(
            self._db,
            "s.id, s.watch, s.region, s.at, s.started, s.finished, s.state, s.requests, s.pages, "
            "s.size, s.rows, s.error, s.interrupted, s.list_day, s.list_idle, s.list_sparse",
            "scans AS s",
            "s.at >= :since AND s.at < :until AND (:watch IS NULL OR s.watch = :watch) "
            "AND (:region IS NULL OR s.region = :region)",
            _values(choice),
        )


def ids_of(db: Connection, sql: str, values: Mapping[str, object]) -> Ints:
    """Return what the statement's one column gives, in rising order."""
    return np.sort(np.fromiter((row[0] for row in db.execute(sql, values)), np.int64))


def _extract(
    db: Connection, columns: str, tables: str, condition: str, values: Mapping[str, object]
) -> Extract[Sequence[Row]]:
    """The first of the columns is the id by which the parts are read."""
    key = columns.partition(",")[0]
    ids = ids_of(db, f"SELECT {key} FROM {tables} WHERE {condition}", values)
    part = f"SELECT {columns} FROM {tables} WHERE {key} IN {among()} ORDER BY {key}"
    return Extract(
        len(ids),
        (db.rows(part, (listed(ids[rows].tolist()),)) for rows in chunks(len(ids), PART)),
    )


class Observations(Face):
    """Observations in bulk, for other programs."""

    def changes(self, choice: Choice, fields: Sequence[str]) -> Extract[Observed]:
        """The rows that are stored, in that order: one where some number of a product changed.

        Of a ``watch``: all rows of the products that it ever listed, whichever watch found them.
        """
        ids = _changed(self._db, choice)
        lists = _Lists(self._db)
        return Extract(
            len(ids),
            (_stored(self._db, ids[part], fields, lists) for part in chunks(len(ids), PART)),
        )

    def sightings(self, choice: Choice, fields: Sequence[str]) -> Extract[Observed]:
        """For each scan a row for each product that it listed, with the values in force then."""
        scans = self._db.rows(
            "SELECT id, watch, at, mark, size FROM scans WHERE size > 0 AND at >= ? AND at < ? "
            "AND watch = coalesce(?, watch) AND region = coalesce(?, region) ORDER BY id",
            tuple(_values(choice)[name] for name in ("since", "until", "watch", "region")),
        )
        wanted = None if choice.products is None else np.array(choice.products, np.int64)
        return Extract(
            sum(size for *_, size in scans),
            (part for scan in scans for part in _listed(self._db, scan, wanted, fields)),
        )


def _changed(db: Connection, choice: Choice) -> Ints:
    """The rows' ids: the index of products and times holds all that this asks for."""
    conditions = ["o.at >= :since", "o.at < :until"]
    values = _values(choice)
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
    first = 5 + len(OBSERVED_TEXTS)
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
