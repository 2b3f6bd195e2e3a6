"""A SQLite database as one end of a copy between stores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing

import msgspec
import numpy as np

from watcher.errors import StoreError
from watcher.fields import NUMERIC
from watcher.store.columns import encode, expression
from watcher.store.copying.canonical import (
    BATCH_ROWS,
    COPYING,
    HEADS,
    NUMBERS,
    OBSERVATIONS,
    Batch,
    Key,
    ObservationRows,
    Table,
    batched,
    table,
)
from watcher.store.copying.copier import CopyMark
from watcher.store.sqlite.database import Database
from watcher.units import AMOUNTS

_CACHE_KIB = 64_000
_MONEY = np.array([field.unit in AMOUNTS for field in NUMERIC])
_WHOLE = 2.0**50  # whole reals below are exact, hundredths too


class SqliteEnd:
    """``copier.CopyTarget``. The database is closed by who opened it."""

    def __init__(self, database: Database, name: str | None = None) -> None:
        self.name = name or str(database.place)
        self._db = database

    def snapshot(self) -> AbstractContextManager[None]:
        return self._db.snapshot()

    def tables(self) -> Mapping[str, Table]:
        found = {}
        for (name,) in self._db.rows(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' "
            "AND substr(name, 1, 1) <> '_' ORDER BY name"
        ):
            columns = self._db.rows("SELECT name, pk FROM pragma_table_info(?)", (name,))
            keys = sorted((place, column) for column, place in columns if place)
            found[name] = table(name, (column for column, _ in columns), [key for _, key in keys])
        return found

    def count(self, table: Table) -> int:
        return self._db.number(f'SELECT count(*) FROM "{table.name}"')

    def read(
        self, table: Table, after: Key | None = None, until: Key | None = None
    ) -> Iterator[Batch]:
        columns = ", ".join(_quoted(table.columns))
        if table.name == OBSERVATIONS:
            heads = (f"o.{name}" for name in HEADS)
            columns = ", ".join((*heads, *(expression(name) for name in NUMBERS)))
        key, places = ", ".join(_quoted(table.key)), ", ".join("?" * len(table.key))
        bounds = {">": after, "<=": until}
        given = {sign: bound for sign, bound in bounds.items() if bound is not None}
        where = " AND ".join(f"({key}) {sign} ({places})" for sign in given)
        values = [value for bound in given.values() for value in bound]
        sql = f'SELECT {columns} FROM "{table.name}" AS o {f"WHERE {where}" if where else ""} '
        with closing(self._db.execute(f"{sql} ORDER BY {key}", values)) as cursor:
            if table.name != OBSERVATIONS:
                yield from batched(cursor)
                return
            while rows := cursor.fetchmany(BATCH_ROWS):
                found = np.array(rows, np.float64)
                heads_ = found[:, : len(HEADS)].astype(np.int64)
                yield ObservationRows(heads_, np.ascontiguousarray(found[:, len(HEADS) :]))

    def last_ids(self) -> Mapping[str, int]:
        return dict(self._db.rows("SELECT name, seq FROM sqlite_sequence"))

    def begin(self) -> Mapping[str, CopyMark]:
        self._db.execute("PRAGMA foreign_keys = OFF")  # rows come in the order of their tables
        self._db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        if not self._db.has("SELECT 1 FROM sqlite_schema WHERE name = ?", (COPYING,)):
            for each in self.tables().values():
                if self._db.has(f'SELECT 1 FROM "{each.name}"'):
                    raise StoreError(
                        f"{self.name}: has {each.name} already; copy into a new place", None
                    )
            self._db.execute(f"CREATE TABLE {COPYING} (name TEXT PRIMARY KEY, mark BLOB NOT NULL)")
        marks = self._db.rows(f"SELECT name, mark FROM {COPYING}")
        return {name: msgspec.msgpack.decode(mark, type=CopyMark) for name, mark in marks}

    def begin_anew(self) -> None:
        with self._db.atomic():
            for each in self.tables().values():
                self._db.execute(f'DELETE FROM "{each.name}"')
            self._db.execute(f"DELETE FROM {COPYING}")

    def write(self, table: Table, batch: Batch, mark: CopyMark) -> None:
        columns = ", ".join(_quoted(table.columns))
        places = ", ".join("?" * len(table.columns))
        rows = cells(batch) if isinstance(batch, ObservationRows) else batch.values
        with self._db.atomic():
            self._db.many(f'INSERT INTO "{table.name}" ({columns}) VALUES ({places})', rows)
            self._db.execute(
                f"INSERT OR REPLACE INTO {COPYING} (name, mark) VALUES (?, ?)",
                (table.name, msgspec.msgpack.encode(mark)),
            )

    def finish(self, last_ids: Mapping[str, int]) -> None:
        with self._db.atomic():
            for name, last in last_ids.items():
                if self._is_counted(name):
                    self._db.execute("DELETE FROM sqlite_sequence WHERE name = ?", (name,))
                    self._db.execute(
                        "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (name, last)
                    )
            self._db.execute(f"DROP TABLE {COPYING}")
        self._db.execute("PRAGMA foreign_keys = ON")

    def _is_counted(self, name: str) -> bool:
        """Whether an id of the table is never given again."""
        return self._db.has(
            "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ? "
            "AND sql LIKE '%AUTOINCREMENT%'",
            (name,),
        )


def cells(batch: ObservationRows) -> list[list[object]]:
    """Observations as rows of reals, which SQLite itself makes whole numbers of in columns of
    those, and NULL of NaN: in a third of the time that ``encode`` takes."""
    hundredths = np.rint(batch.numbers * 100)
    exact = _MONEY & (hundredths / 100 == batch.numbers)
    numbers = np.where(exact, hundredths, batch.numbers)
    rows: list[list[object]]
    if np.nanmax(np.abs(numbers), initial=0) < _WHOLE:
        rows = np.column_stack([batch.heads.astype(np.float64), numbers]).tolist()
        return rows
    encoded = encode(batch.numbers)
    heads: list[list[object]] = batch.heads.tolist()
    return [head + more for head, more in zip(heads, encoded, strict=True)]


def _quoted(names: tuple[str, ...]) -> list[str]:
    return [f'"{name}"' for name in names]
