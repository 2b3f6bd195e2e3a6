"""Tests of the pace of requests."""

from __future__ import annotations

import asyncio

import pytest

from tests.source.scripted import FakeTime
from watcher.source.client import RateLimiter


@pytest.fixture
def time() -> FakeTime:
    """The clock that the pace goes by."""
    return FakeTime()


async def turns(pace: RateLimiter, time: FakeTime, count: int) -> list[float]:
    """When each of so many turns came."""
    times = []
    for _ in range(count):
        await pace.turn()
        times.append(time.time)
    return times


async def test_pace(time: FakeTime) -> None:
    """The first turn is at once, the others follow evenly; idle time is not saved up."""
    pace = RateLimiter(2, time.seams)
    assert await turns(pace, time, 3) == [1000.0, 1000.5, 1001.0]
    time.time = 2000.0
    assert await turns(pace, time, 3) == [2000.0, 2000.5, 2001.0]


async def test_pace_slows_down_and_recovers(time: FakeTime) -> None:
    """A complaint pauses and halves the pace; good answers bring it back, not beyond."""
    pace = RateLimiter(2, time.seams)
    await pace.turn()
    pace.slow_down(60)
    assert await turns(pace, time, 2) == [1060.0, 1061.0]
    for _ in range(50):
        pace.slow_down(0)
    assert pace.interval == 60.0
    for _ in range(100):
        pace.speed_up()
    assert pace.interval == 0.5


async def test_a_pause_holds_those_who_wait_already(time: FakeTime) -> None:
    """Who sleeps for the next turn when a complaint comes sleeps on."""
    pace = RateLimiter(2, time.seams)
    await pace.turn()
    waiting = asyncio.create_task(turns(pace, time, 1))
    await asyncio.sleep(0)
    pace.slow_down(60)
    assert await waiting == [1060.5]


async def test_a_short_pause_cuts_no_longer_one_short(time: FakeTime) -> None:
    """Whichever of two complaints comes last, the later end holds."""
    pace = RateLimiter(2, time.seams)
    await pace.turn()
    pace.slow_down(60)
    pace.slow_down(1)
    assert await turns(pace, time, 1) == [1060.0]
    pace = RateLimiter(2, time.seams)
    pace.slow_down(1)
    pace.slow_down(60)
    assert await turns(pace, time, 1) == [1120.0]


async def test_a_pause_of_nothing_keeps_the_turn(time: FakeTime) -> None:
    """The next turn is no earlier for it."""
    pace = RateLimiter(0.1, time.seams)
    await pace.turn()
    pace.slow_down(0)
    assert await turns(pace, time, 2) == [1010.0, 1030.0]


async def test_a_slow_pace_is_not_made_faster_by_a_complaint(time: FakeTime) -> None:
    """One request in two minutes is slower than any complaint makes it."""
    pace = RateLimiter(1 / 120, time.seams)
    for _ in range(3):
        pace.slow_down(0)
    assert pace.interval == 120
    pace.speed_up()
    assert pace.interval == 120


async def test_a_good_answer_makes_it_a_little_faster(time: FakeTime) -> None:
    """By a tenth."""
    pace = RateLimiter(1, time.seams)
    pace.slow_down(0)
    assert pace.interval == 2
    pace.speed_up()
    assert pace.interval == pytest.approx(1.8)


async def test_turns_come_in_the_order_of_asking(time: FakeTime) -> None:
    """Nobody overtakes who waits."""
    pace = RateLimiter(1, time.seams)
    order: list[int] = []

    async def ask(number: int) -> None:
        await pace.turn()
        order.append(number)

    await asyncio.gather(*(ask(number) for number in range(5)))
    assert order == [0, 1, 2, 3, 4]
    assert time.time == 1004.0


async def test_who_gives_up_takes_no_turn(time: FakeTime) -> None:
    """A scan that is cancelled while it waits leaves the queue to the others."""
    pace = RateLimiter(1, time.seams)
    await pace.turn()
    waiting = [asyncio.create_task(pace.turn()) for _ in range(2)]
    waiting[0].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert await turns(pace, time, 1) == [1002.0]
