"""Tests of the pace of requests."""

from __future__ import annotations

import asyncio

import pytest

from tests.keyapi.scripted import FakeTime
from watcher.keyapi.pace import Pace


@pytest.fixture
def time() -> FakeTime:
    """The clock that the pace goes by."""
    return FakeTime()


async def turns(pace: Pace, time: FakeTime, count: int) -> list[float]:
    """When each of so many turns came."""
    times = []
    for _ in range(count):
        await pace.turn()
        times.append(time.time)
    return times


async def test_pace(time: FakeTime) -> None:
    """The first turn is at once, the others follow evenly; idle time is not saved up."""
    pace = Pace(2, time.seams)
    assert await turns(pace, time, 3) == [1000.0, 1000.5, 1001.0]
    time.time = 2000.0
    assert await turns(pace, time, 3) == [2000.0, 2000.5, 2001.0]


async def test_pace_slows_down_and_recovers(time: FakeTime) -> None:
    """A complaint pauses and halves the pace; good answers bring it back, not beyond."""
    pace = Pace(2, time.seams)
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
    pace = Pace(2, time.seams)
    await pace.turn()
    waiting = asyncio.create_task(turns(pace, time, 1))
    await asyncio.sleep(0)
    pace.slow_down(60)
    assert await waiting == [1060.5]
