"""Credits for one scan: set aside in the ledger before it begins, counted before each request.

What the scan should cost is reserved at once, or the scan is not begun; what it needs beyond
that (retries) is reserved one by one. Every ``CHECKPOINT`` requests are booked as used, so that
a crash leaves at most that many in doubt, and those count as spent: the caps hold whatever
happens. Requests after midnight UTC are the new day's.

A dry run beside the daemon, which does not hold the database, sets nothing aside: whatever it left
open after a kill, nobody could tell from what is under way. It pays for each request before it.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field

from watcher import plan
from watcher.analysis.forecast import requests_of, scans_left
from watcher.daemon.clock import Clock
from watcher.daemon.tenure import Tenure
from watcher.delivery.marking import StoreThread
from watcher.errors import BudgetSpent
from watcher.model import Instant
from watcher.rules.rulebook import Api, Rulebook, Watch
from watcher.store.ports import Store
from watcher.units import next_midnight

CHECKPOINT = 20
SPENT = "the rule file's cap on credits is reached; nothing more is asked"


@dataclass(slots=True)
class ScanBudget(ABC):
    """One scan's credits. ``moved`` hears of each request; ``kept`` is what the scan must leave
    under the caps for watches of higher priority. By the ``tenure`` a request may be begun."""

    writer: StoreThread
    clock: Clock
    api: Api
    watch: str
    moved: Callable[[], None] = lambda: None
    kept: int = 0
    tenure: Tenure = field(default_factory=Tenure)

    @property
    def open(self) -> bool:
        """Whether something is set aside."""
        return False

    @property
    def caps(self) -> tuple[int | None, int | None]:
        """The caps of the day and the month, less what must be left; None is no cap."""
        day, month = self.api.credits_per_day, self.api.credits_per_month
        return (
            day - self.kept if day is not None else None,
            month - self.kept if month is not None else None,
        )

    @abstractmethod
    def begin(self, database: Store, cost: int, now: Instant) -> bool:
        """Set aside ``cost`` credits; False, and nothing is, where the caps don't leave them."""

    @abstractmethod
    async def spend(self) -> None:
        """Let one request through, or raise ``BudgetSpent``."""

    @abstractmethod
    async def refund(self) -> None:
        """Take back one request that never reached the server."""

    def settle(self, database: Store) -> None:  # noqa: B027 - nothing, where all is paid
        """Book what was used and give back the rest; ``close`` once that is committed."""

    def close(self) -> None:  # noqa: B027
        """Forget the reservation: its number may be another scan's by the next settlement."""


@dataclass(slots=True)
class LedgerBudget(ScanBudget):
    """The budget of the process that holds the database. ``amount`` is what is set aside and not
    booked yet, ``used`` what of it went out, ``day_ends`` the end of its UTC day."""

    reservation: int | None = None
    amount: int = 0
    used: int = 0
    day_ends: Instant = 0
    crossed: bool = False  # midnight
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def open(self) -> bool:
        return self.reservation is not None

    def begin(self, database: Store, cost: int, now: Instant) -> bool:
        reservation = database.ledger.reserve(self.watch, cost, now, *self.caps)
        if reservation is None:
            return False
        self.reservation, self.amount = reservation, cost
        self.used, self.day_ends = 0, next_midnight(now)
        return True

    async def spend(self) -> None:
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
            await self.tenure.begin(self.moved)  # at last: the store may have taken its time
            self.used += 1

    async def refund(self) -> None:
        # Not after midnight: it may have been yesterday's, and today's cap must not gain by it.
        if not self.crossed:
            self.used = max(0, self.used - 1)

    def settle(self, database: Store) -> None:
        if self.reservation is not None:
            database.ledger.settle(self.reservation, self.used)

    def close(self) -> None:
        self.reservation, self.amount, self.used = None, 0, 0

    def _book(self, database: Store) -> None:
        if self.reservation is not None:
            database.ledger.book(self.reservation, self.used)
            self.amount -= self.used
            self.used = 0

    async def _renew(self, amount: int, now: Instant) -> None:
        def renew(database: Store) -> bool:
            with database.atomic():
                self.settle(database)
            self.close()
            return self.begin(database, amount, now) or self.begin(database, 1, now)

        if not await self.writer.run(renew):
            raise BudgetSpent(SPENT)


@dataclass(slots=True)
class PaidBudget(ScanBudget):
    """The budget of a process that does not hold the database: each request is paid before it."""

    _began: Instant = 0

    def begin(self, database: Store, cost: int, now: Instant) -> bool:
        """Whether the caps leave ``cost`` credits now; others may be quicker."""
        self._began = now
        left = left_by_caps(database, self.api, now)
        return left is None or cost + self.kept <= left

    async def spend(self) -> None:
        self.moved()
        now = self.clock.now()
        if not await self.writer.run(lambda db: db.ledger.pay(self.watch, 1, now, *self.caps)):
            raise BudgetSpent(SPENT)

    async def refund(self) -> None:
        # From the day on which the scan began: a day that came since must not gain by it.
        await self.writer.run(lambda db: db.ledger.charge(self.watch, -1, self._began))


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
    higher = _watches_above(book, watch)
    room = left_by_caps(database, book.api, now) if higher else None
    if room is None:
        return 0
    kept, under_way = 0, database.ledger.set_aside(now)
    for other in higher:
        other = plan.with_followed(database, other)  # noqa: PLW2901 - the same, and filled in
        cost = requests_of(other, database.history.expected_pages(other.key))
        # The credits of one that is under way are set aside already.
        due = other.schedule.next(now) if other.key in under_way else _due(database, other, now)
        if not cost:  # a list of one's own without a product
            continue
        fitting = max(0, room - kept) // cost
        kept += cost * scans_left(other.schedule, due, now, next_midnight(now), at_most=fitting)
    return kept


def _watches_above(book: Rulebook, watch: Watch) -> list[Watch]:
    """The watches of a higher priority, the highest first."""
    own = book.priority(watch)
    above = {other.key for rule in book.enabled if rule.priority > own for other in rule.watches}
    higher = [other for other in book.used_watches if other.key in above]
    return sorted(higher, key=book.priority, reverse=True)


def _due(database: Store, watch: Watch, now: Instant) -> Instant:
    scans = database.history.scans(watch.key, limit=plan.LOOK_BACK)
    return plan.due(watch.schedule, scans, now)


def next_try(watch: Watch, now: Instant) -> Instant:
    """The time to try a scan again for which the caps leave no credits; at midnight they may."""
    return min(watch.schedule.next(now), next_midnight(now))


def left_by_caps(database: Store, api: Api, now: Instant) -> int | None:
    """Credits that the caps of the day and the month leave; None where there are no caps."""
    spent = database.ledger.spent(now)
    caps = ((api.credits_per_day, spent.day), (api.credits_per_month, spent.month))
    return min((max(0, cap - used) for cap, used in caps if cap is not None), default=None)
