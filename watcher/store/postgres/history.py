"""The hot parts of the history in PostgreSQL's own ways: rows in by COPY, numbers out as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from watcher.fields import NUMERIC_NAMES
from watcher.model import Floats, Instant, Ints
from watcher.store.columns import storable
from watcher.store.postgres import partitions
from watcher.store.postgres.arrays import texts_or_null
from watcher.store.postgres.numbers import copied
from watcher.store.sql.history import History
from watcher.store.sql.recording import TEXTS, Piece, Texts, used_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watcher.store.postgres.connection import PostgresConnection

_FOR_EVER = 1 << 62
_MANY = 1_000  # products: of so many all rows of a time are read, whosever they are
_WITHIN = "o.at > ?1 AND o.at <= ?2 AND o.id BETWEEN ?3 AND ?4"


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

    def _renew_texts(self, changed: Sequence[tuple[int, Texts]], at: Instant) -> None:
        columns = zip(*(texts for _, texts in changed), strict=True)
        given = ", ".join("?::text[]" for _ in TEXTS)
        self._db.execute(
            f"UPDATE products AS p SET {', '.join(f'{name} = w.{name}' for name in TEXTS)}, "
            f"last_changed = ? FROM unnest(?::bigint[], {given}) AS w(id, {', '.join(TEXTS)}) "
            "WHERE p.id = w.id",
            (at, self._sql.listed([key for key, _ in changed]), *map(texts_or_null, columns)),
        )

    def _rows(self, products: Ints, begin: int, end: int, names: Sequence[str]) -> Floats:
        columns = "".join(f", {self._sql.field(name)}" for name in names)
        width = 2 + len(names)
        listed = self._sql.listed(products.tolist())
        within = begin, end, *self._ids_between(begin, end)
        before = (
            f"SELECT w.key, o.at{columns} FROM {self._sql.rows_of('?5')} "
            f"{self._sql.in_force('w.value', '?1')}"
        )
        if len(products) < _MANY:
            return self._db.table(
                f"{before} UNION ALL SELECT w.key, o.at{columns} FROM {self._sql.rows_of('?5')} "
                f"JOIN observations AS o ON o.product = w.value AND {_WITHIN}",
                (*within, listed),
                width,
            )
        # Rows of a time stand together, in the order of their ids: all of them are read in one go.
        sql = f"SELECT o.product, o.at{columns} FROM observations AS o WHERE {_WITHIN}"
        rows = self._db.table(sql, within, width)
        largest = int(products.max())
        place_of = np.full(largest + 2, -1, np.int64)
        place_of[products] = np.arange(len(products))
        places = place_of[np.minimum(rows[:, 0], largest + 1).astype(np.int64)]
        rows[:, 0] = places
        in_force = self._db.table(before.replace("?5", "?2"), (begin, listed), width)
        return np.concatenate([in_force, rows[places >= 0]])

    def _ids_between(self, begin: int, end: int) -> tuple[int, int]:
        """From which to which id rows lie whose marks are after ``begin`` and up to ``end``."""
        first, after = self._db.one(
            "SELECT (SELECT first_row FROM scans WHERE mark <= ? ORDER BY mark DESC LIMIT 1), "
            "(SELECT first_row FROM scans WHERE mark > ? ORDER BY mark LIMIT 1)",
            (begin, end),
        ) or (None, None)
        return first or 0, _FOR_EVER if after is None else after - 1
