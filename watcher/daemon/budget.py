"""Credits for one scan: counted in the ledger before they are spent.

Credits are reserved in blocks, so that a request costs no transaction of its own, and what a
scan leaves of its last block is given back. A crash in between only counts too much: the caps
hold whatever happens.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial

from watcher.daemon.clock import Clock
from watcher.errors import BudgetSpent
from watcher.model import Instant
from watcher.rules.rulebook import Api
from watcher.store.database import Database
from watcher.store.writer import StoreThread

BLOCK = 20


@dataclass(slots=True)
class LedgerBudget:
    """One scan's way to the ledger; ``used`` counts the requests that it let through."""

    writer: StoreThread
    clock: Clock
    api: Api
    watch: str
    used: int = 0
    _blocks: list[tuple[int, Instant]] = field(default_factory=list)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def spend(self) -> None:
        """Let one request through, or raise ``BudgetSpent``."""
        async with self._lock:
            if self.used == sum(amount for amount, _ in self._blocks):
                await self._reserve()
            self.used += 1

    async def refund(self) -> None:
        """Take back one request that never reached the server."""
        self.used -= 1

    async def _reserve(self) -> None:
        now = self.clock.now()
        for amount in (BLOCK, 1):  # near a cap the last credits go one by one
            if await self.writer.run(partial(self._ask, amount, now)):
                self._blocks.append((amount, now))
                return
        raise BudgetSpent("the rule file's cap on credits is reached; nothing more is asked")

    def _ask(self, amount: int, now: Instant, database: Database) -> bool:
        return database.ledger.reserve(
            self.watch, amount, now, self.api.credits_per_day, self.api.credits_per_month
        )

    def settle(self, database: Database) -> None:
        """Turn what was reserved into what was used; part of the scan's transaction."""
        left = self.used
        for amount, reserved_at in self._blocks:
            used = min(amount, left)
            database.ledger.settle(self.watch, amount, used, reserved_at)
            left -= used
        self._blocks.clear()
        self.used = 0
