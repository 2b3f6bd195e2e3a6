"""Credits for one scan: counted in the ledger before they are spent.

Credits are reserved in blocks, so that a request costs no transaction of its own, and what a
scan leaves of its last block is given back. A crash in between only counts too much: the caps
hold whatever happens.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from watcher.daemon.clock import Clock
from watcher.errors import BudgetSpent
from watcher.model import Instant
from watcher.rules.rulebook import Api
from watcher.store.database import Database
from watcher.store.writer import Writer

BLOCK = 20


@dataclass(slots=True)
class LedgerBudget:
    """One scan's way to the ledger; ``used`` counts the requests that it let through."""

    writer: Writer
    clock: Clock
    api: Api
    watch: str
    used: int = 0
    _left: int = 0
    _reserved_at: Instant = 0
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def spend(self) -> None:
        """Let one request through, or raise ``BudgetSpent``."""
        async with self._lock:
            if self._left == 0:
                await self._reserve()
            self._left -= 1
            self.used += 1

    async def _reserve(self) -> None:
        now = self.clock.now()
        for amount in (BLOCK, 1):  # near a cap the last credits go one by one
            if await self.writer.run(
                lambda database, amount=amount: self._ask(database, amount, now)
            ):
                self._left, self._reserved_at = amount, now
                return
        raise BudgetSpent("the rule file's cap on credits is reached; nothing more is asked")

    def _ask(self, database: Database, amount: int, now: Instant) -> bool:
        return database.ledger.reserve(
            self.watch, amount, now, self.api.credits_per_day, self.api.credits_per_month
        )

    def settle(self, database: Database) -> None:
        """Give back what was reserved and not used; part of the scan's transaction."""
        if self._left:
            database.ledger.release(self.watch, self._left, self._reserved_at)
            self._left = 0
