"""Stored times that lie in the future, on PostgreSQL: what is moved finds its month there."""

from __future__ import annotations

from collections.abc import Sequence

from watcher.model import Instant
from watcher.store.postgres import partitions
from watcher.store.sql.times import StoredTimes


class PostgresTimes(StoredTimes):
    """``ports.Times`` in PostgreSQL."""

    def _make_room(self, marks: Sequence[Instant]) -> None:
        partitions.ensure(self._db, [*marks[:1], *marks[-1:]])
