"""Removing what is old from PostgreSQL: months of observations that became empty are dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from watcher.errors import StoreError
from watcher.model import Instant
from watcher.store.postgres import partitions
from watcher.store.records import Pruned
from watcher.store.sql.pruning import StorePruner

if TYPE_CHECKING:
    from watcher.store.postgres.connection import PostgresConnection

_WAIT = "100ms"  # for who reads just now; whoever comes to read meanwhile waits, too


class PostgresPruner(StorePruner):
    """``ports.Pruner`` in PostgreSQL."""

    _db: PostgresConnection

    def _give_back(self, before: Instant) -> Pruned:
        """A month's table, unless somebody reads it: then another time."""
        if self._db.in_transaction:
            return Pruned(more=False)
        month = partitions.empty(self._db, before)
        if month is None:
            return Pruned(more=False)
        table = month.partition
        size = self._db.number(f"SELECT pg_total_relation_size('{table}')")
        try:
            with self._db.atomic():
                began = self._clock()
                self._db.execute(f"SET LOCAL lock_timeout = '{_WAIT}'")
                self._db.execute(f"LOCK TABLE ONLY {table} IN ACCESS EXCLUSIVE MODE")
                if not self._db.has(f"SELECT 1 FROM {table} LIMIT 1"):
                    self._db.execute(f"DROP TABLE {table}")
        except StoreError:
            return Pruned(more=False)
        return Pruned(more=True, given_back=size, seconds=self._clock() - began)
