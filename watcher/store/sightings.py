"""Stored scans as they were read, whole or cut to one product: for looking back at a judgement."""

# ruff: noqa: S608 - statements are put together from our own names only, never from values

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from watcher.keyapi.fields import NUMERIC_INDEX, NUMERIC_NAMES, TEXTS
from watcher.model import Floats, Instant, Ints, Scan, ScanState
from watcher.store.baselines import numbers_at
from watcher.store.columns import expression
from watcher.store.connection import Connection, Row, chunks, listed
from watcher.store.listing import Listing, Seen
from watcher.store.packing import positions
from watcher.store.recording import Recorded, had_proof
from watcher.store.scanrows import COLUMNS, PROVES, TABLES, ScanRow, scan_row

_STORED_TEXTS = tuple(text.name for text in TEXTS)
_SCAN = f"SELECT {COLUMNS}, s.mark, s.products FROM {TABLES}"


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a watch's scan found of one product.

    ``scan`` is as it was recorded, ``row`` and ``recorded`` are the same cut to this product:
    its texts are those of today, for older ones are not kept.
    """

    scan: ScanRow
    row: Scan
    recorded: Recorded


def newest_scan(db: Connection, watch: str) -> ScanRow | None:
    """The watch's newest scan that read something, or all of an empty list."""
    return next((scan for scan, _, _ in _scans(db, watch)), None)


def sighting(db: Connection, watch: str, product: int) -> Sighting | None:
    """The watch's newest scan that saw ``product``; None where it never did, or it is pruned."""
    row = db.one("SELECT seen, size FROM watches WHERE watch = ?", (watch,))
    if row is None:
        return None
    last = int(Seen.unpack(*row).last(np.array([product]))[0])
    found = next(_scans(db, watch, last), None) if last else None
    if found is None:
        return None
    scan, mark, listing = found
    place = int(positions(listing.products, np.array([product]))[0])
    if place < 0:
        return None
    first = bool(listing.previous[place] == 0)
    recorded = Recorded(
        scan.id, np.array([product]), np.array([first]), had_proof(db, watch, scan.id), 0
    )
    return Sighting(scan, _row(db, scan, product, int(listing.ranks[place]), mark), recorded)


def whole(db: Connection, watch: str, fields: Sequence[str], limit: int) -> Iterator[Sighting]:
    """The watch's newest scans with all that they listed, the newest first.

    Of the numbers only ``fields`` are read; the others have no value. Texts are those of today.
    """
    for scan, mark, listing in islice(_scans(db, watch), limit):
        products = listing.products
        numbers = np.full((len(products), len(NUMERIC_NAMES)), np.nan)
        columns = [NUMERIC_INDEX[name] for name in fields]
        marks = np.full(len(products), mark, np.int64)
        numbers[:, columns] = numbers_at(db, products, marks, fields)
        texts = _texts(db, products)
        ids = tuple(str(text) for text in texts["product_id"])
        had_complete = had_proof(db, watch, scan.id)
        recorded = Recorded(scan.id, products, listing.previous == 0, had_complete, 0)
        yield Sighting(scan, _cut(scan, ids, listing.ranks, numbers, texts), recorded)


def absence(scan: ScanRow) -> Sighting:
    """The same of a scan that did not list the product: without a row, as after an empty list.

    A product's first time plays no part in it.
    """
    keys = np.zeros(0, np.int64)
    recorded = Recorded(scan.id, keys, np.zeros(0, np.bool_), had_complete=True, changed=0)
    numbers = np.zeros((0, len(NUMERIC_NAMES)))
    texts: dict[str, tuple[str | None, ...]] = dict.fromkeys(_STORED_TEXTS, ())
    return Sighting(scan, _cut(scan, (), keys, numbers, texts), recorded)


def named(db: Connection, part: str, region: str | None, limit: int) -> list[tuple[str, str, str]]:
    """Region, id and name of products whose name has ``part`` in it, capitals or not."""
    wanted, found = part.casefold(), []
    # By Python, for SQLite knows the capitals of English letters only.
    for each in db.execute(
        "SELECT region, product_id, product_name FROM products "
        "WHERE product_name IS NOT NULL AND (?1 IS NULL OR region = ?1) ORDER BY id",
        (region,),
    ):
        if wanted in each[2].casefold():
            found.append(each)
            if len(found) == limit:
                break
    return found


def ranks(
    db: Connection, watch: str, product: int, since: Instant
) -> Iterator[tuple[Instant, int | None]]:
    """The product's place at each of the watch's scans since then, the oldest first.

    None is a scan that did not list it and proves an absence; any other is left out then.
    """
    last_product = db.number("SELECT max(id) FROM products")
    for at, size, proves, blob in db.execute(
        f"SELECT at, size, {PROVES}, products FROM scans AS s WHERE watch = ? AND at >= ? "
        "ORDER BY at, id",
        (watch, since),
    ):
        rank = Listing.rank_of(product, blob, size, last_product)
        if rank:
            yield at, rank
        elif proves:
            yield at, None


def _scans(
    db: Connection, watch: str, scan_id: int | None = None
) -> Iterator[tuple[ScanRow, Instant, Listing]]:
    """The newest first, or the one of that id."""
    for *row, mark, blob in db.execute(
        f"{_SCAN} WHERE s.watch = ?1 AND s.state <> ?2 AND (?3 IS NULL OR s.id = ?3) "
        "ORDER BY s.id DESC",
        (watch, ScanState.FAILED.value, scan_id),
    ):
        scan = scan_row(tuple(row))
        yield scan, mark, Listing.unpack(blob, scan.products, scan.id)


def _texts(db: Connection, products: Ints) -> dict[str, tuple[str | None, ...]]:
    """A column for each text, in the order of ``products``."""
    found: dict[int, Row] = {}
    for part in chunks(len(products)):
        rows = db.rows(
            f"SELECT p.id, {', '.join(f'p.{name}' for name in _STORED_TEXTS)} "
            "FROM json_each(?) AS w CROSS JOIN products AS p ON p.id = w.value",
            (listed(products[part].tolist()),),
        )
        found.update((row[0], row[1:]) for row in rows)
    rows = [found[product] for product in products.tolist()]
    return {name: tuple(row[place] for row in rows) for place, name in enumerate(_STORED_TEXTS)}


def _row(db: Connection, scan: ScanRow, product: int, rank: int, mark: Instant) -> Scan:
    stored = db.one(f"SELECT {', '.join(_STORED_TEXTS)} FROM products WHERE id = ?", (product,))
    texts = {name: (text,) for name, text in zip(_STORED_TEXTS, stored or (), strict=True)}
    ids = (str(texts["product_id"][0]),)
    return _cut(scan, ids, np.array([rank]), _numbers(db, product, mark), texts)


def _cut(
    scan: ScanRow,
    ids: tuple[str, ...],
    ranks: Ints,
    numbers: Floats,
    texts: Mapping[str, tuple[str | None, ...]],
) -> Scan:
    return Scan(
        watch=scan.watch,
        region=scan.region,
        at=scan.at,
        started=scan.started,
        finished=scan.finished,
        state=scan.state,
        requests=scan.requests,
        pages=scan.pages,
        product_ids=ids,
        ranks=ranks,
        numbers=numbers,
        texts=texts,
        doubt=scan.doubt,
    )


def _numbers(db: Connection, product: int, mark: Instant) -> Floats:
    """(1, 88) the numbers in force at a scan's mark."""
    row = db.one(
        f"SELECT {', '.join(expression(name) for name in NUMERIC_NAMES)} FROM observations AS o "
        "WHERE o.product = ? AND o.at <= ? ORDER BY o.at DESC LIMIT 1",
        (product, mark),
    )
    return np.array([row or (None,) * len(NUMERIC_NAMES)], np.float64)
