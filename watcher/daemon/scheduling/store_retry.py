"""A database that fails for a while: what was to be stored is kept, and tried again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from watcher.delivery.courier import Pause, pause_until
from watcher.delivery.marking import StoreThread
from watcher.errors import NotADatabase, StoreError
from watcher.retrying import backoff
from watcher.store.ports import Store

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0  # seconds between two tries to store

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StoreRetry:
    """A store whose jobs are done again until the database takes them, or until ``stop``. For jobs
    that undo themselves when they fail. ``waits`` hears of each failure, and how many there were. A
    damaged database is not waited for, and without a ``stop`` nothing is."""

    store: StoreThread
    stop: asyncio.Event | None
    waits: Callable[[StoreError, int], Awaitable[None]]
    pause: Pause = pause_until

    async def run(self, job: Callable[[Store], T]) -> T:
        """Do the job, and raise only the ``StoreError`` that does not pass."""
        failures = 0
        while True:
            try:
                return await self.store.run(job)
            except StoreError as error:
                if self.stop is None or self.stop.is_set() or isinstance(error, NotADatabase):
                    raise
                await self.waits(error, failures + 1)
                await self.pause(self.stop, backoff(failures, FIRST_WAIT, LONGEST_WAIT))
                failures += 1
