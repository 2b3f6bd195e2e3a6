"""Values of the past, in bulk: the last observation, the one in force at a time, the last list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from watcher.attributes import TEXT_OF
from watcher.model import OF_LIST, Bools, Floats, Instant, Ints, LastTexts
from watcher.store.packing import EMPTY, LastSeen, PackedList, positions
from watcher.store.records import AFTER_ALL, RANK, Baseline, Row, Window, WindowQuery, of_products
from watcher.store.sql.connection import Connection, Face, chunks
from watcher.store.sql.dialect import TEXT
from watcher.store.sql.text_history import LastTextReader, TextNumbers, scan_times

# Of a scan's row: that the scan of the given id does not doubt it.
BELIEVED = "id NOT IN (SELECT scan FROM jumps WHERE until >= {})"
NEVER = 1 << 61  # up to which a scan is doubted for good: none has so large an id
HALF = NEVER + 1  # of a scan whose data was only half new: it is no baseline, and no jump
# Cells are scans times products: a list's cell takes up to 5 bytes, a value's 8 for each field.
_LISTED_CELLS = 32_000_000
_VALUE_CELLS = 1_000_000
_LATEST = 1 << 62
_FEW = 8  # products that are looked for in a list one by one
# Products of one scan, for which all that it wrote is read, but not so many times as much.
_MANY, _SPARE = 500, 4


def of_regions(db: Connection, select: str, where: str, *, several: bool) -> str:
    """Scans of the regions of ?2, by time; and those of shops and lookups, whose products may be of
    any region. ``select`` is all up to the table, ``where`` further conditions."""
    here = f"region IN {db.dialect.among('?2', TEXT)}" if several else "region = ?2"
    return (
        f"{select} FROM scans {db.dialect.by_time} WHERE {here} AND {where} UNION ALL "
        f"{select} FROM scans WHERE cut IS NOT NULL AND NOT {here} AND {where}"
    )


def regions_of(db: Connection, regions: Sequence[str]) -> object:
    """The parameter ?2 of ``of_regions``."""
    return db.dialect.listed(regions) if len(regions) > 1 else regions[0]


class Baselines(Face):
    """Values of the past, in bulk."""

    def last(
        self, watch: str, scan_id: int, products: Ints, fields: Sequence[str],
        not_before: Instant = 0, *, doubted: bool = False,
    ) -> Baseline:  # fmt: skip
        baseline = Baseline.nothing(len(products), fields)
        row = self._db.one(
            "SELECT products, size, id FROM scans WHERE id = ? AND watch = ?", (scan_id, watch)
        )
        if row is None:
            return baseline
        previous = PackedList.unpack(*row).seen_before(products)
        if not doubted:
            previous = _believed(self._db, scan_id, products, previous)
        ids, groups = np.unique(previous, return_inverse=True)
        ats, marks = scan_times(self._db, ids)
        known = ats >= not_before
        ats, marks = np.where(known, ats, 0), np.where(known, marks, 0)
        baseline.at[:] = ats[groups]
        _fill_numbers(self._db, baseline, products, marks[groups], fields)
        if RANK in fields:
            column = fields.index(RANK)
            for group in np.flatnonzero(known).tolist():
                rows, found = (
                    np.flatnonzero(groups == group),
                    stored_scan(self._db, int(ids[group]))[2],
                )
                baseline.values[rows, column] = found.ranks_of(products[rows])
        return baseline

    def last_texts(
        self, scan_id: int, products: Ints, name: str, now: Sequence[str | None],
        not_before: Instant,
    ) -> LastTexts:  # fmt: skip
        def before(scan: int, wanted: Ints) -> Ints:
            found = stored_scan(self._db, scan)[2].seen_before(wanted)
            return _believed(self._db, scan_id, wanted, found)

        reader = LastTextReader(self._db, before)
        return reader.read(scan_id, products, name, now, not_before)

    def ago(
        self, watch: str, products: Ints, at: Instant, not_before: Instant, fields: Sequence[str],
        *, scan_id: int = AFTER_ALL, regions: Sequence[str] = (),
    ) -> Baseline:  # fmt: skip
        # ``at`` is that of the numbers; of the rank, where nothing else is asked for.
        within = not_before, at
        baseline = Baseline.nothing(len(products), fields)
        if RANK in fields:
            ranked = _Walk(self._db, products, within, scan_id, regions, watch)
            baseline.values[:, fields.index(RANK)] = ranked.ranks
            baseline.at[:] = ranked.at
        if any(name != RANK for name in fields):
            walk = _Walk(self._db, products, within, scan_id, regions)
            baseline.at[:] = walk.at
            _fill_numbers(self._db, baseline, products, walk.marks, fields)
        return baseline

    def windows(self, query: WindowQuery) -> Iterator[Window]:
        # No window comes where there was no scan.
        scans = _window_scans(self._db, query)
        if not len(scans.ids):
            return
        facts = {
            name: of_lists(self._db, scans.marks, name) for name in OF_LIST if name in query.fields
        }
        spoken = [name for name in query.fields if name in TEXT_OF]
        for rows, seen, ranks in _parts(self._db, scans, query):
            products = query.products[rows]
            values = self._numbers(products, scans.marks, seen, query.numbers)
            for name in spoken:
                values[name] = _of_texts(self._db, products, scans.marks, seen, name)
            for name, column in facts.items():
                values[name] = np.where(seen, column[:, np.newaxis], np.nan)
            if RANK in query.fields:
                values[RANK] = ranks.astype(np.float64)
            yield Window(rows, scans.at, values)

    def _numbers(
        self, products: Ints, marks: Ints, seen: Bools, names: Sequence[str]
    ) -> dict[str, Floats]:
        if not names:
            return {}
        rows = self._rows(products, int(marks[0]), int(marks[-1]), names)
        return _numbers(rows[np.lexsort((rows[:, 1], rows[:, 0]))], marks, seen, names)

    def _rows(self, products: Ints, begin: int, end: int, names: Sequence[str]) -> Floats:
        """(r, 2 + k) product's place, ``at``, values: those in force at the mark ``begin``, and
        all from there to ``end``."""
        return self._db.table(
            f"SELECT w.key, o.at, {', '.join(map(self._sql.field, names))} "
            f"FROM {self._sql.rows_of('?1')} {self._sql.join} observations AS o "
            "ON o.product = w.value AND o.at <= ?3 "
            "AND o.at >= coalesce((SELECT i.at FROM observations AS i "
            "WHERE i.product = w.value AND i.at <= ?2 ORDER BY i.at DESC LIMIT 1), ?2)",
            (self._sql.listed(products.tolist()), begin, end),
            2 + len(names),
        )


def mark_before(db: Connection, doubted: int, scan_id: int) -> int:
    """The mark of the scan of its watch before a doubted one that ``scan_id`` believes, or 0."""
    return db.number(
        "SELECT coalesce(max(mark), 0) FROM scans WHERE watch = (SELECT watch FROM scans "
        f"WHERE id = ?1) AND id < ?1 AND size > 0 AND {BELIEVED.format('?2')}",
        (doubted, scan_id),
    )


def numbers_at(db: Connection, products: Ints, marks: Ints, fields: Sequence[str]) -> Floats:
    """(n, k) numeric fields of each product as they stood at its mark, or what the list of the
    scan of that mark said of itself; NaN is absent."""
    baseline = Baseline.nothing(len(products), fields)
    _fill_numbers(db, baseline, products, marks, fields)
    return baseline.values


def numbers_in_force(
    db: Connection, products: Ints, marks: Ints, fields: Sequence[str]
) -> tuple[Floats, Bools]:
    """``numbers_at``, and (n,) of whom there are any that old."""
    baseline = Baseline(np.full((len(products), len(fields)), np.nan), np.ones_like(products))
    _fill_numbers(db, baseline, products, marks, fields)
    return baseline.values, baseline.at > 0


def of_lists(db: Connection, marks: Ints, name: str) -> Floats:
    """Values of the column ``name`` of ``OF_LIST`` of the scans of these marks; NaN for unknown."""
    wanted, places = np.unique(marks, return_inverse=True)
    found = np.full(len(wanted), np.nan)
    for key, value in db.execute(
        f"SELECT w.key, s.{name} FROM {db.dialect.rows_of()} {db.dialect.join} scans AS s "
        f"ON s.mark = w.value WHERE s.{name} IS NOT NULL",
        (db.dialect.listed(wanted.tolist()),),
    ):
        found[key] = value
    return np.asarray(found[places])


def product_rows(db: Connection, products: Ints, columns: str) -> Iterator[Row]:
    """Columns of each product (``p``), in order; all are there."""
    sql = (
        f"SELECT {columns} FROM {db.dialect.rows_of()} {db.dialect.join} products AS p "
        "ON p.id = w.value ORDER BY w.key"
    )
    for part in chunks(len(products)):
        yield from db.rows(sql, (db.dialect.listed(products[part].tolist()),))


class _Walk:
    """From the newest scan in a time back to the oldest, until each product is placed."""

    def __init__(
        self, db: Connection, products: Ints, within: tuple[Instant, Instant], scan_id: int,
        regions: Sequence[str], watch: str = "",
    ) -> None:  # fmt: skip
        size = len(products)
        self._db = db
        self._products = products
        self._scan_id = scan_id
        self.at, self.marks = np.zeros(size, np.int64), np.zeros(size, np.int64)
        self.ranks = np.full(size, np.nan)
        left, doubted = np.arange(size), list[int]()
        scans = self._scans(within, regions, watch)
        for turn, (scan, at, mark, doubt, listing) in enumerate(scans):
            if doubt:
                doubted.append(scan)
            else:
                left = self._place(left, listing, at, mark)
            if not turn:
                # Most of those that are missing are new: no older scan can have them.
                first_seen = np.array([*product_rows(db, products[left], "p.first_seen")], np.int64)
                left = left[first_seen.reshape(len(left)) <= within[1]]
            if not len(left):
                return
        for scan in doubted:
            left = self._place_before(left, scan)

    def _place(self, left: Ints, listing: PackedList, at: Instant, mark: int) -> Ints:
        """The rows of ``left`` that the scan did not see."""
        places = positions(listing.products, self._products[left])
        hit = places >= 0
        rows = left[hit]
        self.at[rows], self.marks[rows] = at, mark
        self.ranks[rows] = listing.ranked(places[hit])
        return left[~hit]

    def _place_before(self, left: Ints, doubted: int) -> Ints:
        """Place by what the doubted scan's watch saw before of the products that it saw."""
        _, _, listing = stored_scan(self._db, doubted)
        previous = listing.seen_before(self._products[left])
        previous = _believed(self._db, self._scan_id, self._products[left], previous)
        for earlier in np.unique(previous[previous > 0]).tolist():
            at, mark, found = stored_scan(self._db, earlier)
            self._place(left[previous == earlier], found, at, mark)
        return np.asarray(left[self.at[left] == 0])

    def _scans(
        self, within: tuple[Instant, Instant], regions: Sequence[str], watch: str
    ) -> Iterator[tuple[int, int, int, int, PackedList]]:
        if not len(self._products):
            return
        if not regions:
            first = int(self._products[0])
            sql = "SELECT region FROM products WHERE id = ?"
            regions = self._db.one(sql, (first,)) or ("",)
        condition = f"watch {'=' if watch else '<>'} CAST(?1 AS TEXT)"  # none has no key
        sql = of_regions(
            self._db,
            f"SELECT id, at, mark, NOT {BELIEVED.format('?5')}, size, products",
            f"{condition} AND at BETWEEN ?3 AND ?4 AND size > 0 AND id < ?5",
            several=len(regions) > 1,
        )
        cursor = self._db.stream(
            f"{sql} ORDER BY at DESC, id DESC",
            (watch, regions_of(self._db, regions), *within, self._scan_id),
        )
        for scan, at, mark, doubted, size, blob in cursor:
            yield scan, at, mark, doubted, PackedList.unpack(blob, size, scan)


def _believed(db: Connection, scan_id: int, products: Ints, previous: Ints) -> Ints:
    """``previous``, and in place of a scan that ``scan_id`` doubts the one before it."""
    previous = previous.copy()
    while True:
        doubted = db.all(
            int,
            f"SELECT scan FROM jumps WHERE until >= ? AND scan IN {db.dialect.among()}",
            (scan_id, db.dialect.listed(np.unique(previous).tolist())),
        )
        if not doubted:
            return previous
        for scan in doubted:
            rows = np.flatnonzero(previous == scan)
            previous[rows] = stored_scan(db, scan)[2].seen_before(products[rows])


def stored_scan(db: Connection, scan_id: int) -> tuple[Instant, int, PackedList]:
    """``at``, ``mark`` and the list of a scan that is there; of one that is pruned, nothing."""
    row = db.one("SELECT at, mark, products, size, id FROM scans WHERE id = ?", (scan_id,))
    if row is None:
        return 0, 0, PackedList(EMPTY, EMPTY, EMPTY)
    return row[0], row[1], PackedList.unpack(*row[2:])


def _fill_numbers(
    db: Connection, baseline: Baseline, products: Ints, marks: Ints, fields: Sequence[str]
) -> None:
    """The newest row of each product at or before its mark; ``at`` becomes 0 where none is."""
    for name in set(fields) & set(OF_LIST):
        baseline.values[:, fields.index(name)] = of_lists(db, marks, name)
    for name in set(fields) & TEXT_OF.keys():
        least = int(marks[marks > 0].min(initial=_LATEST))
        numbers = TextNumbers.read(db, products, name, least).at(products, marks)
        baseline.values[:, fields.index(name)] = numbers
    names = of_products(fields)
    if not names:
        return
    found = np.zeros(len(products), np.bool_)
    columns = np.array([fields.index(name) for name in names])
    for places, values in _rows_in_force(db, products, marks, names):
        baseline.values[np.ix_(places, columns)] = values
        found[places] = True
    baseline.at[~found] = 0


def _of_texts(db: Connection, products: Ints, marks: Ints, seen: Bools, name: str) -> Floats:
    """(S, m) the number in a text of each product at each scan that saw it."""
    numbers = TextNumbers.read(db, products, name, int(marks.min(initial=_LATEST)))
    rows = [numbers.at(products, mark) for mark in marks.tolist()]
    return np.where(seen, np.array(rows).reshape(seen.shape), np.nan)


def _rows_in_force(
    db: Connection, products: Ints, marks: Ints, names: Sequence[str]
) -> Iterator[tuple[Ints, Floats]]:
    """Some of the products, by their places, and the newest row of each up to its mark."""
    columns = ", ".join(map(db.dialect.field, names))
    sql = (
        f"SELECT w.key, {columns} FROM {db.dialect.rows_of('?1')} "
        f"{db.dialect.in_force('w.value', '?2')}"
    )
    for mark in np.unique(marks[marks > 0]).tolist():
        left = np.flatnonzero(marks == mark)
        if len(left) >= _MANY:
            table = _written(db, mark, columns, 1 + len(names), len(left) * _SPARE)
            rows = positions(table[:, 0].astype(np.int64), products[left])
            yield left[rows >= 0], table[rows[rows >= 0], 1:]
            left = left[rows < 0]
        for part in chunks(len(left)):
            values = db.dialect.listed(products[left[part]].tolist()), mark
            table = db.table(sql, values, 1 + len(names))
            yield left[part][table[:, 0].astype(np.int64)], table[:, 1:]


def _written(db: Connection, mark: int, columns: str, width: int, most: int) -> Floats:
    """(r, width) the products, with these columns, that the scan of a mark wrote, one after the
    other: to look each up takes five times as long. None where it wrote more than ``most``."""
    row = db.one("SELECT first_row, rows FROM scans WHERE mark = ?", (mark,))
    first, count = row if row is not None and row[1] <= most else (0, 0)
    return db.table(
        f"SELECT o.product, {columns} FROM observations AS o "
        "WHERE o.id >= ? AND o.id < ? AND o.at = ?",
        (first, first + count, mark),
        width,
    )


class _Scans(Struct, frozen=True):
    """The scans of a time in the order in which they were recorded, (S,) each."""

    ids: Ints
    at: Ints
    marks: Ints
    own: Bools


def _window_scans(db: Connection, query: WindowQuery) -> _Scans:
    sql = of_regions(
        db,
        f"SELECT id, at, mark, watch = ?1, {BELIEVED.format('?6')}, cut IS NOT NULL",
        "at >= ?3 AND at < ?4 AND size > 0 AND (watch = ?1 OR NOT ?5) AND id < ?6",
        several=len(query.regions) > 1,
    )
    regions = regions_of(db, query.regions)
    asked = query.watch, regions, *query.within, query.only_own, query.scan_id
    rows = np.array(db.rows(f"{sql} ORDER BY mark", asked), np.int64).reshape(-1, 6)
    ids, at, marks, own, believed, of_others = rows.T
    foreign = (of_others > 0) & (own == 0)
    if foreign.any():
        kept = ~foreign | np.isin(ids, _of_concern(db, ids[foreign], query.products))
        ids, at, marks, own, believed = rows[kept, :5].T
    if believed.all():
        return _Scans(ids, at, marks, own.astype(np.bool_))
    for place in np.flatnonzero(believed == 0).tolist():
        none = query.only_own or _is_half(db, int(ids[place]))
        marks[place] = 0 if none else mark_before(db, int(ids[place]), query.scan_id)
    kept = np.flatnonzero(marks)
    order = kept[np.argsort(marks[kept], kind="stable")]
    # The place in a list is another's then, so such a scan gives no ranks.
    return _Scans(ids[order], at[order], marks[order], (own & believed)[order].astype(np.bool_))


def _is_half(db: Connection, scan_id: int) -> bool:
    """Whether it was read once more when all of its data was new: that scan stands for its day."""
    return db.has("SELECT 1 FROM jumps WHERE scan = ? AND until = ?", (scan_id, HALF))


def _of_concern(db: Connection, scans: Ints, products: Ints) -> list[int]:
    """Scans of shops and lookups, of these, whose watches ever listed one of the products: of
    many shops hardly one, and to read all their lists takes long."""
    rows = db.rows(
        f"SELECT watch, seen, size FROM watches WHERE watch IN (SELECT watch FROM scans "
        f"WHERE id IN {db.dialect.among('?1')})",
        (db.dialect.listed(scans.tolist()),),
    )
    ordered = np.sort(products)
    watches = [
        watch for watch, seen, size in rows
        if (positions(ordered, LastSeen.unpack(seen, size).products) >= 0).any()
    ]  # fmt: skip
    return db.all(
        int,
        f"SELECT id FROM scans WHERE id IN {db.dialect.among('?1')} "
        f"AND watch IN {db.dialect.among('?2', TEXT)}",
        (db.dialect.listed(scans.tolist()), db.dialect.listed(watches)),
    )


def _parts(
    db: Connection, scans: _Scans, query: WindowQuery
) -> Iterator[tuple[slice, Bools, NDArray[np.float32]]]:
    """Parts of the products, and who was seen: lists are read for many at once, numbers for few."""
    count = len(scans.ids)
    for large in chunks(len(query.products), max(1, _LISTED_CELLS // count)):
        seen, ranks = _sightings(db, scans, query.products[large], ranked=RANK in query.fields)
        for small in chunks(large.stop - large.start, max(1, _VALUE_CELLS // count)):
            rows = slice(large.start + small.start, large.start + small.stop)
            yield rows, seen[:, small], ranks[:, small]


def _sightings(
    db: Connection, scans: _Scans, products: Ints, *, ranked: bool
) -> tuple[Bools, NDArray[np.float32]]:
    """(S, m) which scan saw which product, and at which rank where the watch is the own one."""
    if len(products) <= _FEW and not ranked:
        return _seen_few(db, scans, products)
    seen = np.zeros((len(scans.ids), len(products)), np.bool_)
    # Whole numbers to 16 million are exact in 32 bits, and a list has a million at most.
    ranks = np.full(seen.shape if ranked else (0, len(products)), np.nan, np.float32)
    largest = int(products.max())
    row_of = np.full(largest + 1, -1, np.int64)
    row_of[products] = np.arange(len(products))
    cursor = db.execute(
        f"SELECT w.key, s.products, s.size, s.id FROM {db.dialect.rows_of()} "
        f"{db.dialect.join} scans AS s ON s.id = w.value",
        (db.dialect.listed(scans.ids.tolist()),),
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


def _seen_few(db: Connection, scans: _Scans, products: Ints) -> tuple[Bools, NDArray[np.float32]]:
    """``_sightings`` of few products, without ranks: no list is unpacked further than it needs."""
    seen = np.zeros((len(scans.ids), len(products)), np.bool_)
    keys, last_product = products.tolist(), db.number("SELECT max(id) FROM products")
    for place, blob, size in db.execute(
        f"SELECT w.key, s.products, s.size FROM {db.dialect.rows_of()} "
        f"{db.dialect.join} scans AS s ON s.id = w.value",
        (db.dialect.listed(scans.ids.tolist()),),
    ):
        seen[place] = PackedList.holds(keys, blob, size, last_product)
    return seen, np.zeros((0, len(keys)), np.float32)


def _numbers(rows: Floats, marks: Ints, seen: Bools, names: Sequence[str]) -> dict[str, Floats]:
    """(S, m) for each name: the newest row of each product at or before each scan's mark."""
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
