"""Stored scans as they were read, whole or cut to some products: to look back at a judgement."""

# ruff: noqa: S608 - statements are put together from our own names only, never from values

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from watcher.fields import NUMERIC_INDEX, NUMERIC_NAMES, TEXTS
from watcher.model import Floats, Instant, Ints, Listed, Scan, ScanState
from watcher.store.packing import positions
from watcher.store.sql.baselines import numbers_at
from watcher.store.sql.listing import LastSeen, PackedList
from watcher.store.sql.recording import Recorded, had_proof
from watcher.store.sql.scanrows import COLUMNS, PROVES, TABLES, ScanRow, scan_row
from watcher.store.sqlite.connection import Connection, chunks, listed
from watcher.store.sqlite.dialect import rows_of

_STORED_TEXTS = tuple(text.name for text in TEXTS)
_SCAN = f"SELECT {COLUMNS}, s.mark, s.products FROM {TABLES}"


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a watch's scan found of some products.

    ``scan`` is as it was recorded, ``row`` and ``recorded`` are the same cut to these products:
    their texts are those of today, for older ones are not kept.
    """

    scan: ScanRow
    row: Listed
    recorded: Recorded


def newest_scan(db: Connection, watch: str) -> ScanRow | None:
    """The watch's newest scan that read something, or all of an empty list."""
    return next((scan for scan, _, _ in _scans(db, watch)), None)


def newest_sighting(db: Connection, watch: str, products: Ints) -> Sighting | None:
    """That scan, cut to those of the products that it lists; None where there is none."""
    found = next(_scans(db, watch), None)
    return _sighting(db, watch, found, products) if found is not None else None


def sighting(db: Connection, watch: str, product: int) -> Sighting | None:
    """The watch's newest scan that saw ``product``; None where it never did, or it is pruned."""
    return next(sightings(db, watch, np.array([product])), None)


def sightings(db: Connection, watch: str, products: Ints) -> Iterator[Sighting]:
    """The same of several products: some after others, those that were seen last first."""
    row = db.one("SELECT seen, size FROM watches WHERE watch = ?", (watch,))
    if row is None:
        return
    last = LastSeen.unpack(*row).last(products)
    for scan_id in np.unique(last[last > 0])[::-1].tolist():
        found = next(_scans(db, watch, scan_id), None)
        seen = _sighting(db, watch, found, products[last == scan_id]) if found else None
        if seen is not None and len(seen.row):
            yield seen


def _sighting(
    db: Connection, watch: str, found: tuple[ScanRow, Instant, PackedList], products: Ints
) -> Sighting:
    scan, mark, listing = found
    places = positions(listing.products, products)
    products, places = products[places >= 0], places[places >= 0]
    first = listing.previous[places] == 0
    recorded = Recorded(scan.id, products, first, had_proof(db, watch, scan.id), 0, scan.facts)
    numbers = numbers_at(db, products, np.full(len(products), mark), NUMERIC_NAMES)
    texts = _texts(db, products)
    ids = tuple(str(each) for each in texts["product_id"])
    return Sighting(scan, _cut(scan, ids, listing.ranks[places], numbers, texts), recorded)


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
        first = listing.previous == 0
        recorded = Recorded(scan.id, products, first, had_complete, 0, scan.facts)
        yield Sighting(scan, _cut(scan, ids, listing.ranks, numbers, texts), recorded)


def absence(scan: ScanRow) -> Sighting:
    """The same of a scan that did not list the product: without a row, as after an empty list.

    A product's first time plays no part in it.
    """
    keys = np.zeros(0, np.int64)
    recorded = Recorded(
        scan.id, keys, np.zeros(0, np.bool_), had_complete=True, changed=0, facts=scan.facts
    )
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
        rank = PackedList.rank_of(product, blob, size, last_product)
        if rank:
            yield at, rank
        elif proves:
            yield at, None


def _scans(
    db: Connection, watch: str, scan_id: int | None = None
) -> Iterator[tuple[ScanRow, Instant, PackedList]]:
    """The newest first, or the one of that id."""
    for *row, mark, blob in db.execute(
        f"{_SCAN} WHERE s.watch = ?1 AND s.state <> ?2 AND (?3 IS NULL OR s.id = ?3) "
        "ORDER BY s.id DESC",
        (watch, ScanState.FAILED.value, scan_id),
    ):
        scan = scan_row(tuple(row))
        yield scan, mark, PackedList.unpack(blob, scan.products, scan.id)


def _texts(db: Connection, products: Ints) -> dict[str, tuple[str | None, ...]]:
    """Each text of the products, as it is today."""
    columns = ", ".join(f"p.{name}" for name in _STORED_TEXTS)
    rows = [
        row
        for part in chunks(len(products))
        for row in db.rows(
            f"SELECT {columns} FROM {rows_of()} "
            "CROSS JOIN products AS p ON p.id = w.value ORDER BY w.key",
            (listed(products[part].tolist()),),
        )
    ]
    return {name: tuple(row[place] for row in rows) for place, name in enumerate(_STORED_TEXTS)}


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
