"""Removing what is old from PostgreSQL: months of observations that became empty are dropped, and
those of which little is left are written anew, for no new row will use their room."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from watcher.errors import StoreError
from watcher.model import Instant
from watcher.store.postgres import partitions
from watcher.store.records import Pruned
from watcher.store.sql.pruning import StorePruner

if TYPE_CHECKING:
    from watcher.store.postgres.connection import PostgresConnection

_WAIT = "100ms"  # for who reads just now; whoever comes to read meanwhile waits, too
_SMALL = 4 * 1024 * 1024  # bytes of a month that is let be
_LITTLE = 4  # a month is written anew where its rows need so many times less room
_ROW = 1_000  # bytes of a row, with its indexes


class PostgresPruner(StorePruner):
    """``ports.Pruner`` in PostgreSQL."""

    _db: PostgresConnection

    def _give_back(self, before: Instant) -> Pruned:
        """A month's room, unless somebody reads it: then another time."""
        if self._db.in_transaction:
            return Pruned(more=False)
        empty = partitions.empty(self._db, before)
        table = empty.partition if empty is not None else self._sparse(before)
        if table is None:
            return Pruned(more=False)
        size, began = self._size(table), self._clock()
        try:
            with self._impatient():
                if empty is None:
                    self._db.execute(f"VACUUM (FULL, ANALYZE) {table}")
                else:
                    self._drop(table)
        except StoreError:
            return Pruned(more=False)
        took = self._clock() - began
        given_back = max(0, size - self._size(table))
        return Pruned(more=given_back > 0, given_back=given_back, seconds=took)

    def _drop(self, table: str) -> None:
        """The table, if it is still empty when nobody else can write to it."""
        with self._db.atomic():
            self._db.execute(f"LOCK TABLE ONLY {table} IN ACCESS EXCLUSIVE MODE")
            if not self._db.has(f"SELECT 1 FROM {table} LIMIT 1"):
                self._db.execute(f"DROP TABLE {table}")

    def _sparse(self, before: Instant) -> str | None:
        """The oldest month, over before the limit, of which little is left."""
        for month in partitions.months(self._db):
            if month.end > before:
                return None
            size = self._size(month.partition)
            if size > _SMALL and size > _LITTLE * _ROW * self._count(month.partition):
                return month.partition
        return None

    def _count(self, table: str) -> int:
        return self._db.number(f"SELECT count(*) FROM {table}")

    def _size(self, table: str) -> int:
        """Bytes, with the indexes; of a table that is gone 0."""
        return self._db.number(f"SELECT pg_total_relation_size(to_regclass('{table}'))")

    @contextmanager
    def _impatient(self) -> Iterator[None]:
        """No lock is waited for long."""
        usual = self._db.value("SHOW lock_timeout")
        self._db.execute(f"SET lock_timeout = '{_WAIT}'")
        try:
            yield
        finally:
            self._db.execute(f"SET lock_timeout = '{usual}'")
