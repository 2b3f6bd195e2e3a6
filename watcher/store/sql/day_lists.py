"""The last complete list of each watch and UTC day, with the two numbers that sums are made of.

Of 10,000 products that were read daily for 400 days there are 4 million observations: no page adds
up so many. One packed row a day has whom the list had and what they sold, in some 5 bytes a
product, and is read in half a millisecond. It is written with its scan, and goes when that is
pruned, or once a later list of its day stands. Those of before are filled in later.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from watcher.fields import NUMERIC_INDEX
from watcher.model import Floats, Instant, Ints, Scan, ScanState
from watcher.store.packing import PackedList
from watcher.store.records import Row
from watcher.store.sql.baselines import BELIEVED, NEVER, numbers_at
from watcher.store.sql.connection import Connection, Face
from watcher.store.sql.dialect import TEXT
from watcher.units import DAY

SUMMED = ("total_sale_7d_cnt", "total_sale_gmv_7d_amt")
_SCALES = np.array([[1], [100]])  # a count is whole, an amount has hundredths
OLDEST = 8 * DAY  # a list that still says something of a time: most are read daily, some weekly
_LEVEL = 1
_HERE = f"s.{BELIEVED.format(NEVER)}"  # by now: one that is doubted for good never stands


class DayList(Struct, frozen=True):
    """A list as a scan found it, as far as it was asked for: the ``rows`` (n,) that its products
    have among those, and the ``numbers`` (2, n) of ``SUMMED``; NaN is no value."""

    rows: Ints
    numbers: Floats


class KeptList(Struct, frozen=True):
    """A scan whose list is kept, and how many products it has."""

    scan: int
    at: Instant
    size: int


class _Packed(Struct):
    """Columns of whole numbers from 0 on, of ``widths`` bytes each, with bytes of equal weight side
    by side: the gaps between the products in rising order, then the numbers, raised by 1; 0 is no
    value."""

    widths: list[int]
    data: bytes


def note(db: Connection, scan: Scan, scan_id: int, products: Ints) -> None:
    """Keep the list of a complete scan that was just recorded; one that was cut off says nothing of
    a whole list. Whether this one is believed is seen later: the one that stood so far stays, and
    those go in whose place it came."""
    if scan.state is not ScanState.COMPLETE or not len(products):
        return
    numbers = scan.numbers[:, [NUMERIC_INDEX[name] for name in SUMMED]]
    put(db, scan_id, products, numbers)
    stood = db.one(
        f"SELECT s.id, s.at FROM scans AS s {db.dialect.join} day_lists AS d ON d.scan = s.id "
        f"WHERE s.watch = ? AND s.at <= ? AND s.id <> ? AND {_HERE} "
        "ORDER BY s.at DESC, s.id DESC LIMIT 1",
        (scan.watch, scan.at, scan_id),
    )
    if stood is not None:
        last, at = stood
        db.execute(
            "DELETE FROM day_lists WHERE scan IN (SELECT s.id FROM scans AS s "
            "WHERE s.watch = ? AND s.at >= ? AND s.at <= ? AND s.id <> ? AND s.id <> ?)",
            (scan.watch, at - at % DAY, at, last, scan_id),
        )


def put(db: Connection, scan_id: int, products: Ints, numbers: Floats) -> None:
    """Keep a scan's products (n,) with their numbers (n, 2)."""
    db.execute(
        db.dialect.upsert("day_lists", ("scan", "packed"), ("scan",)),
        (scan_id, _pack(products, numbers)),
    )


class DayLists(Face):
    """Lists by watch and time."""

    def newest(
        self, watches: Sequence[str], at: Instant, oldest: int = OLDEST
    ) -> dict[str, KeptList]:
        """The list of each watch as it was known at a time, but for one that was older then."""
        newest = self._newest("w.value", "?2")
        rows = self._db.rows(
            f"SELECT t.watch, s.id, s.at, s.size FROM (SELECT w.value AS watch, ({newest}) AS scan "
            f"FROM {self._sql.rows_of('?1', TEXT)}) AS t {self._sql.join} scans AS s "
            "ON s.id = t.scan",
            (self._sql.listed(watches), at, oldest),
        )
        return {watch: KeptList(*look) for watch, *look in rows}

    def at_times(self, watch: str, times: Sequence[Instant]) -> list[KeptList | None]:
        """For each of these times the list that was the newest then."""
        found: list[KeptList | None] = [None] * len(times)
        newest = self._newest("?2", "w.value")
        rows = self._db.rows(
            f"SELECT t.place, s.id, s.at, s.size FROM (SELECT w.key AS place, ({newest}) AS scan "
            f"FROM {self._sql.rows_of('?1')}) AS t {self._sql.join} scans AS s ON s.id = t.scan",
            (self._sql.listed(times), watch, OLDEST),
        )
        for key, *look in rows:
            found[key] = KeptList(*look)
        return found

    def fill(self) -> bool:
        """Keep one more list from before lists were kept, of some watch the newest that is missing,
        as the observations tell it; False where none is."""
        for (watch,) in self._db.rows("SELECT watch FROM watches ORDER BY watch"):
            row = self._db.one(
                "SELECT s.id, s.mark, s.size, s.products FROM scans AS s WHERE s.watch = ? "
                f"AND s.at < ? AND s.state = 'complete' AND s.size > 0 AND {_HERE} "
                "ORDER BY s.at DESC, s.id DESC LIMIT 1",
                (watch, self._first_day(watch)),
            )
            if row is not None:
                scan, mark, size, blob = row
                products = PackedList.unpack(blob, size, scan).products
                marks = np.full(size, mark, np.int64)
                put(self._db, scan, products, numbers_at(self._db, products, marks, SUMMED))
                return True
        return False

    def _first_day(self, watch: str) -> Instant:
        """The begin of the day of the watch's oldest list that is kept, and believed."""
        oldest = self._db.value(
            f"SELECT s.at FROM scans AS s {self._sql.join} day_lists AS d ON d.scan = s.id "
            f"WHERE s.watch = ? AND {_HERE} ORDER BY s.at LIMIT 1",
            (watch,),
        )
        return NEVER if oldest is None else int(oldest) - int(oldest) % DAY

    def _newest(self, watch: str, at: str) -> str:
        """Asks for a watch's newest scan at a time, whose list is kept."""
        return (
            f"SELECT s.id FROM scans AS s {self._sql.join} day_lists AS d ON d.scan = s.id "
            f"WHERE s.watch = {watch} AND s.at <= {at} AND s.at > {at} - ?3 AND {_HERE} "
            "ORDER BY s.at DESC, s.id DESC LIMIT 1"
        )

    def products(self, scans: Sequence[int]) -> Iterator[tuple[int, Ints]]:
        """Yield the products of these scans' lists, in rising order."""
        for scan, packed, size in self._packed(scans):
            yield scan, _Columns(packed, size).products

    def read(self, scans: Sequence[int], row_of: Ints) -> Iterator[tuple[int, DayList]]:
        """Yield the lists of these scans, as far as ``row_of`` has rows for their products, by the
        store's keys; it has -1 for the others, and last for all keys beyond it."""
        for scan, packed, size in self._packed(scans):
            columns = _Columns(packed, size)
            rows = row_of[np.minimum(columns.products, len(row_of) - 1)]
            places = np.flatnonzero(rows >= 0)
            yield scan, DayList(rows[places], columns.numbers(places))

    def _packed(self, scans: Sequence[int]) -> Iterator[Row]:
        return self._db.stream(
            f"SELECT d.scan, d.packed, s.size FROM {self._sql.rows_of()} {self._sql.join} "
            f"day_lists AS d ON d.scan = w.value {self._sql.join} scans AS s ON s.id = d.scan",
            (self._sql.listed(scans),),
        )


def rows_of(products: Ints) -> Ints:
    """The row of each of these products (n,), by the store's keys, as ``read`` takes it."""
    found = np.full(int(products.max(initial=0)) + 2, -1, np.int64)
    found[products] = np.arange(len(products))
    return found


def _pack(products: Ints, numbers: Floats) -> bytes:
    order = np.argsort(products, kind="stable")
    scaled = np.rint(numbers[order].T * _SCALES)
    known = np.isfinite(scaled) & (scaled >= 0)
    raised = np.where(known, scaled, -1).astype(np.int64) + 1
    columns = [np.diff(products[order], prepend=np.int64(0)), *raised]
    widths = [max(1, (int(each.max()).bit_length() + 7) // 8) for each in columns]
    parts = [
        np.ascontiguousarray(each.astype("<u8").reshape(-1, 1).view(np.uint8).T[:width]).tobytes()
        for each, width in zip(columns, widths, strict=True)
    ]
    data = zlib.compress(b"".join(parts), _LEVEL)
    return msgspec.msgpack.encode(_Packed(widths, data))


class _Columns:
    """A packed list, of which each column is put together where it is asked for."""

    def __init__(self, blob: bytes, size: int) -> None:
        row = msgspec.msgpack.decode(blob, type=_Packed)
        planes = np.frombuffer(zlib.decompress(row.data), np.uint8).reshape(-1, size)
        self._columns = np.split(planes, np.cumsum(row.widths)[:-1])
        self.products = np.cumsum(_together(self._columns[0]))

    def numbers(self, places: Ints) -> Floats:
        """(2, n) the numbers at these places."""
        everywhere = len(places) == len(self.products)
        found = np.empty((len(SUMMED), len(places)))
        for row, planes in enumerate(self._columns[1:]):
            raised = _together(planes if everywhere else planes[:, places])
            found[row] = np.where(raised > 0, raised - 1, np.nan)
        scaled: Floats = found / _SCALES
        return scaled


def _together(planes: NDArray[np.uint8]) -> Ints:
    """Whole numbers, of which each plane has one byte."""
    found: Ints = planes[0].astype(np.int64)
    for place, plane in enumerate(planes[1:], start=1):
        found |= plane.astype(np.int64) << 8 * place
    return found
