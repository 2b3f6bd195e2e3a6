"""Stored times that lie in the future, in PostgreSQL."""

from __future__ import annotations

from watcher.store.postgres import partitions
from watcher.store.sql.times import StoredTimes


class PostgresTimes(StoredTimes):
    """``ports.Times`` in PostgreSQL."""

    def _make_room(self, mark: int) -> None:
        partitions.ensure(self._db, [mark])
