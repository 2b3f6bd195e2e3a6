"""Rows in the form in which two stores are compared, whatever engine keeps them.

Whole numbers, reals, texts and bytes are as they are; a NUL in a text, which PostgreSQL can't hold,
counts as what stands for it there. Observations are one row of float8 each in
the API's units, absent where there is none: amounts are whole hundredths in SQLite, and a rating
of 0 in old rows of it is none. A table's checksum is the sum of its rows' hashes, so that the order
in which an engine reads them does not count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import TypeAlias

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from watcher.fields import NUMERIC
from watcher.model import Floats, Ints
from watcher.store.nul import without_nul

OBSERVATIONS = "observations"
COPYING = "_copying"  # the table of marks, which a store has while another is copied into it
HEADS = ("id", "product", "at")  # of an observation, before its numbers
NUMBERS = tuple(field.name for field in NUMERIC)
BATCH_ROWS = 5_000
_BATCH_BYTES = 4_000_000
_WRAP = 1 << 64
# A number for each column, so that the same value counts as another one in another column.
_COLUMN = np.arange(1, 1_000, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)

Key: TypeAlias = list[int | str]


class Table(Struct, frozen=True):
    """A table, its columns in the order of their names (observations: heads, then numbers), and
    those in whose order it is read."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]

    @property
    def places(self) -> list[int]:
        """The places in a row where the key's parts stand."""
        return [self.columns.index(name) for name in self.key]


class Total(Struct, frozen=True):
    """A count of rows, and the sum of their hashes."""

    rows: int = 0
    sum: int = 0

    def __add__(self, other: Total) -> Total:
        return Total(self.rows + other.rows, (self.sum + other.sum) % _WRAP)

    @property
    def hex(self) -> str:
        return f"{self.sum:016x}"


class PlainRows(Struct, frozen=True):
    """Some rows of a plain table, in the order of its columns."""

    values: Sequence[Sequence[object]]

    @property
    def total(self) -> Total:
        hashed = (
            blake2b(msgspec.msgpack.encode([*map(without_nul, row)]), digest_size=8).digest()
            for row in self.values
        )
        return Total(len(self.values), sum(int.from_bytes(each) for each in hashed) % _WRAP)

    def last(self, table: Table) -> Key:
        row = self.values[-1]
        return msgspec.convert([row[place] for place in table.places], Key)


class ObservationRows(Struct, frozen=True):
    """Some observations: (n, 3) their heads, (n, 88) their numbers in the API's units."""

    heads: Ints
    numbers: Floats

    @property
    def total(self) -> Total:
        absent = np.isnan(self.numbers)
        numbers = np.where(absent, np.nan, self.numbers + 0.0)  # one NaN and one zero of many
        cells = np.column_stack([self.heads, numbers.view(np.int64)]).view(np.uint64)
        found = _mixed(_mixed(cells + _COLUMN[: cells.shape[1]]).sum(axis=1, dtype=np.uint64))
        return Total(len(found), int(found.sum(dtype=np.uint64)))

    def last(self, table: Table) -> Key:
        return [int(self.heads[-1, HEADS.index(name)]) for name in table.key]


Batch: TypeAlias = PlainRows | ObservationRows


def _mixed(cells: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Numbers of which each bit depends on each bit: the end of splitmix64 (Steele, Lea and Flood,
    2014). A hash of each row's bytes would take longer than to read the row."""
    cells = (cells ^ (cells >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    cells = (cells ^ (cells >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return cells ^ (cells >> np.uint64(31))


def table(name: str, columns: Iterable[str], key: Sequence[str]) -> Table:
    """A table with its columns in canonical order."""
    found = set(columns)
    if name == OBSERVATIONS:
        ours = (*HEADS, *NUMBERS)
        return Table(name, (*ours, *sorted(found.difference(ours))), tuple(key))
    return Table(name, tuple(sorted(found)), tuple(key))


def batched(rows: Iterable[Sequence[object]]) -> Iterator[PlainRows]:
    """Rows in batches of a bounded size, however large one is."""
    batch: list[Sequence[object]] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += sum(len(value) for value in row if isinstance(value, (str, bytes)))
        if len(batch) == BATCH_ROWS or size > _BATCH_BYTES:
            yield PlainRows(batch)
            batch, size = [], 0
    if batch:
        yield PlainRows(batch)
