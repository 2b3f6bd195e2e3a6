"""A book on a PostgreSQL server as one end of a copy between stores: rows go in and out by COPY."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from operator import itemgetter
from typing import Any

import msgspec
import numpy as np
import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from watcher.errors import StoreError
from watcher.model import Ints
from watcher.store.copying.canonical import (
    BATCH_ROWS,
    COPYING,
    HEADS,
    NUMBERS,
    OBSERVATIONS,
    Batch,
    Key,
    ObservationRows,
    PlainRows,
    Table,
    batched,
    table,
)
from watcher.store.copying.copier import CopyMark
from watcher.store.nul import without_nul
from watcher.store.postgres.connection import PostgresConnection
from watcher.store.postgres.numbers import HEADER_BYTES, copied, decoded, row_bytes
from watcher.store.postgres.partitions import Month, ensure

_LAST_IDS = "last_ids"
_ROW = row_bytes(len(HEADS), len(NUMBERS))
_TABLES = """
    SELECT c.oid::bigint, c.relname FROM pg_class AS c
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
      AND NOT c.relispartition AND left(c.relname, 1) <> '_' AND c.relname <> %s
"""
_COLUMNS = """
    SELECT a.attname, format_type(a.atttypid, NULL),
      array_position(i.indkey::int2[], a.attnum), a.attidentity <> ''
    FROM pg_attribute AS a LEFT JOIN pg_index AS i ON i.indrelid = a.attrelid AND i.indisprimary
    WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped
"""
_FOREIGN_KEYS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = current_schema()::regnamespace AND contype = 'f' AND conparentid = 0
"""


class PostgresEnd:
    """``copier.CopyTarget``. The store is closed by who opened it."""

    def __init__(self, book: PostgresConnection) -> None:
        self.name = str(book.server)
        self._book = book
        self._types: dict[str, dict[str, str]] = {}
        self._identities: dict[str, str] = {}  # table -> column

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Reads of one state, for as long as they take: the other end may be slow."""
        with self._book.explained():
            self._run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            for name, value in (
                ("idle_in_transaction_session_timeout", "0"),
                ("statement_timeout", "0"),
                ("work_mem", "'128MB'"),
            ):
                self._run(f"SET LOCAL {name} = {value}")
            yield
        finally:
            with suppress(psycopg.Error):  # the first error is the one to hear of
                self._run("ROLLBACK")

    def tables(self) -> Mapping[str, Table]:
        found = {}
        for oid, name in sorted(self._run(_TABLES, (_LAST_IDS,)), key=itemgetter(1)):
            columns = self._run(_COLUMNS, (oid,))
            self._types[name] = {column: kind for column, kind, _, _ in columns}
            self._identities.update((name, column) for column, _, _, counted in columns if counted)
            keys = sorted((place, column) for column, _, place, _ in columns if place is not None)
            # Observations are read month by month, in the order in which scans wrote them.
            key = ("at", "id") if name == OBSERVATIONS else [column for _, column in keys]
            found[name] = table(name, self._types[name], key)
        return found

    def count(self, table: Table) -> int:
        (row,) = self._run(sql.SQL("SELECT count(*) FROM {}").format(_names(table.name)))
        return int(row[0])

    def read(
        self, table: Table, after: Key | None = None, until: Key | None = None
    ) -> Iterator[Batch]:
        bounds = [*_bound(table, ">", after), *_bound(table, "<=", until)]
        if table.name != OBSERVATIONS:
            yield from batched(self._plain(table, bounds))
            return
        (row,) = self._run("SELECT min(at), max(at) FROM observations")
        if row[0] is None:
            return
        for number in range(Month.of(row[0]).number, Month.of(row[1]).number + 1):
            month = Month(number)
            within = sql.SQL("at >= {} AND at < {}").format(month.begin, month.end)
            yield from self._observations(table, [within, *bounds])

    def _plain(self, table: Table, bounds: Sequence[sql.Composable]) -> Iterator[Sequence[object]]:
        kinds = self._types[table.name]
        with (
            psycopg.Cursor(self._book.conn, row_factory=tuple_row) as cursor,
            cursor.copy(_copy_out(table, _names(*table.columns), bounds)) as copy,
        ):
            copy.set_types([kinds[name] for name in table.columns])
            yield from copy.rows()

    def _observations(
        self, table: Table, bounds: Sequence[sql.Composable]
    ) -> Iterator[ObservationRows]:
        """Every cell is there, so that all rows are of one length: what is absent comes as NaN."""
        numbers = (sql.SQL("coalesce({}, 'NaN')").format(sql.Identifier(name)) for name in NUMBERS)
        columns = sql.SQL(", ").join([*map(sql.Identifier, HEADS), *numbers])
        with (
            psycopg.Cursor(self._book.conn) as cursor,
            cursor.copy(_copy_out(table, columns, bounds)) as copy,
        ):
            kept, begin = bytearray(), HEADER_BYTES
            for data in copy:
                kept += data
                if len(kept) - begin >= BATCH_ROWS * _ROW:
                    found = ObservationRows(*decoded(kept, begin, len(HEADS), len(NUMBERS)))
                    del kept[: begin + len(found.heads) * _ROW]
                    begin = 0
                    yield found
            if len(kept) - begin >= _ROW:
                yield ObservationRows(*decoded(kept, begin, len(HEADS), len(NUMBERS)))

    def last_ids(self) -> Mapping[str, int]:
        found: dict[str, int] = dict(self._run("SELECT name, last FROM last_ids"))
        for name in self._identities:
            (row,) = self._run(
                sql.SQL("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {}").format(
                    self._sequence(name)
                )
            )
            found[name] = row[0]
        return found

    def begin(self) -> Mapping[str, CopyMark]:
        with self._book.atomic():
            if not self._exists(COPYING):
                for each in self.tables().values():
                    if self._run(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(_names(each.name))):
                        raise StoreError(
                            f"{self.name}: has {each.name} already; copy into a new book (of "
                            "another name, or after `watcher books drop`)",
                            None,
                        )
                self._loosen()
            rows = self._run(f"SELECT name, mark FROM {COPYING} WHERE mark IS NOT NULL")
        return {name: msgspec.msgpack.decode(mark, type=CopyMark) for name, mark in rows}

    def _loosen(self) -> None:
        """Keep the foreign keys aside: rows come in the order of their tables, not of these."""
        self._run(f"CREATE TABLE {COPYING} (name text PRIMARY KEY, mark bytea, foreign_key text)")
        for table_, name, definition in self._run(_FOREIGN_KEYS):
            text = f"ALTER TABLE {table_} ADD CONSTRAINT {name} {definition}"
            self._run(f"INSERT INTO {COPYING} (name, foreign_key) VALUES (%s, %s)", (name, text))
            self._run(f"ALTER TABLE {table_} DROP CONSTRAINT {name}")

    def begin_anew(self) -> None:
        with self._book.atomic():
            for each in self.tables().values():
                self._run(sql.SQL("TRUNCATE {}").format(_names(each.name)))
            self._run(f"DELETE FROM {COPYING} WHERE mark IS NOT NULL")

    def write(self, table: Table, batch: Batch, mark: CopyMark) -> None:
        into = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
            _names(table.name), _names(*table.columns)
        )
        with self._book.atomic():
            if isinstance(batch, ObservationRows):
                instants: Ints = np.unique(batch.heads[:, HEADS.index("at")])
                ensure(self._book, instants.tolist())
            with psycopg.Cursor(self._book.conn) as cursor, cursor.copy(into) as copy:
                if isinstance(batch, PlainRows):
                    kinds = self._types[table.name]
                    copy.set_types([kinds[name] for name in table.columns])
                    for row in batch.values:
                        copy.write_row([without_nul(value) for value in row])
                else:
                    copy.write(copied(list(batch.heads.T), batch.numbers))
            self._run(
                f"INSERT INTO {COPYING} (name, mark) VALUES (%s, %s) "
                "ON CONFLICT (name) DO UPDATE SET mark = excluded.mark",
                (table.name, msgspec.msgpack.encode(mark)),
            )

    def finish(self, last_ids: Mapping[str, int]) -> None:
        with self._book.atomic():
            self._run("SET LOCAL statement_timeout = 0")
            for name, column in self._identities.items():
                (row,) = self._run(
                    sql.SQL("SELECT coalesce(max({}), 0) FROM {}").format(
                        sql.Identifier(column), _names(name)
                    )
                )
                if last := max(row[0], last_ids.get(name, 0)):
                    self._run("SELECT setval(%s::regclass, %s)", (self._sequence_name(name), last))
            self._run(
                "UPDATE last_ids SET last = greatest(last, %s) WHERE name = 'alerts'",
                (last_ids.get("alerts", 0),),
            )
            for (text,) in self._run(
                f"SELECT foreign_key FROM {COPYING} WHERE foreign_key IS NOT NULL"
            ):
                self._run(text)
            self._run(f"DROP TABLE {COPYING}")
        for name in self._types:
            self._run(sql.SQL("ANALYZE {}").format(_names(name)))

    def _exists(self, name: str) -> bool:
        return bool(self._run("SELECT to_regclass(%s) IS NOT NULL", (name,))[0][0])

    def _sequence_name(self, name: str) -> str:
        (row,) = self._run(
            "SELECT pg_get_serial_sequence(%s::regclass::text, %s)", (name, self._identities[name])
        )
        return str(row[0])

    def _sequence(self, name: str) -> sql.SQL:
        return sql.SQL(self._sequence_name(name))

    def _run(
        self, statement: str | sql.Composable, values: Sequence[object] = ()
    ) -> list[tuple[Any, ...]]:
        with psycopg.Cursor(self._book.conn, row_factory=tuple_row) as cursor:
            cursor.execute(statement, values or None)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []


def _copy_out(
    table: Table, columns: sql.Composable, bounds: Sequence[sql.Composable]
) -> sql.Composed:
    where = sql.SQL(" WHERE ") + sql.SQL(" AND ").join(bounds) if bounds else sql.SQL("")
    return sql.SQL("COPY (SELECT {} FROM {}{} ORDER BY {}) TO STDOUT (FORMAT BINARY)").format(
        columns, _names(table.name), where, _names(*table.key)
    )


def _bound(table: Table, sign: str, bound: Key | None) -> list[sql.Composable]:
    """The condition that a row's key lies on this side of another."""
    if bound is None:
        return []
    values = sql.SQL(", ").join(map(sql.Literal, bound))
    return [sql.SQL(f"({{}}) {sign} ({{}})").format(_names(*table.key), values)]


def _names(*names: str) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))
