"""Credits for one scan: set aside in the ledger before it begins, counted before each request.

What the scan should cost is reserved at once, or the scan is not begun; what it needs beyond
that (retries) is reserved one by one. Every ``CHECKPOINT`` requests are booked as used, so that
a crash leaves at most that many in doubt, and those count as spent: the caps hold whatever
happens. Requests after midnight UTC are the new day's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from watcher.daemon.clock import Clock
from watcher.errors import BudgetSpent
from watcher.model import Instant
from watcher.rules.rulebook import Api
from watcher.store.database import Database
from watcher.store.writer import StoreThread
from watcher.units import next_midnight

CHECKPOINT = 20


@dataclass(slots=True)
class LedgerBudget:
    """One scan's way to the ledger. ``amount`` is what is set aside and not booked yet, ``used``
    what of it went out, ``day_ends`` the end of the UTC day that it belongs to. ``kept`` is what
    it must leave under the caps for watches of higher priority. ``moved`` hears of each request."""

    writer: StoreThread
    clock: Clock
    api: Api
    watch: str
    moved: Callable[[], None] = lambda: None
    reservation: int | None = None
    amount: int = 0
    used: int = 0
    day_ends: Instant = 0
    kept: int = 0
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def begin(self, database: Database, cost: int, now: Instant) -> bool:
        """Set aside ``cost`` credits; False, and nothing is, where the caps don't leave them."""
        per_day, per_month = (
            cap - self.kept if cap is not None else None
            for cap in (self.api.credits_per_day, self.api.credits_per_month)
        )
        self.reservation = database.ledger.reserve(self.watch, cost, now, per_day, per_month)
        self.amount = cost if self.reservation is not None else 0
        self.used, self.day_ends = 0, next_midnight(now)
        return self.reservation is not None

    async def spend(self) -> None:
        """Let one request through, or raise ``BudgetSpent``."""
        self.moved()
        async with self._lock:
            now = self.clock.now()
            if now >= self.day_ends:
                await self.writer.run(partial(self._renew, max(1, self.amount - self.used), now))
            elif self.used >= self.amount:
                await self.writer.run(partial(self._renew, 1, now))
            elif self.used >= CHECKPOINT:
                await self.writer.run(self._book)
            self.used += 1

    async def refund(self) -> None:
        """Take back one request that never reached the server."""
        self.used = max(0, self.used - 1)

    def settle(self, database: Database) -> None:
        """Book what was used and give back the rest; a second time does nothing."""
        if self.reservation is not None:
            database.ledger.settle(self.reservation, self.used)
        self.reservation, self.amount, self.used = None, 0, 0

    def _book(self, database: Database) -> None:
        if self.reservation is not None:
            database.ledger.book(self.reservation, self.used)
            self.amount -= self.used
            self.used = 0

    def _renew(self, amount: int, now: Instant, database: Database) -> None:
        with database.atomic():
            self.settle(database)
            if not (self.begin(database, amount, now) or self.begin(database, 1, now)):
                raise BudgetSpent(
                    "the rule file's cap on credits is reached; nothing more is asked"
                )
