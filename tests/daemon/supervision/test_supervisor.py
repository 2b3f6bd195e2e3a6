"""Long tasks under supervision."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from watcher.daemon.supervision import supervisor as module
from watcher.daemon.supervision.supervisor import Supervisor
from watcher.errors import LeaseUncertain, StoreAway, StoreError


async def test_a_task_that_dies_is_reported_and_started_anew() -> None:
    """Twice dead, the third time it works."""
    deaths: list[str] = []
    runs = 0
    works = asyncio.Event()

    async def report(name: str, error: BaseException | None) -> None:
        deaths.append(f"{name}: {error}")

    async def work() -> None:
        nonlocal runs
        runs += 1
        if runs < 3:
            raise RuntimeError(f"death {runs}")
        works.set()

    waits: list[float] = []

    async def pause(seconds: float) -> None:
        waits.append(seconds)

    watched = Supervisor(report, pause=pause)
    watched.start("scanning 1", work)
    await works.wait()
    await watched.finish(5)
    assert deaths == ["scanning 1: death 1", "scanning 1: death 2"]
    assert waits == [module.FIRST_WAIT, 2 * module.FIRST_WAIT]


async def test_stop_cancels_what_runs() -> None:
    """A task without an end is gone after the stop."""
    begun = asyncio.Event()
    ended = asyncio.Event()

    async def report(_name: str, _error: BaseException | None) -> None:
        raise AssertionError("nothing died")

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    watched = Supervisor(report)
    watched.start("forever", work)
    await begun.wait()
    await watched.finish(0)
    assert ended.is_set()


async def test_a_report_that_fails_does_not_end_the_guard() -> None:
    """The supervisor outlives what it reports to."""
    runs = 0
    works = asyncio.Event()

    async def report(_name: str, _error: BaseException | None) -> None:
        raise OSError("no store")

    async def work() -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise RuntimeError("death")
        works.set()

    async def pause(_seconds: float) -> None:
        return

    watched = Supervisor(report, pause=pause)
    watched.start("part", work)
    await works.wait()
    await watched.stop()


async def test_a_task_that_works_again_is_reported() -> None:
    """Once it has worked for a while after its death."""
    told: list[str] = []
    well = asyncio.Event()
    runs = 0

    async def report(_name: str, error: BaseException | None) -> None:
        told.append("died" if error else "works")
        if error is None:
            well.set()

    async def work() -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise RuntimeError("death")
        await asyncio.Event().wait()

    async def pause(_seconds: float) -> None:
        return

    watched = Supervisor(report, pause=pause, well_after=0.01)
    watched.start("part", work)
    await well.wait()
    await watched.stop()
    assert told == ["died", "works"]


async def test_a_task_that_stands_still_is_started_anew() -> None:
    """Ended from outside it counts as dead, and is told so; of another supervisor's task: no."""
    deaths: list[str] = []
    begun = asyncio.Semaphore(0)

    async def report(name: str, error: BaseException | None) -> None:
        deaths.append(f"{name}: {error}")

    async def work() -> None:
        begun.release()
        await asyncio.Event().wait()

    async def at_once(_seconds: float) -> None:
        return None

    watched = Supervisor(report, pause=at_once)
    watched.start("delivery", work)
    await begun.acquire()
    assert watched.restart("delivery", "it was not heard of")
    assert not watched.restart("sweep", "why")
    await begun.acquire()
    assert deaths == ["delivery: it was not heard of"]
    assert watched.ended == []
    await watched.stop()
    assert not watched.restart("delivery", "too late")


async def test_a_task_that_is_cancelled_alone_has_died() -> None:
    """A library's stray cancellation is no order to stop."""
    deaths: list[str] = []
    works = asyncio.Event()

    async def report(name: str, error: BaseException | None) -> None:
        deaths.append(f"{name}: {error}")

    async def work() -> None:
        if not deaths:
            raise asyncio.CancelledError
        works.set()

    async def at_once(_seconds: float) -> None:
        return None

    watched = Supervisor(report, pause=at_once)
    watched.start("sweep", work)
    await works.wait()
    await watched.finish(5)
    assert deaths == ["sweep: it was cancelled"]


async def test_the_wait_before_a_new_begin_is_bounded() -> None:
    """It doubles, up to a minute; a day of deaths does not have it wait for a day."""
    waits: list[float] = []
    enough = asyncio.Event()

    async def report(_name: str, _error: BaseException | None) -> None:
        return None

    async def work() -> None:
        raise RuntimeError("death")

    async def pause(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 12:
            enough.set()
            await asyncio.Event().wait()

    watched = Supervisor(report, pause=pause)
    watched.start("part", work)
    await enough.wait()
    await watched.stop()
    assert waits == [1, 2, 4, 8, 16, 32, *[60] * 6]


async def test_one_that_ends_before_its_time_has_died() -> None:
    """It is told and begun anew; once it may end, its end is one."""
    deaths: list[str] = []
    over = False

    async def report(name: str, error: BaseException | None) -> None:
        nonlocal over
        deaths.append(f"{name}: {error}")
        over = len(deaths) == 2

    async def work() -> None:
        return None

    async def at_once(_seconds: float) -> None:
        return None

    watched = Supervisor(report, pause=at_once, may_end=lambda: over)
    watched.start("part", work)
    assert watched.names == ["part"]
    (part,) = (task for task in asyncio.all_tasks() if task.get_name() == "part")
    async with asyncio.timeout(20):
        await part
    assert deaths == ["part: it ended, and nobody had asked it to"] * 2
    assert watched.ended == ["part"]


@pytest.mark.parametrize(
    ("error", "lines"),
    [(StoreAway("away", "x"), 1), (LeaseUncertain("not renewed", "x"), 0), (StoreError("x", 1), 3)],
)
async def test_a_store_that_is_away_is_told_of_once(error: StoreError, lines: int) -> None:
    """Of a lease its keeper tells, for all parts together."""
    deaths = 0
    works = asyncio.Event()

    async def report(_name: str, _error: BaseException | None) -> None:
        nonlocal deaths
        deaths += 1

    async def work() -> None:
        if deaths < 3:
            raise error
        works.set()

    async def at_once(_seconds: float) -> None:
        """No pause."""

    with capture_logs() as logs:
        watched = Supervisor(report, pause=at_once)
        watched.start("upkeep", work)
        await works.wait()
        await watched.finish(5)
    assert len([each for each in logs if each["log_level"] == "error"]) == lines
    assert len([each for each in logs if each["event"] == "task died"]) == 3
