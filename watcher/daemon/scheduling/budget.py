"""Credits for one scan: set aside in the ledger before it begins, counted before each request.

What the scan should cost is reserved at once, or the scan is not begun; what it needs beyond
that (retries) is reserved one by one. Every ``CHECKPOINT`` requests are booked as used, so that
a crash leaves at most that many in doubt, and those count as spent: the caps hold whatever
happens. Requests after midnight UTC are the new day's.

Who does not hold the database (a dry run beside the daemon) sets nothing aside: whatever it left
open after a kill, nobody could tell from what is under way. It pays for each request before it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from watcher import plan
from watcher.analysis.forecast import requests_of, scans_left
from watcher.daemon.clock import Clock
from watcher.delivery.ports import StoreRunner
from watcher.errors import BudgetSpent
from watcher.model import Instant
from watcher.rules.rulebook import Api, Rulebook, Watch
from watcher.store.ports import Store
from watcher.units import next_midnight

CHECKPOINT = 20


class ScanBudget(Protocol):
    """One scan's credits. ``kept`` is what it must leave under the caps for watches of higher
    priority; ``open`` while something is set aside."""

    kept: int

    @property
    def open(self) -> bool: ...

    def begin(self, database: Store, cost: int, now: Instant) -> bool:
        """False, and nothing is set aside, where the caps don't leave ``cost`` credits."""
        ...

    async def spend(self) -> None:
        """Let one request through, or raise ``BudgetSpent``."""

    async def refund(self) -> None:
        """Take back one request that never reached the server."""

    def settle(self, database: Store) -> None:
        """Book what was used and give back the rest; may be undone with its transaction."""

    def close(self) -> None:
        """What was settled is committed."""


@dataclass(slots=True)
class LedgerBudget:
    """The way to the ledger of who holds the database. ``amount`` is what is set aside and not
    booked yet, ``used`` what of it went out, ``day_ends`` the end of the UTC day that it belongs
    to. ``moved`` hears of each request."""

    writer: StoreRunner[Store]
    clock: Clock
    api: Api
    watch: str
    moved: Callable[[], None] = lambda: None
    reservation: int | None = None
    amount: int = 0
    used: int = 0
    day_ends: Instant = 0
    kept: int = 0
    crossed: bool = False  # midnight
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def open(self) -> bool:
        return self.reservation is not None

    def begin(self, database: Store, cost: int, now: Instant) -> bool:
        """Set aside ``cost`` credits; False, and nothing is, where the caps don't leave them."""
        per_day, per_month = caps_less(self.api, self.kept)
        reservation = database.ledger.reserve(self.watch, cost, now, per_day, per_month)
        if reservation is None:
            return False
        self.reservation, self.amount = reservation, cost
        self.used, self.day_ends = 0, next_midnight(now)
        return True

    async def spend(self) -> None:
        """Let one request through, or raise ``BudgetSpent``."""
        self.moved()
        async with self._lock:
            now = self.clock.now()
            if now >= self.day_ends:
                self.crossed = True
                await self._renew(max(1, self.amount - self.used), now)
            elif self.used >= self.amount:
                await self._renew(1, now)
            elif self.used >= CHECKPOINT:
                await self.writer.run(self._book)
            self.used += 1

    async def refund(self) -> None:
        """Take back one request that never reached the server.

        Not after midnight: it may have been yesterday's, and today's cap must not gain by it.
        """
        if not self.crossed:
            self.used = max(0, self.used - 1)

    def settle(self, database: Store) -> None:
        """Book what was used and give back the rest; ``close`` once that is committed."""
        if self.reservation is not None:
            database.ledger.settle(self.reservation, self.used)

    def close(self) -> None:
        """Nothing is set aside any more. The next settlement must not name the reservation
        again: its number may be another scan's by then."""
        self.reservation, self.amount, self.used = None, 0, 0

    def _book(self, database: Store) -> None:
        if self.reservation is not None:
            database.ledger.book(self.reservation, self.used)
            self.amount -= self.used
            self.used = 0

    async def _renew(self, amount: int, now: Instant) -> None:
        if not await self.writer.run(partial(self._settle_and_begin, amount, now)):
            raise spent_error()

    def _settle_and_begin(self, amount: int, now: Instant, database: Store) -> bool:
        with database.atomic():
            self.settle(database)
        self.close()
        return self.begin(database, amount, now) or self.begin(database, 1, now)


@dataclass(slots=True)
class PaidBudget:
    """The way to the ledger of who does not hold the database: each request is paid before it.
    ``moved`` hears of each.
    """

    writer: StoreRunner[Store]
    clock: Clock
    api: Api
    watch: str
    moved: Callable[[], None] = lambda: None
    kept: int = 0
    _began: Instant = 0

    @property
    def open(self) -> bool:
        return False

    def begin(self, database: Store, cost: int, now: Instant) -> bool:
        """Whether the caps leave ``cost`` credits now; others may be quicker."""
        self._began = now
        spent = database.ledger.spent(now)
        per_day, per_month = caps_less(self.api, self.kept)
        return (per_day is None or spent.day + cost <= per_day) and (
            per_month is None or spent.month + cost <= per_month
        )

    async def spend(self) -> None:
        """Let one request through, or raise ``BudgetSpent``."""
        self.moved()
        now = self.clock.now()
        caps = caps_less(self.api, self.kept)
        if not await self.writer.run(lambda db: db.ledger.pay(self.watch, 1, now, *caps)):
            raise spent_error()

    async def refund(self) -> None:
        """Take back one request that never reached the server.

        From the day on which the scan began: a day that came since must not gain by it.
        """
        await self.writer.run(lambda db: db.ledger.charge(self.watch, -1, self._began))

    def settle(self, _database: Store) -> None:
        """All is paid."""

    def close(self) -> None:
        """Nothing was open."""


def caps_less(api: Api, kept: int) -> tuple[int | None, int | None]:
    """The caps of the day and the month, less what must be left; None is no cap."""
    day, month = (
        cap - kept if cap is not None else None
        for cap in (api.credits_per_day, api.credits_per_month)
    )
    return day, month


def spent_error() -> BudgetSpent:
    """That our own caps leave nothing more."""
    return BudgetSpent("the rule file's cap on credits is reached; nothing more is asked")


def set_aside(
    budget: ScanBudget, database: Store, book: Rulebook, watch: Watch, pages: int, now: Instant
) -> int | None:
    """Begin the budget with what a scan of so many pages should cost; their number where
    the caps don't leave them, else None."""
    cost = requests_of(watch, pages)
    budget.kept = kept_for_others(database, book, watch, now)
    return None if budget.begin(database, cost, now) else cost


def kept_for_others(database: Store, book: Rulebook, watch: Watch, now: Instant) -> int:
    """Credits that ``watch`` must leave: those of the scans that watches of a higher priority
    will still make today (UTC). A scan that the caps leave no room for anyway keeps nothing.
    """
    room = _room(database, book, now)
    if room is None:
        return 0
    own, under_way = book.priority(watch), database.ledger.set_aside(now)
    higher = [other for other in book.used_watches if book.priority(other) > own]
    kept = 0
    for other in sorted(higher, key=lambda other: -book.priority(other)):
        cost = requests_of(other, database.history.expected_pages(other.key))
        if other.key in under_way:  # the credits of this one are set aside already
            due = other.schedule.next(now)
        else:
            scans = database.history.scans(other.key, limit=plan.LOOK_BACK)
            due = plan.due(other.schedule, scans, now)
        fitting = max(0, room - kept) // cost
        kept += cost * scans_left(other.schedule, due, now, next_midnight(now), at_most=fitting)
    return kept


def _room(database: Store, book: Rulebook, now: Instant) -> int | None:
    """What the caps leave; None where there are none, or no priorities."""
    if len({rule.priority for rule in book.rules}) < 2:
        return None
    return left_by_caps(database, book.api, now)


def left_by_caps(database: Store, api: Api, now: Instant) -> int | None:
    """Credits that the caps of the day and the month leave; None where there are no caps."""
    spent = database.ledger.spent(now)
    caps = ((api.credits_per_day, spent.day), (api.credits_per_month, spent.month))
    return min((max(0, cap - used) for cap, used in caps if cap is not None), default=None)
