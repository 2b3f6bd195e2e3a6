"""Removing what is old from SQLite, whose file gives free pages back to the file system."""

from __future__ import annotations

import time
from collections.abc import Callable

from watcher.model import Instant
from watcher.store.records import Pruned
from watcher.store.sql.pruning import StepSize, StorePruner
from watcher.store.sqlite.connection import SqliteConnection

STEP_PAGES = 250  # of the first step
_CHECKPOINT_PAGES, _USUAL_PAGES = 250, 1_000  # of the log, after which it is written back


class SqlitePruner(StorePruner):
    """``ports.Pruner`` in SQLite."""

    _db: SqliteConnection

    def __init__(self, db: SqliteConnection, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(db, clock)
        self._pages = StepSize(STEP_PAGES)

    def step(
        self,
        observations_before: Instant,
        notifications_before: Instant,
        *,
        rows: int | None = None,
    ) -> Pruned:
        # Rows of one step lie all over the index: a checkpoint of a thousand pages would take
        # longer than the step itself, and it is this thread's turn meanwhile.
        self._db.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        try:
            return super().step(observations_before, notifications_before, rows=rows)
        finally:
            self._db.execute(f"PRAGMA wal_autocheckpoint = {_USUAL_PAGES}")

    def _give_back(self, before: Instant) -> Pruned:
        """Some free pages to the file system."""
        free = self._free()
        if self._db.conn.in_transaction or not free:
            return Pruned(more=False)
        pages, began = self._pages.size, self._clock()
        # By execute() it would end after one page. A script ends an open transaction.
        self._db.conn.executescript(f"PRAGMA incremental_vacuum({pages})")
        took = self._clock() - began
        self._pages.took(took, pages)
        left = self._free()
        size = self._db.number("PRAGMA page_size")
        given_back = max(0, free - left) * size
        return Pruned(more=0 < left < free, given_back=given_back, seconds=took)

    def _free(self) -> int:
        return self._db.number("PRAGMA freelist_count")
