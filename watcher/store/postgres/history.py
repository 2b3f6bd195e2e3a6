"""What is hot of the history, in PostgreSQL's own ways: rows in by COPY, numbers out as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from watcher.fields import NUMERIC_NAMES
from watcher.model import Floats, Instant, Ints
from watcher.store.columns import storable
from watcher.store.postgres import partitions
from watcher.store.postgres.numbers import copied
from watcher.store.sql.history import History
from watcher.store.sql.recording import Piece, used_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watcher.store.postgres.connection import PostgresConnection

_FOR_EVER = 1 << 62


class PostgresHistory(History):
    """``ports.Recollection`` and its recording."""

    _db: PostgresConnection
    _part = 10_000

    def _insert_observations(self, piece: Piece, keys: Ints, rows: Ints, mark: Instant) -> None:
        changed = np.flatnonzero(rows)
        if not len(changed):
            return
        partitions.ensure(self._db, [mark])
        numbers = storable(piece.numbers[changed])
        used = used_columns(numbers)
        names = ["id", "product", "at", *(NUMERIC_NAMES[index] for index in used.tolist())]
        wholes = [rows[changed], keys[changed], np.full(len(changed), mark)]
        # Into the month's own table: the server need not look for it row by row.
        target = f"{partitions.Month.of(mark).partition} ({', '.join(names)})"
        with self._db.conn.cursor().copy(f"COPY {target} FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(copied(wholes, numbers[:, used]))

    def _renew(self, rows: Ints, digests: Ints, keys: Ints) -> None:
        if len(keys):
            self._db.execute(
                "UPDATE products AS p SET newest = w.newest, digest = w.digest "
                "FROM unnest(?::bigint[], ?::bigint[], ?::bigint[]) AS w(id, newest, digest) "
                "WHERE p.id = w.id",
                [self._sql.listed(each.tolist()) for each in (keys, rows, digests)],
            )

    def _rows(self, products: Ints, begin: int, end: int, names: Sequence[str]) -> Floats:
        columns = "".join(f", {self._sql.field(name)}" for name in names)
        # Rows of a time stand together, in the order of their ids: those of all products are read
        # in one go.
        first, last = self._ids_between(begin, end)
        return self._db.table(
            f"SELECT w.key, o.at{columns} FROM {self._sql.rows_of('?1')} "
            f"{self._sql.in_force('w.value', '?2')} "
            f"UNION ALL SELECT w.key, o.at{columns} FROM {self._sql.rows_of('?1')} "
            "JOIN observations AS o ON o.product = w.value AND o.at > ?2 AND o.at <= ?3 "
            "AND o.id BETWEEN ?4 AND ?5",
            (self._sql.listed(products.tolist()), begin, end, first, last),
            2 + len(names),
        )

    def _ids_between(self, begin: int, end: int) -> tuple[int, int]:
        """From which to which id rows lie whose marks are after ``begin`` and up to ``end``."""
        first, after = self._db.one(
            "SELECT (SELECT first_row FROM scans WHERE mark <= ? ORDER BY mark DESC LIMIT 1), "
            "(SELECT first_row FROM scans WHERE mark > ? ORDER BY mark LIMIT 1)",
            (begin, end),
        ) or (None, None)
        return first or 0, _FOR_EVER if after is None else after - 1
