"""Texts of products over time. A short one that is replaced is kept in ``former_texts``, up to the
scan that replaced it; what is made of the long ones stands in ``made_texts``, each from the scan on
that read it first. Rows are written only where a text changed.

That a scan lacks a text says nothing of it: the known one stays. For texts that rules hold against
the past it is noted who lacked them, and of those made of long ones that they were read at all."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from watcher.attributes import MADE, TEXT_OF, normal, numbers_of
from watcher.fields import TEXTS
from watcher.model import Floats, Instant, Ints, LastTexts, Scan
from watcher.store.nul import clean_all
from watcher.store.packing import pack, unpack
from watcher.store.records import TextChange
from watcher.store.sql.connection import Connection, chunks

_MARKS = 1 << 32  # more than there are seconds
_KEPT_WHOLE = ("product_id", "region")  # never another
_STORED = tuple(text.name for text in TEXTS)


class TextTimeline:
    """A text of some products from the mark ``since`` on."""

    def __init__(self, db: Connection, products: Ints, name: str, since: int = 0) -> None:
        segments = made_segments if name in MADE else _short_segments
        owners, begins, texts = list[int](), list[int](), list[str | None]()
        for product, begin, text in segments(db, products, name, since):
            owners.append(product)
            begins.append(begin)
            texts.append(text)
        keys = np.array(owners, np.int64) * _MARKS + np.array(begins, np.int64)
        order = np.argsort(keys, kind="stable")
        self._keys = keys[order]
        self._texts = _objects([*(texts[place] for place in order.tolist()), None])  # -1: nothing

    def at(self, products: Ints, marks: Ints) -> NDArray[Any]:
        """(n,) the text of each product that was known at its mark; None for none."""
        return np.asarray(self._texts[self._places(products, marks)])

    def numbers(self, name: str) -> TextNumbers:
        """The numbers of that name in these texts."""
        return TextNumbers(self._keys, numbers_of(name, self._texts.tolist()))

    def _places(self, products: Ints, marks: Ints) -> Ints:
        return _in_force(self._keys, products, marks)


class TextNumbers:
    """A number that is read of a text, over time."""

    def __init__(self, keys: Ints, values: Floats) -> None:
        self._keys = keys
        self._values = values  # the last, which -1 finds, is of no text

    @classmethod
    def read(cls, db: Connection, products: Ints, name: str, since: int = 0) -> TextNumbers:
        """The numbers of that name from a mark on."""
        return TextTimeline(db, products, TEXT_OF[name], since).numbers(name)

    def at(self, products: Ints, marks: Ints | int) -> Floats:
        """(n,) the number of each product at its mark, or all at one; NaN for none."""
        return np.asarray(self._values[_in_force(self._keys, products, marks)])


def _in_force(keys: Ints, products: Ints, marks: Ints | int) -> Ints:
    """(n,) where the newest segment of each product at or before its mark stands; -1: nowhere."""
    if not len(keys):
        return np.full(len(products), -1, np.int64)
    places = np.searchsorted(keys, products * _MARKS + marks, side="right") - 1
    return np.where((places >= 0) & (keys[places] // _MARKS == products), places, -1)


def _objects(texts: Sequence[str | None]) -> NDArray[Any]:
    found = np.empty(len(texts), object)
    found[:] = texts
    return found


def _short_segments(
    db: Connection, products: Ints, name: str, since: int
) -> Iterator[tuple[int, int, str | None]]:
    """Product, the mark from which on a text was in force, and the text."""
    begins = dict[int, int]()
    for until, product, text in _former(db, products, name, since):
        yield product, begins.get(product, 0), text
        begins[product] = until
    for part in chunks(len(products)):
        for product, text in db.rows(
            f"SELECT p.id, p.{name} FROM {db.dialect.rows_of()} {db.dialect.join} products AS p "
            "ON p.id = w.value",
            (db.dialect.listed(products[part].tolist()),),
        ):
            yield product, begins.get(product, 0), text


def _former(
    db: Connection, products: Ints, name: str, since: int
) -> Iterator[tuple[int, int, str | None]]:
    """Texts that were replaced after the mark ``since``, the oldest first, and when."""
    if name in _KEPT_WHOLE:
        return
    quoted = f'"{name}"'
    for until, product, texts in db.rows(
        "SELECT until, product, texts FROM former_texts WHERE until > ?1 "
        f"AND product IN {db.dialect.among('?2')} ORDER BY until",
        (since, db.dialect.listed(products.tolist())),
    ):
        if quoted in texts and name in (former := msgspec.json.decode(texts)):
            yield until, product, former[name]


def made_segments(
    db: Connection, products: Ints, name: str, _since: int = 0
) -> Iterator[tuple[int, int, str | None]]:
    """Yield what ``_short_segments`` does, of a text that is made of long ones."""
    for product, at, packed in db.rows(
        "SELECT product, at, packed FROM made_texts "
        f"WHERE name = ?1 AND product IN {db.dialect.among('?2')}",
        (name, db.dialect.listed(products.tolist())),
    ):
        yield product, at, _unpacked(packed)


class StoredTexts(Mapping[str, Sequence[str | None]]):
    """Texts of some products as the scan of a mark left them, each read when it is asked for."""

    def __init__(self, db: Connection, products: Ints, mark: int, scan_id: int) -> None:
        self._db = db
        self._products = products
        self._mark = mark
        self._scan = scan_id
        self._read = dict[str, tuple[str | None, ...]]()

    def __getitem__(self, name: str) -> tuple[str | None, ...]:
        if name not in self._read:
            if name not in _STORED and name not in MADE:
                raise KeyError(name)
            marks = np.full(len(self._products), self._mark, np.int64)
            found = TextTimeline(self._db, self._products, name, self._mark)
            texts = found.at(self._products, marks)
            if name not in _KEPT_WHOLE:
                texts[lacking(self._db, self._scan, name, self._products)] = None
            self._read[name] = tuple(texts.tolist())
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter((*_STORED, *MADE))

    def __len__(self) -> int:
        return len(_STORED) + len(MADE)


# ------------------------------------------------------------------ recording


def record_made(db: Connection, scan: Scan, products: Ints, mark: int) -> None:
    """Write what was made of the long texts, where that says something else than before."""
    for name in MADE:
        if name in scan.texts:
            texts = dict(zip(products.tolist(), clean_all(scan.texts[name]), strict=True))
            _record(db, name, {key: text for key, text in texts.items() if text is not None}, mark)


def _record(db: Connection, name: str, texts: Mapping[int, str], mark: int) -> None:
    given = {key: blake2b(text.encode(), digest_size=8).digest() for key, text in texts.items()}
    stored = dict(_newest(db, name, given, "digest"))
    moved = [key for key, digest in given.items() if stored.get(key) != digest]
    # Where only capitals or spaces are others, what is stored stands.
    for key, packed in _newest(db, name, [key for key in moved if key in stored], "packed"):
        if normal(name, _unpacked(packed)) == normal(name, texts[key]):
            del given[key]
    db.many(
        "INSERT INTO made_texts (product, name, at, digest, packed) VALUES (?, ?, ?, ?, ?)",
        (
            (key, name, mark, given[key], zlib.compress(texts[key].encode()))
            for key in moved
            if key in given
        ),
    )


def _newest(
    db: Connection, name: str, products: Iterable[int], column: str
) -> Iterator[tuple[int, bytes]]:
    """A column of the newest row of each of the products that have one."""
    for product, value in db.rows(
        f"SELECT w.value, m.{column} FROM {db.dialect.rows_of('?1')} {db.dialect.join} made_texts "
        "AS m ON m.product = w.value AND m.name = ?2 AND m.at = (SELECT max(n.at) "
        "FROM made_texts AS n WHERE n.product = w.value AND n.name = ?2)",
        (db.dialect.listed(products), name),
    ):
        yield product, bytes(value)


def _unpacked(packed: bytes) -> str:
    return zlib.decompress(packed).decode()


def record_lacks(db: Connection, scan: Scan, scan_id: int, products: Ints) -> None:
    """Note who lacks a text that rules follow, and that one made of long texts was read."""
    for name in sorted(scan.followed | {name for name in MADE if name in scan.texts}):
        texts = scan.texts.get(name)
        if texts is None:
            continue
        missing = np.array([text is None for text in texts], np.bool_)
        if missing.any() or name in MADE:
            keys = products[missing] if len(products) else products
            db.execute(
                "INSERT INTO lacking_texts (scan, name, size, products) VALUES (?, ?, ?, ?)",
                (scan_id, name, len(keys), pack(keys)),
            )


def lacking(db: Connection, scan_id: int, name: str, products: Ints) -> NDArray[np.bool_]:
    """(n,) whom a scan gave no such text. All, of one that is made of long ones it did not read."""
    row = db.one(
        "SELECT size, products FROM lacking_texts WHERE scan = ? AND name = ?", (scan_id, name)
    )
    if row is None:
        return np.full(len(products), name in MADE, np.bool_)
    return np.isin(products, unpack(row[1], 1, row[0])[0])


# ------------------------------------------------------------------ baselines


class LastTextReader:
    """Texts as a watch knew them last before a scan. ``before`` gives the scan (by id, 0 for none)
    in which the watch saw each of some products of a scan before, as the scan that looks back
    believes it."""

    def __init__(self, db: Connection, before: Callable[[int, Ints], Ints]) -> None:
        self._db = db
        self._before = before

    def read(
        self,
        scan_id: int,
        products: Ints,
        name: str,
        now: Sequence[str | None],
        not_before: Instant,
    ) -> LastTexts:
        """``now`` are the texts at the scan ``scan_id``, of its ``products``: what did not change
        since is taken from there."""
        nothing = LastTexts([None] * len(products), np.zeros(len(products), np.int64))
        if not len(products) or (name in MADE and not self._was_read(name, scan_id, not_before)):
            return nothing
        previous = self._with_text(name, scan_id, products, not_before)
        ids, groups = np.unique(previous, return_inverse=True)
        ats, marks = (column[groups] for column in scan_times(self._db, ids))
        values = [text if mark else None for text, mark in zip(now, marks.tolist(), strict=True)]
        known = np.flatnonzero(marks)
        if len(known):
            mark = self._db.number("SELECT mark FROM scans WHERE id = ?", (scan_id,))
            since = int(marks[known].min())
            changed = known[np.isin(products[known], self._changed(name, since, mark))]
            line = TextTimeline(self._db, products[changed], name, since)
            for row, text in zip(
                changed.tolist(), line.at(products[changed], marks[changed]).tolist(), strict=True
            ):
                values[row] = text
        return LastTexts(values, ats)

    def _changed(self, name: str, since: int, upto: int) -> Ints:
        """Products of which such a text may be another one by then."""
        sql = "SELECT DISTINCT product FROM former_texts WHERE until > ? AND until <= ?"
        values: tuple[object, ...] = since, upto
        if name in MADE:
            sql = "SELECT product FROM made_texts WHERE at > ? AND at <= ? AND name = ?"
            values = since, upto, name
        return np.array([product for (product,) in self._db.rows(sql, values)], np.int64)

    def _was_read(self, name: str, scan_id: int, not_before: Instant) -> bool:
        """Whether an earlier scan of the watch read what the text is made of."""
        return self._db.has(
            "SELECT 1 FROM lacking_texts AS l JOIN scans AS s ON s.id = l.scan "
            "WHERE l.name = ?1 AND s.id < ?2 AND s.at >= ?3 "
            "AND s.watch = (SELECT watch FROM scans WHERE id = ?2)",
            (name, scan_id, not_before),
        )

    def _with_text(self, name: str, scan_id: int, products: Ints, not_before: Instant) -> Ints:
        """(n,) the last scan that saw each and gave such a text, not older; 0 for none."""
        previous, lacks = self._before(scan_id, products), dict[int, Ints | None]()
        asked, moved = {0}, True
        while moved:
            ids, moved = np.unique(previous), False
            ats, _ = scan_times(self._db, ids)
            previous[np.isin(previous, ids[ats < not_before])] = 0
            fresh = [each for each in ids[ats >= not_before].tolist() if each not in asked]
            asked |= {*fresh}
            lacks |= self._lacking(name, fresh)
            for found in sorted(lacks.keys() & {*ids.tolist()}):
                keys, rows = lacks[found], np.flatnonzero(previous == found)
                rows = rows if keys is None else rows[np.isin(products[rows], keys)]
                if len(rows):
                    previous[rows], moved = self._before(found, products[rows]), True
        return previous

    def _lacking(self, name: str, scans: Sequence[int]) -> dict[int, Ints | None]:
        """The products that lack such a text, by scan; None is all."""
        rows = self._db.rows(
            "SELECT scan, size, products FROM lacking_texts WHERE name = ?1 "
            f"AND scan IN {self._db.dialect.among('?2')}",
            (name, self._db.dialect.listed(scans)),
        )
        found: dict[int, Ints | None] = dict.fromkeys(scans) if name in MADE else {}
        return found | {scan: unpack(blob, 1, size)[0] for scan, size, blob in rows}


def scan_times(db: Connection, ids: Ints) -> tuple[Ints, Ints]:
    """``at`` and ``mark`` of each scan; 0 for one that is pruned."""
    times = np.zeros((2, len(ids)), np.int64)
    for key, at, mark in db.execute(
        f"SELECT w.key, s.at, s.mark FROM {db.dialect.rows_of()} {db.dialect.join} scans AS s "
        "ON s.id = w.value",
        (db.dialect.listed(ids.tolist()),),
    ):
        times[:, key] = at, mark
    return times[0], times[1]


# ------------------------------------------------------------------ for people


def changes_of(db: Connection, product: int, since: Instant) -> list[TextChange]:
    """A product's texts as they were and became since then, the newest first."""
    keys = np.array([product], np.int64)
    found = list[TextChange]()
    for name in (*_STORED, *MADE):
        segments = made_segments if name in MADE else _short_segments
        texts = sorted(segments(db, keys, name, since), key=lambda each: each[1])
        for (_, _, was), (_, at, now) in pairwise(texts):
            if at > since and _says(name, was) != _says(name, now):
                found.append(TextChange(at, name, was, now))
    return sorted(found, key=lambda each: -each.at)


def _says(name: str, text: str | None) -> str:
    return normal(name, text or "")
