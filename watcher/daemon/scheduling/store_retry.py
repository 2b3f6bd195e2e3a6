"""Waiting for a database that fails for a while: what is to be written has been paid for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from watcher.delivery.courier import Pause, pause_until
from watcher.delivery.ports import StoreRunner
from watcher.errors import NotADatabase, StoreError
from watcher.store.ports import Store

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0  # seconds

T = TypeVar("T")


async def _nobody(_error: StoreError, _failures: int) -> None:
    """Hears of no failure."""


@dataclass(frozen=True, slots=True)
class StoreRetry:
    """A store whose jobs are done again until the database takes them, or until ``stop``.

    For jobs that undo themselves when they fail. ``waits`` hears of each failure, and how many
    there were. A damaged database is not waited for, and without a ``stop`` nothing is.
    """

    store: StoreRunner[Store]
    stop: asyncio.Event | None
    waits: Callable[[StoreError, int], Awaitable[None]] = _nobody
    pause: Pause = pause_until

    async def run(self, job: Callable[[Store], T]) -> T:
        """What ``job`` returns or raises, but for the ``StoreError`` that passes."""
        failures, wait = 0, FIRST_WAIT
        while True:
            try:
                return await self.store.run(job)
            except StoreError as error:
                if self.stop is None or self.stop.is_set() or isinstance(error, NotADatabase):
                    raise
                failures += 1
                await self.waits(error, failures)
                await self.pause(self.stop, wait)
                wait = min(wait * 2, LONGEST_WAIT)
