"""A scan into the store: products, changed numbers, texts, and the list of who was seen."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import TypeVar

import msgspec
import numpy as np
from msgspec import Struct

from watcher.fields import NUMERIC_NAMES
from watcher.model import Floats, Instant, Ints, LongTexts, Scan, ScanState
from watcher.source.skus import skus_of
from watcher.store.columns import digests, encode
from watcher.store.nul import clean, clean_all
from watcher.store.packing import EMPTY, LastSeen, PackedList
from watcher.store.records import Recorded, Row, TextChange
from watcher.store.sql import day_lists, text_history
from watcher.store.sql.asked import asked_before, note_asked
from watcher.store.sql.connection import Connection, Face, chunks
from watcher.store.sql.dialect import TEXT
from watcher.store.sql.scans import PROVES

# An absent name is no news, so the old one stays; an absent discount means there is none.
_KEPT = ("seller_id", "product_name", "category_id", "category_l2_id", "category_l3_id")
TEXTS = (*_KEPT, "discount")
_TEXT_COLUMNS = ", ".join(TEXTS)
Texts = tuple[str | None, ...]
T = TypeVar("T")
PRODUCT_COLUMNS = (
    "id", "region", "product_id", *TEXTS, "first_seen", "last_changed", "newest", "digest",
)  # fmt: skip
# Columns of a scan that have its own values.
_AS_IT_IS = "watch", "region", "at", "started", "finished", "state", "requests", "pages"
_NOBODY = 0
ANY_REGION = ""  # of a watch whose products may be of several
_NAMES = ("cover_url", "desc_detail", "sale_props", "skus")
_LONG_COLUMNS = "product", "changed", "read", "meaning", "packed"
_QUERY = re.compile(r"""(https?://[^\s"'<>?\\]+)\?[^\s"'<>\\]*""")


class _Stored(Struct):
    """The store's knowledge of a piece's products: key 0, no texts where it is new."""

    keys: Ints
    digests: Ints
    first_seen: Ints
    texts: list[Texts]


class Recording(Face):
    """Scans into the store."""

    _part = 2_000  # products at once

    def record(self, scan: Scan) -> Recorded:
        """Stores a scan of any state; numbers only of products of which some number changed."""
        with self._db.atomic():
            last_id, last_mark = self._db.one(
                "SELECT id, mark FROM scans ORDER BY id DESC LIMIT 1"
            ) or (0, 0)
            scan_id, mark = last_id + 1, max(scan.at, last_mark + 1)
            had_complete = had_proof(self._db, scan.watch, scan_id)
            first_row = self._db.number(self._sql.next_id("observations"))
            products, changed = self._record_products(scan, first_row, mark)
            previous = _record_seen(self._db, scan, scan_id, products)
            fresh = previous == 0
            if scan.asked is not None:
                fresh[fresh] = asked_before(self._db, scan.watch, scan_id, products[fresh])
                note_asked(self._db, scan, scan_id)
            listing = PackedList(products, scan.ranks.astype(np.int64), previous)
            _record_scan(self._db, scan, (scan_id, mark, first_row, changed), listing)
            day_lists.note(self._db, scan, scan_id, products)
            _record_long_texts(self._db, scan, products)
            text_history.record_made(self._db, scan, products, mark)
            text_history.record_lacks(self._db, scan, scan_id, products)
        appears = had_complete and not scan.cut
        return Recorded(scan_id, products, fresh, appears, changed, scan.facts)

    def _record_products(self, scan: Scan, first_row: int, mark: int) -> tuple[Ints, int]:
        """Keys of the scan's products, and how many rows of numbers were written."""
        keys = np.zeros(len(scan), np.int64)
        next_key, next_row = self._db.number(self._sql.next_id("products")), first_row
        # In parts: the rows of a large scan, all at once as Python objects, would fill the memory.
        for part, piece in self._pieces(scan):
            known = _look_up(self._db, piece)
            fresh = known.keys == 0
            self._update_known(piece, known, mark)
            known.keys[fresh] = next_key + np.arange(int(fresh.sum()))
            changed = fresh | (piece.digests != known.digests)
            rows = np.zeros(len(fresh), np.int64)
            rows[changed] = next_row + np.arange(int(changed.sum()))
            self._insert_products(piece, known.keys, rows, np.flatnonzero(fresh))
            self._insert_observations(piece, known.keys, rows, mark)
            moved = changed & ~fresh
            self._renew(rows[moved], piece.digests[moved], known.keys[moved])
            keys[part] = known.keys
            next_key, next_row = next_key + int(fresh.sum()), next_row + int(changed.sum())
        return keys, next_row - first_row

    def _pieces(self, scan: Scan) -> Iterator[tuple[slice | Ints, Piece]]:
        """The scan in parts, each of one region, and their places in it."""
        for part in chunks(len(scan), self._part):
            here = scan.regions[part]
            if not scan.regions or here.count(here[0]) == len(here):
                yield part, Piece.of(scan, part, here[0] if here else scan.region)
                continue
            for region in dict.fromkeys(here):
                places = part.start + np.flatnonzero(np.array(here) == region)
                yield places, Piece.of(scan, places, region)

    def _update_known(self, piece: Piece, known: _Stored, mark: Instant) -> None:
        changed = [*_changed_texts(known, piece.texts)]
        if changed:
            self._renew_texts([(key, texts) for key, _, texts in changed], piece.at)
            former = ((mark, key, _former(old, texts)) for key, old, texts in changed)
            self._db.many(
                "INSERT INTO former_texts (until, product, texts) VALUES (?, ?, ?)", former
            )
        # A slow scan may be recorded after one that began later.
        late = (known.first_seen > piece.at) & (known.keys > 0)
        self._db.many(
            "UPDATE products SET first_seen = ? WHERE id = ?",
            ((piece.at, key) for key in known.keys[late].tolist()),
        )

    def _renew_texts(self, changed: Sequence[tuple[int, Texts]], at: Instant) -> None:
        """Texts of known products, as they were read at a time."""
        assignments = ", ".join(f"{name} = ?" for name in TEXTS)
        self._db.many(
            f"UPDATE products SET {assignments}, last_changed = ? WHERE id = ?",
            ((*texts, at, key) for key, texts in changed),
        )

    def _insert_products(self, piece: Piece, keys: Ints, rows: Ints, fresh: Ints) -> None:
        """``keys`` and ``rows`` (n,) are the piece's, ``fresh`` the places of its new products."""
        self._db.many(
            f"INSERT INTO products ({', '.join(PRODUCT_COLUMNS)}) "
            f"VALUES ({', '.join('?' * len(PRODUCT_COLUMNS))})",
            new_products(piece, keys, rows, fresh),
        )

    def _insert_observations(self, piece: Piece, keys: Ints, rows: Ints, mark: Instant) -> None:
        """``rows`` has the number of each product's new row; 0 where it needs none."""
        changed = np.flatnonzero(rows)
        heads = np.column_stack([rows, keys])[changed].tolist()
        numbers = piece.numbers[changed]
        used = used_columns(numbers)
        columns = "".join(f', "{NUMERIC_NAMES[index]}"' for index in used.tolist())
        self._db.many(
            f"INSERT INTO observations (id, product, at{columns}) "
            f"VALUES (?, ?, ?{', ?' * len(used)})",
            (
                (row, key, mark, *values)
                for (row, key), values in zip(heads, encode(numbers, used), strict=True)
            ),
        )

    def _renew(self, rows: Ints, digests: Ints, keys: Ints) -> None:
        """The newest row of each known product that changed, and the digest of its numbers."""
        self._db.many(
            "UPDATE products SET newest = ?, digest = ? WHERE id = ?",
            np.column_stack([rows, digests, keys]).tolist(),
        )

    def text_changes(self, product: int, since: Instant) -> list[TextChange]:
        """A product's texts as they were and became since then, the newest first."""
        return text_history.changes_of(self._db, product, since)

    def note_seen(self, watch: str, scan_id: int, products: Ints) -> None:
        """These were found for a watch by another's scan: where a scan of its own had not seen
        them, they are not new to it any more."""
        row = self._db.one("SELECT seen, size FROM watches WHERE watch = ?", (watch,))
        seen = LastSeen.unpack(*row) if row else LastSeen(EMPTY, EMPTY)
        after = seen.with_scan(scan_id, products[seen.last(products) == 0])
        self._db.execute(
            "INSERT INTO watches (watch, region, size, seen) "
            "SELECT CAST(?1 AS TEXT), region, ?2, ?3 FROM scans WHERE id = ?4 "
            "ON CONFLICT (watch) DO UPDATE SET size = excluded.size, seen = excluded.seen",
            (watch, len(after.products), after.pack(), scan_id),
        )

    def texts_known_since(self) -> Instant | None:
        """Since when replaced texts are stored; None where that is always."""
        return (
            self._db.number("SELECT max(until) FROM former_texts WHERE product = ?", (_NOBODY,))
            or None
        )


def had_proof(db: Connection, watch: str, before: int) -> bool:
    """Whether a scan of the watch before the scan ``before`` proves an absence."""
    complete = "SELECT EXISTS (SELECT 1 FROM scans AS s WHERE watch = ? AND id < ? AND {})"
    asked = ("s.state = 'complete'", PROVES)
    return all(db.number(complete.format(which), (watch, before)) for which in asked)


class Piece(Struct, frozen=True):
    """Some products of a scan, in its order; ``texts`` has a tuple in the order of ``TEXTS``."""

    region: str
    at: Instant
    ids: tuple[str, ...]
    numbers: Floats
    digests: Ints
    texts: list[Texts]

    @classmethod
    def of(cls, scan: Scan, part: slice | Ints, region: str) -> Piece:
        """The piece at some places of the scan, all of which are of that region."""
        ids, numbers = _taken(scan.product_ids, part), scan.numbers[part]
        columns = (
            _taken(scan.texts[name], part) if scan.texts.get(name) else (None,) * len(ids)
            for name in TEXTS
        )
        texts = list(zip(*map(clean_all, columns), strict=True))
        return cls(region, scan.at, ids, numbers, digests(numbers), texts)


def _taken(column: Sequence[T], part: slice | Ints) -> tuple[T, ...]:
    if isinstance(part, slice):
        return tuple(column[part])
    return tuple(column[place] for place in part.tolist())


def _look_up(db: Connection, piece: Piece) -> _Stored:
    size = len(piece.ids)
    keys, seen_digests, first_seen = np.zeros((3, size), np.int64)
    known = _Stored(keys, seen_digests, first_seen, texts=[()] * size)
    rows = db.rows(
        f"SELECT w.key, p.id, p.digest, p.first_seen, {_TEXT_COLUMNS} "
        f"FROM {db.dialect.rows_of(sort=TEXT)} "
        f"{db.dialect.join} products AS p ON p.region = ? AND p.product_id = w.value",
        (db.dialect.listed(piece.ids), piece.region),
    )
    if rows:
        places, *columns = np.array([row[:4] for row in rows], np.int64).T
        keys[places], seen_digests[places], first_seen[places] = columns
        for row in rows:
            known.texts[row[0]] = row[4:]
    return known


def _changed_texts(known: _Stored, given: Sequence[Texts]) -> Iterator[tuple[int, Texts, Texts]]:
    """Key, texts and new texts of the known products of which one changed."""
    for key, old, read in zip(known.keys.tolist(), known.texts, given, strict=True):
        if old and old != read and (new := _merged(old, read)) != old:
            yield key, old, new


def _merged(old: Texts, read: Texts) -> Texts:
    kept = (was if now is None else now for was, now in zip(old[:-1], read[:-1], strict=True))
    return (*kept, read[-1])


def _former(old: Texts, new: Texts) -> str:
    """The texts that are replaced, by name, as JSON."""
    columns = zip(TEXTS, old, new, strict=True)
    replaced = {name: was for name, was, now in columns if was != now}
    return msgspec.json.encode(replaced).decode()


def new_products(piece: Piece, keys: Ints, rows: Ints, fresh: Ints) -> Iterator[Row]:
    """Rows of ``PRODUCT_COLUMNS``."""
    for place, key, newest, digest in np.column_stack(
        [fresh, keys[fresh], rows[fresh], piece.digests[fresh]]
    ).tolist():
        texts = piece.texts[place]
        yield key, piece.region, piece.ids[place], *texts, piece.at, piece.at, newest, digest


def used_columns(numbers: Floats) -> Ints:
    """The numeric fields that somebody has a value of: a column without any is not written, for a
    replay has few, and is faster so."""
    return np.flatnonzero(~np.isnan(numbers).all(axis=0))


def _record_seen(db: Connection, scan: Scan, scan_id: int, products: Ints) -> Ints:
    """The scan in which this watch saw each product last before; 0 for never."""
    if not len(products):
        return EMPTY
    row = db.one("SELECT seen, size FROM watches WHERE watch = ?", (scan.watch,))
    seen = LastSeen.unpack(*row) if row else LastSeen(EMPTY, EMPTY)
    previous = seen.last(products)
    after = seen.with_scan(scan_id, products)
    region = scan.region if scan.of_market else ANY_REGION
    db.execute(
        "INSERT INTO watches (watch, region, size, seen) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (watch) DO UPDATE SET size = excluded.size, seen = excluded.seen",
        (scan.watch, region, len(after.products), after.pack()),
    )
    return previous


def _record_scan(
    db: Connection, scan: Scan, made: tuple[int, int, int, int], listing: PackedList
) -> None:
    scan_id, mark, first_row, changed = made
    given = {name: getattr(scan, name) for name in _AS_IT_IS} | {
        "id": scan_id, "mark": mark, "size": len(scan), "first_row": first_row, "rows": changed,
        "interrupted": int(scan.interrupted),
        "error": clean(scan.error), "products": listing.pack(scan_id),
        "problems": msgspec.json.encode([clean(text) for text in scan.problems]).decode(),
    }  # fmt: skip
    if not scan.of_market:
        given["cut"] = int(scan.cut)
    if (facts := scan.facts) is not None:
        given |= {"list_day": facts.day, "list_idle": facts.idle, "list_sparse": int(facts.sparse)}
    db.execute(
        f"INSERT INTO scans ({', '.join(given)}) VALUES ({', '.join('?' * len(given))})",
        [*given.values()],
    )
    if scan.doubt is not None:
        doubt = scan.doubt
        db.execute(
            "INSERT INTO doubts (scan, why, since, turn, believed) VALUES (?, ?, ?, ?, ?)",
            (scan_id, clean(doubt.why), doubt.since, doubt.turn, int(doubt.believed)),
        )
    if depth := _depth(scan):
        db.execute("INSERT INTO depths (scan, places) VALUES (?, ?)", (scan_id, depth))


def _depth(scan: Scan) -> int:
    """Places from the first on that a scan that was cut off read without a gap; else 0, and where
    anything was odd about it: a row that can't be read leaves a place empty. By pages, for a
    product that stood on two of them left a place empty, too."""
    if scan.state is not ScanState.PARTIAL or scan.problems:
        return 0
    pages = np.unique((scan.ranks[scan.ranks > 0] - 1) // scan.page_size)
    return scan.page_size * int(np.count_nonzero(pages == np.arange(len(pages))))


def _record_long_texts(db: Connection, scan: Scan, products: Ints) -> None:
    if not scan.long_texts:
        return
    texts = {
        key: scan.long_texts[product_id]
        for product_id, key in zip(scan.product_ids, products.tolist(), strict=True)
        if product_id in scan.long_texts
    }
    _store_texts(db, texts, scan.at)
    # Of one that names no currency nothing is known anew: NULL differs from nothing.
    db.many(
        "UPDATE products SET currency = ?1 WHERE id = ?2 AND coalesce(currency, '') <> ?1",
        ((currency_of(each.skus), key) for key, each in texts.items()),
    )


def _store_texts(db: Connection, texts: Mapping[int, LongTexts], now: Instant) -> None:
    """Written only where the meaning changed; that they were read is noted in any case."""
    given = {key: meaning(each) for key, each in texts.items() if each != LongTexts()}
    stored: dict[int, bytes] = dict(
        db.rows(
            f"SELECT t.product, t.meaning FROM {db.dialect.rows_of()} "
            f"{db.dialect.join} product_texts AS t ON t.product = w.value",
            (db.dialect.listed(given),),
        )
    )
    same = [key for key, digest in given.items() if stored.get(key) == digest]
    db.many("UPDATE product_texts SET read = ? WHERE product = ?", ((now, key) for key in same))
    changed = sorted(given.keys() - same)
    db.many(
        db.dialect.upsert("product_texts", _LONG_COLUMNS, _LONG_COLUMNS[:1]),
        ((key, now, now, given[key], pack_texts(texts[key])) for key in changed),
    )


def pack_texts(texts: LongTexts) -> bytes:
    """The four texts compressed together, for they share much."""
    return zlib.compress(msgspec.json.encode([clean(getattr(texts, name)) for name in _NAMES]))


def unpack_texts(blob: bytes) -> LongTexts:
    """The four texts again."""
    return LongTexts(*msgspec.json.decode(zlib.decompress(blob), type=list[str | None]))


def meaning(texts: LongTexts) -> bytes:
    """A digest that stays while only the tokens of addresses, spacing or list order move."""
    canonical = [_canonical(clean(getattr(texts, name))) for name in _NAMES]
    return blake2b(msgspec.json.encode(canonical), digest_size=12).digest()


def currency_of(skus: str | None) -> str | None:
    """The currency code of the first variant that names one."""
    found = (sku.currency for sku in skus_of(_decoded(skus)))
    return next((code for code in found if code is not None), None)


def _canonical(text: str | None) -> str | None:
    if text is None:
        return None
    value = _decoded(text)
    if isinstance(value, list) and all(isinstance(part, dict) for part in value):
        value.sort(key=lambda part: str(part.get("index", "")))
    if isinstance(value, (list, dict)):
        text = msgspec.json.encode(value, order="sorted").decode()
    return _QUERY.sub(r"\1", text)


def _decoded(text: str | None) -> object:
    try:
        return msgspec.json.decode(clean(text) or "null")
    except (msgspec.DecodeError, RecursionError):
        return None
