"""Credits of one scan: set aside, booked, given back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.fakes.clock import SetClock
from tests.store.making import raw
from watcher.daemon.scheduling.budget import CHECKPOINT, LedgerBudget, PaidBudget
from watcher.daemon.scheduling.store_retry import StoreRetry
from watcher.errors import BudgetSpent, StoreError
from watcher.rules.rulebook import Api
from watcher.store.records import Spent
from watcher.store.threads import Writer
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
        await writer.run(lambda db: raw(db).execute("PRAGMA query_only = OFF"))

    budget.writer = StoreRetry(writer, asyncio.Event(), hear, pause)
    await writer.run(lambda db: raw(db).execute("PRAGMA query_only = ON"))
    await spend(budget, 4)
    await writer.run(budget.settle)
    assert (await spent(writer, clock.now())).day == 7
    assert await writer.run(lambda db: db.ledger.set_aside(clock.now())) == {}


async def test_requests_at_once_share_what_the_cap_leaves(writer: Writer) -> None:
    """Pages are asked for side by side: of three that need one more credit each, the one that the
    cap leaves goes to one of them."""
    clock = SetClock()
    budget = await begun(writer, clock, 3, 4)
    await spend(budget, 3)
    ends = await asyncio.gather(*(budget.spend() for _ in range(3)), return_exceptions=True)
    assert [end for end in ends if not isinstance(end, BudgetSpent)] == [None]
    await writer.run(budget.settle)
    assert (await spent(writer, clock.now())).day == 4


async def test_a_refund_takes_one_back(writer: Writer) -> None:
    """And never more than what went out."""
    clock = SetClock()
    budget = await begun(writer, clock, 5, None)
    await spend(budget, 3)
    await budget.refund()
    assert budget.used == 2
    for _ in range(3):
        await budget.refund()
    await writer.run(budget.settle)
    assert (await spent(writer, clock.now())).day == 0


async def test_a_scan_over_two_midnights(writer: Writer) -> None:
    """Each is one: what was set aside anew ends with its own day."""
    clock = SetClock(NIGHT)
    budget = await begun(writer, clock, 10, None)
    for _ in range(3):
        await spend(budget, 2)
        clock.instant += DAY
    await writer.run(budget.settle)
    assert [(await spent(writer, NIGHT + n * DAY)).day for n in range(3)] == [2, 2, 2]


async def test_at_midnight_itself_the_new_day_pays(writer: Writer) -> None:
    """The first second is the new day's, the last one the old day's."""
    clock = SetClock(NIGHT)
    budget = await begun(writer, clock, 4, None)
    await budget.spend()
    clock.instant += 1
    await budget.spend()
    await writer.run(budget.settle)
    assert [(await spent(writer, now)).day for now in (NIGHT, NIGHT + 1)] == [1, 1]


async def test_after_midnight_as_much_as_is_left_is_set_aside(writer: Writer) -> None:
    """So that the rest of the list is not another scan's; or what the cap leaves of it."""
    clock = SetClock(NIGHT)
    budget = await begun(writer, clock, 10, 12)
    await spend(budget, 4)
    clock.instant += 1
    await budget.spend()
    assert (budget.amount, (await spent(writer, clock.now())).day) == (6, 6)
    await budget.spend()
    assert (budget.amount, budget.used) == (6, 2)  # once a midnight, not for each request after it
    clock.instant += DAY
    await writer.run(lambda db: db.ledger.charge("other", 11, clock.now()))
    await budget.spend()
    assert budget.amount == 1


async def test_what_is_kept_for_others_is_not_spent(writer: Writer) -> None:
    """Not by the scan as a whole, and not by its retries."""
    clock = SetClock()
    for kind in (LedgerBudget, PaidBudget):
        budget = kind(writer, clock, Api(credits_per_day=10), "w", kept=7)
        begin = budget.begin
        assert not await writer.run(lambda db, begin=begin: begin(db, 4, clock.now()))  # type: ignore[misc]
        assert await writer.run(lambda db, begin=begin: begin(db, 2, clock.now()))  # type: ignore[misc]
        for _ in range(3):
            await budget.spend()
        with pytest.raises(BudgetSpent):
            await budget.spend()
        await writer.run(budget.settle)
        assert (await spent(writer, clock.now())).day == 3
        clock.instant += DAY


async def paid(writer: Writer, clock: SetClock, api: Api) -> PaidBudget:
    """A dry run's budget, begun for three requests."""
    budget = PaidBudget(writer, clock, api, "w")
    assert await writer.run(lambda db: budget.begin(db, 3, clock.now()))
    return budget


async def test_a_dry_run_pays_each_request_before_it(writer: Writer) -> None:
    """Nothing is set aside: at a kill, what went out is what is booked."""
    clock = SetClock()
    budget = await paid(writer, clock, Api(credits_per_day=4))
    heard: list[int] = []
    budget.moved = lambda: heard.append(1)
    assert ((await spent(writer, clock.now())).day, budget.open) == (0, False)
    for asked in (1, 2, 3, 4):
        await budget.spend()
        assert ((await spent(writer, clock.now())).day, len(heard)) == (asked, asked)
    with pytest.raises(BudgetSpent, match="cap on credits"):
        await budget.spend()
    await budget.refund()
    assert (await spent(writer, clock.now())).day == 3
    await writer.run(budget.settle)
    budget.close()
    assert (await spent(writer, clock.now())).day == 3
    assert await writer.run(lambda db: db.ledger.set_aside(clock.now())) == {}


@pytest.mark.parametrize("api", [Api(credits_per_day=5), Api(credits_per_month=5)])
async def test_a_dry_run_is_not_begun_where_it_does_not_fit(writer: Writer, api: Api) -> None:
    """Either cap; to the last credit it fits."""
    clock = SetClock()
    budget = PaidBudget(writer, clock, api, "w")
    await writer.run(lambda db: db.ledger.charge("other", 2, clock.now()))
    assert await writer.run(lambda db: budget.begin(db, 3, clock.now()))
    assert not await writer.run(lambda db: budget.begin(db, 4, clock.now()))


async def test_a_dry_runs_refund_is_the_day_its_own(writer: Writer) -> None:
    """Over midnight the new day's cap gains nothing; its requests are the new day's."""
    clock = SetClock(NIGHT)
    budget = await paid(writer, clock, Api())
    await budget.spend()
    clock.instant += 2
    await budget.spend()
    await budget.refund()
    assert [(await spent(writer, now)).day for now in (NIGHT, NIGHT + 2)] == [0, 1]


async def test_each_request_is_a_sign_of_life(writer: Writer) -> None:
    """Also one that the caps then forbid."""
    clock = SetClock()
    budget = await begun(writer, clock, 1, 1)
    heard: list[int] = []
    budget.moved = lambda: heard.append(1)
    await budget.spend()
    with pytest.raises(BudgetSpent):
        await budget.spend()
    assert len(heard) == 2


async def test_what_is_closed_is_not_settled_again(writer: Writer) -> None:
    """Its reservation's number may be another scan's by then."""
    clock = SetClock()
    budget = await begun(writer, clock, 5, None)
    assert budget.open
    await spend(budget, 2)
    await writer.run(budget.settle)
    budget.close()
    assert not budget.open
    other = await begun(writer, clock, 7, None)
    await writer.run(budget.settle)
    assert (await spent(writer, clock.now())).day == 9
    assert other.open
