"""The stored scans of some regions in memory: when each was, and whom it listed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Container, Iterable, Iterator, Sequence

import numpy as np
from msgspec import Struct

from watcher.model import Bools, Floats, Ints, ListFacts, ScanState
from watcher.store.packing import PackedList, Wholes
from watcher.store.sql.baselines import numbers_in_force
from watcher.store.sql.connection import Connection
from watcher.store.sql.dialect import TEXT
from watcher.store.sql.scans import PROVES, facts_of

_ROWS = (
    "SELECT s.id, s.at, s.mark, s.finished, s.size, s.rows, coalesce(d.places, 0), "
    f"{PROVES}, coalesce(s.cut, -1), s.state, s.watch, s.region, s.list_day, s.list_idle, "
    "s.list_sparse FROM scans AS s LEFT JOIN depths AS d ON d.scan = s.id "
    "WHERE s.region IN {} OR s.cut IS NOT NULL ORDER BY s.id"
)
_NUMBERS, _WIDTH = 9, 15  # of its columns
# Places of lists that are kept: 12 bytes each. A year of daily lists of 10,000 are less.
_MOST_PLACES = 6_000_000
NONE = -1  # the place of a scan that there is not
_FETCHED = 20_000
_TIMES = 1 << 31  # more than there are scans


class PastList(Struct):
    """A scan's list, (n,) each: products, ranks, and the id of the scan that saw each before;
    all in 32 bits. ``versions`` are filled in by who knows the products' numbers."""

    products: Wholes
    ranks: Wholes
    previous: Wholes
    versions: Wholes | None = None


class Timeline:
    """Scans in the order in which they were recorded, (S,) columns; a scan is named by its place.
    Lists are read when they are asked for. Of watches that are not among ``watches`` only the
    products that these ever listed (``known``) count."""

    def __init__(
        self, db: Connection, regions: Iterable[str], known: Ints, watches: Container[str] = ()
    ) -> None:
        self._db = db
        self._own = watches
        self._known = np.zeros(int(known.max(initial=0)) + 1, np.bool_)
        self._known[known] = True
        sql = _ROWS.format(db.dialect.among(sort=TEXT))
        rows = np.array(db.rows(sql, (db.dialect.listed(regions),)), np.object_).reshape(-1, _WIDTH)
        (
            self.ids, self.at, self.marks, self.finished, self.sizes, self.changed, self.depths,
            proves, cut,
        ) = rows[:, :_NUMBERS].T.astype(np.int64, order="C")  # fmt: skip
        states, each_watch, each_region, *facts = rows[:, _NUMBERS:].T
        self.complete: Bools = states == ScanState.COMPLETE.value
        self.failed: Bools = states == ScanState.FAILED.value
        self.proves: Bools = proves == 1
        self.cut: Bools = cut == 1
        self.of_market: Bools = cut < 0
        self.read = (self.sizes > 0) & ~self.failed  # something
        self.states: list[str] = states.tolist()
        self.watches: list[str] = each_watch.tolist()
        self.regions: list[str] = each_region.tolist()
        self.facts: list[ListFacts | None] = [*map(facts_of, zip(*facts, strict=True))]
        self.idle, self.sparse = facts[1].astype(np.float64), facts[2] == 1
        self._of_watch = _by_name(self.watches)
        self._of_region = _by_name(self.regions)
        self._of_no_market = np.flatnonzero(~self.of_market)
        self._lists: OrderedDict[int, PastList] = OrderedDict()
        self._places = 0
        self._counted = np.zeros(0, np.int32)

    def __len__(self) -> int:
        return len(self.ids)

    def place(self, scan_id: int) -> int:
        """Return where the scan of that id stands, or the next one after it."""
        return int(np.searchsorted(self.ids, scan_id))

    def places(self, scan_ids: Ints) -> Ints:
        """(n,) where the scans of these ids stand; ``NONE`` for one that is pruned, or 0."""
        if not len(self.ids):
            return np.full(len(scan_ids), NONE)
        found = np.minimum(np.searchsorted(self.ids, scan_ids), len(self.ids) - 1)
        return np.where(self.ids[found] == scan_ids, found, NONE)

    def of_watch(self, watch: str, before: int | None = None) -> Ints:
        """The watch's scans in order; only those before the place ``before``."""
        return _until(self._of_watch.get(watch, _NO_SCANS), before)

    def of_region(self, region: str, before: int | None = None) -> Ints:
        """The scans of all lists of a region's market, and of shops and lookups of most of whose
        products it is the region."""
        return _until(self._of_region.get(region, _NO_SCANS), before)

    def of_regions(self, regions: Sequence[str], before: int | None = None) -> Ints:
        """The scans of some regions, and all of shops and lookups: their products may be of any."""
        found = [self._of_region.get(region, _NO_SCANS) for region in regions]
        if len(found) == 1 and not len(self._of_no_market):
            return _until(found[0], before)
        return _until(np.unique(np.concatenate([*found, self._of_no_market])), before)

    def newest_first(self, watch: str, before: int) -> Iterator[int]:
        """The watch's scans before a place, the newest first."""
        return iter(self.of_watch(watch, before)[::-1].tolist())

    def facts_at(self, places: Ints, name: str) -> Floats:
        """(n,) what the lists of these scans said of themselves; NaN where that is not known."""
        wanted, groups = np.unique(places, return_inverse=True)
        facts = [self.facts[place] if place >= 0 else None for place in wanted.tolist()]
        field = name.removeprefix("list_")
        values = [np.nan if each is None else float(getattr(each, field)) for each in facts]
        return np.asarray(np.array(values, np.float64)[groups])

    def kept(self, first: int) -> Iterator[int]:
        """The scans of ``watches`` from a place on, as long as all their lists can be kept."""
        places = 0
        for place in range(first, len(self)):
            if self.watches[place] in self._own:
                places += int(self.sizes[place])
                if places > _MOST_PLACES:
                    return
                yield place

    def list_of(self, place: int) -> PastList:
        """Return whom the scan listed; of many, those that were asked for last are kept."""
        found = self._lists.get(place)
        if found is not None:
            self._lists.move_to_end(place)
            return found
        found = self._read(place)
        self._lists[place] = found
        self._places += len(found.products)
        while self._places > _MOST_PLACES and len(self._lists) > 1:
            _, dropped = self._lists.popitem(last=False)
            self._places -= len(dropped.products)
        return found

    def _read(self, place: int) -> PastList:
        size, scan_id = int(self.sizes[place]), int(self.ids[place])
        row = self._db.one("SELECT products FROM scans WHERE id = ?", (scan_id,))
        if not size or row is None:
            return PastList(*np.zeros((3, 0), np.int32))
        listing = PackedList.unpack(row[0], size, scan_id)
        kept: Ints | slice = slice(None)
        if listing.products.max() >= len(self._known) or not self._known[listing.products].all():
            inside = np.minimum(listing.products, len(self._known) - 1)
            kept = self._known[inside] & (inside == listing.products)
        return PastList(
            listing.products[kept].astype(np.int32),
            self._ranks(listing.ranks[kept]),
            listing.previous[kept].astype(np.int32),
        )

    def _ranks(self, ranks: Ints) -> Wholes:
        """Most lists are ranked from 1 on without a gap: those have one column together."""
        size = len(ranks)
        if len(self._counted) < size:
            self._counted = np.arange(1, size + 1, dtype=np.int32)
        counted = self._counted[:size]
        return counted if np.array_equal(ranks, counted) else ranks.astype(np.int32)


_NO_SCANS = np.zeros(0, np.int64)


def _by_name(names: list[str]) -> dict[str, Ints]:
    found: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        found.setdefault(name, []).append(place)
    return {name: np.array(places, np.int64) for name, places in found.items()}


def _until(places: Ints, before: int | None) -> Ints:
    return places if before is None else places[: np.searchsorted(places, before)]


class Versions:
    """Values of ``fields`` of some products from the scan at the place ``first`` on. A version is a
    row of numbers; it is in force from the scan that brought it to the next one of its product. -1
    is no version: no number has a value."""

    def __init__(
        self,
        db: Connection,
        timeline: Timeline,
        regions: Iterable[str],
        products: Ints,
        first: int,
        fields: Sequence[str],
        *,
        every: int = 1,
    ) -> None:
        self.first = first
        self.fields = frozenset(fields)
        keys, columns = [np.zeros(0, np.int64)], [[np.zeros(0)] for _ in fields]
        for found, at, values in _version_rows(
            db, timeline, db.dialect.listed(regions), products, first, fields, every=every
        ):
            keys.append(found.astype(np.int64) * _TIMES + at)
            for parts, value in zip(columns, values, strict=True):
                parts.append(value)
        joined = np.concatenate(keys)
        keys.clear()  # a year of a large list is many millions of numbers
        order = np.argsort(joined, kind="stable")
        self._keys = joined[order]
        self._number_lists(timeline, joined, order)
        del joined
        # One beyond the last, which -1 finds too, is no value.
        self._columns = dict[str, Floats]()
        self._unknown = np.broadcast_to(np.nan, len(order) + 1)
        for name, parts in zip(fields, columns, strict=True):
            column = np.concatenate(parts)
            parts.clear()
            self._columns[name] = np.append(column[order], np.nan)

    def _number_lists(self, timeline: Timeline, keys: Ints, order: Ints) -> None:
        """Note in the lists that are kept which versions they showed: to look each up takes longer.
        ``keys`` are in the order of time, and ``order`` puts them in ours."""
        ranks = np.empty(len(order), np.int32)
        ranks[order] = np.arange(len(order), dtype=np.int32)
        products, times = (part.astype(np.int32) for part in (keys // _TIMES, keys % _TIMES))
        in_force = np.full(int(products.max(initial=0)) + 1, -1, np.int32)
        begin = 0
        for place in timeline.kept(self.first):
            end = int(np.searchsorted(times, place + 1, side="right"))
            in_force[products[begin:end]] = ranks[begin:end]
            listing, begin = timeline.list_of(place), end
            known = np.minimum(listing.products, len(in_force) - 1)
            listing.versions = np.where(known == listing.products, in_force[known], -1)

    def of(self, products: Wholes, scans: Wholes | int) -> Wholes:
        """(n,) the version of each product at a scan, or each at its own; none before ``first``."""
        wanted = products.astype(np.int64) * _TIMES + (np.asarray(scans, np.int64) + 1)
        rows = np.searchsorted(self._keys, wanted, side="right") - 1
        if not len(self._keys):
            return np.full(len(products), -1, np.int32)
        hit = self._keys[rows] // _TIMES == products
        return np.where(hit & (rows >= 0), rows, -1).astype(np.int32)

    def values(self, name: str, versions: Wholes) -> Floats:
        """The field of each version, in the same shape; NaN is absent, or not in memory."""
        return self._columns.get(name, self._unknown)[versions]


def _version_rows(
    db: Connection, timeline: Timeline, regions: object, products: Ints, first: int,
    fields: Sequence[str], *, every: int,
) -> Iterator[tuple[Wholes, Ints, Sequence[Floats]]]:  # fmt: skip
    """Products (m,), when each begins to be in force (a scan's place and 1, or ``first`` where
    that was before it), and k columns of values (m,)."""
    if first >= len(timeline):
        return
    marks = np.full(len(products), timeline.marks[first] - 1)
    values, found = numbers_in_force(db, products, marks, fields)
    yield products[found], np.full(int(found.sum()), first), [*values[found].T]
    largest = int(products.max(initial=0))
    known = np.zeros(largest + 2, np.bool_)
    known[products] = True
    columns = "".join(f", {db.dialect.field(name)}" for name in fields)
    sql = (
        f"SELECT o.product, o.at{columns} FROM {db.dialect.rows_of_pairs('?1')} {db.dialect.join} "
        f"observations AS o ON {db.dialect.within_pair('o.id')} "
        "WHERE o.product / ?2 * ?2 = o.product ORDER BY w.key, o.id"
    )
    for runs in _pieces(_runs(db, int(timeline.ids[first]), regions)):
        table = db.table(sql, (db.dialect.paired(runs), every), 2 + len(fields))
        table = table[known[np.minimum(table[:, 0], largest + 1).astype(np.int64)]]
        at = np.searchsorted(timeline.marks, table[:, 1].astype(np.int64)) + 1
        yield table[:, 0].astype(np.int32), at, [column.copy() for column in table[:, 2:].T]


def _pieces(runs: Sequence[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """These rows in lists of runs, each of so many rows at most as are read at once."""
    piece, left = list[tuple[int, int]](), _FETCHED
    for first, last in runs:
        begin = first
        while begin <= last:
            end = min(last, begin + left - 1)
            piece.append((begin, end))
            left -= end - begin + 1
            begin = end + 1
            if not left:
                yield piece
                piece, left = [], _FETCHED
    if piece:
        yield piece


def _runs(db: Connection, scan_id: int, regions: object) -> list[tuple[int, int]]:
    """From which row to which the numbers stand that were written from a scan on: all but those of
    other regions' scans. Of a scan that is pruned the rows may still be there."""
    begin = db.number("SELECT first_row FROM scans WHERE id = ?", (scan_id,))
    end = db.number("SELECT max(id) FROM observations")
    runs = []
    for first, after in db.execute(
        "SELECT first_row, first_row + rows FROM scans WHERE id > ? AND rows > 0 "
        f"AND cut IS NULL AND region NOT IN {db.dialect.among(sort=TEXT)} ORDER BY first_row",
        (scan_id, regions),
    ):
        if begin < first:
            runs.append((begin, first - 1))
        begin = after
    return [*runs, (begin, end)] if begin <= end else runs
