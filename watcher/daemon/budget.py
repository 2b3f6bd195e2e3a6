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


@dataclass(frozen=True, slots=True)
class _Block:
    """Credits set aside in the ledger."""

    reservation: int
    amount: int


@dataclass(slots=True, eq=False)
class LedgerBudget:
    """One scan's way to the ledger. ``cost`` is what the scan is expected to need; ``used``
    counts the requests that were let through."""

    writer: StoreThread
    clock: Clock
    api: Api
    watch: str
    cost: int
    used: int = 0
    _blocks: list[_Block] = field(default_factory=list)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def reserved(self) -> int:
        """Credits set aside so far."""
        return sum(block.amount for block in self._blocks)

    @property
    def outstanding(self) -> int:
        """Credits that the scan is expected to set aside yet."""
        return max(0, self.cost - self.reserved)

    async def spend(self) -> None:
        """Let one request through, or raise ``BudgetSpent``."""
        async with self._lock:
            if self.used == self.reserved:
                await self._reserve()
            self.used += 1

    async def refund(self) -> None:
        """Take back one request that never reached the server."""
        self.used -= 1

    async def _reserve(self) -> None:
        now = self.clock.now()
        for amount in (BLOCK, 1):  # near a cap the last credits go one by one
            if await self.writer.run(partial(self._ask, amount, now)):
                return
        raise BudgetSpent("the rule file's cap on credits is reached; nothing more is asked")

    def _ask(self, amount: int, now: Instant, database: Database) -> bool:
        # Noted on the store's thread, or a stop that cancels the wait would forget the block.
        reservation = database.ledger.reserve(
            self.watch, amount, now, self.api.credits_per_day, self.api.credits_per_month
        )
        if reservation is not None:
            self._blocks.append(_Block(reservation, amount))
        return reservation is not None

    def settle(self, database: Database) -> None:
        """Turn what was reserved into what was used; a second time does nothing."""
        for block in self._blocks:
            used = min(block.amount, self.used)
            database.ledger.settle(block.reservation, used)
            self.used -= used
        self._blocks.clear()
