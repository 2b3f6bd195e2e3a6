"""Credits of one scan: set aside, booked, given back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.daemon.clocks import SetClock
from watcher.daemon.budget import CHECKPOINT, LedgerBudget
from watcher.daemon.patience import Patient
from watcher.errors import BudgetSpent, StoreError
from watcher.rules.rulebook import Api
from watcher.store.ledger import Spent
from watcher.store.writer import Writer
from watcher.units import DAY

NIGHT = 20_001 * DAY - 1


@pytest.fixture
async def writer() -> AsyncIterator[Writer]:
    """A store in memory."""
    async with Writer() as opened:
        yield opened


async def begun(writer: Writer, clock: SetClock, cost: int, cap: int | None) -> LedgerBudget:
    """A budget with ``cost`` set aside."""
    budget = LedgerBudget(writer, clock, Api(credits_per_day=cap), "w")
    assert await writer.run(lambda db: budget.begin(db, cost, clock.now()))
    return budget


async def spend(budget: LedgerBudget, times: int) -> None:
    """So many requests."""
    for _ in range(times):
        await budget.spend()


async def spent(writer: Writer, now: int) -> Spent:
    """What counts at that time."""
    return await writer.run(lambda db: db.ledger.spent(now))


async def test_what_is_not_used_is_given_back(writer: Writer) -> None:
    """A list that ended early costs what was asked."""
    clock = SetClock()
    budget = await begun(writer, clock, 50, 100)
    assert (await spent(writer, clock.now())).day == 50
    await spend(budget, 30)
    await budget.refund()
    await writer.run(budget.settle)
    assert (await spent(writer, clock.now())).day == 29


async def test_retries_go_one_by_one_up_to_the_cap(writer: Writer) -> None:
    """Beyond the cost each request asks the caps."""
    clock = SetClock()
    budget = await begun(writer, clock, 3, 5)
    await spend(budget, 5)
    with pytest.raises(BudgetSpent):
        await budget.spend()
    await writer.run(budget.settle)
    assert (await spent(writer, clock.now())).day == 5


async def test_a_crash_leaves_little_in_doubt(writer: Writer) -> None:
    """Requests are booked as they go; what is open at a start is at most a checkpoint's."""
    clock = SetClock()
    budget = await begun(writer, clock, 1_000, None)
    await spend(budget, 3 * CHECKPOINT + 5)
    await writer.run(lambda db: db.ledger.settle_all(CHECKPOINT))
    assert (await spent(writer, clock.now())).day == 4 * CHECKPOINT


async def test_each_day_pays_its_own_requests(writer: Writer) -> None:
    """What is asked after midnight counts on the new day, under its cap."""
    clock = SetClock(NIGHT)
    budget = await begun(writer, clock, 19, 20)
    await spend(budget, 7)
    clock.instant += 2
    await spend(budget, 12)
    await writer.run(budget.settle)
    assert (await spent(writer, NIGHT)).day == 7
    assert (await spent(writer, NIGHT + 2)).day == 12


async def test_the_new_days_cap_holds(writer: Writer) -> None:
    """A scan that began yesterday finds only what today's cap leaves."""
    clock = SetClock(NIGHT)
    budget = await begun(writer, clock, 10, 10)
    await spend(budget, 5)
    clock.instant += 2
    await writer.run(lambda db: db.ledger.charge("other", 8, clock.now()))
    await spend(budget, 2)
    with pytest.raises(BudgetSpent):
        await budget.spend()
    await writer.run(budget.settle)
    assert (await spent(writer, clock.now())).day == 10


async def test_a_refund_of_yesterday_gives_today_nothing(writer: Writer) -> None:
    """A connection that failed over midnight: the cap of the new day does not gain by it."""
    clock = SetClock(NIGHT)
    budget = await begun(writer, clock, 5, 5)
    await budget.spend()
    clock.instant += 2
    await spend(budget, 4)
    await budget.refund()
    await budget.spend()
    with pytest.raises(BudgetSpent):
        await budget.spend()
    await writer.run(budget.settle)
    assert (await spent(writer, clock.now())).day == 5


async def test_a_renewal_that_fails_can_be_done_again(writer: Writer) -> None:
    """What went out is counted once, and nothing stays set aside, though the first try of it
    met a database that took no writes."""
    clock = SetClock()
    budget = await begun(writer, clock, 3, 100)
    await spend(budget, 3)

    async def hear(_error: StoreError, _failures: int) -> None:
        """Nobody is told."""

    async def pause(_stop: asyncio.Event, _seconds: float) -> None:
        await writer.run(lambda db: db.execute("PRAGMA query_only = OFF"))

    budget.writer = Patient(writer, asyncio.Event(), hear, pause)
    await writer.run(lambda db: db.execute("PRAGMA query_only = ON"))
    await spend(budget, 4)
    await writer.run(budget.settle)
    assert (await spent(writer, clock.now())).day == 7
    assert await writer.run(lambda db: db.ledger.set_aside(clock.now())) == {}
