"""Parts that stand still: seen by the health check and the watchdog, and started anew."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest

from tests.daemon.fakes import FakeScanner, book
from tests.fakes.clock import SetClock
from watcher.daemon.core import Core
from watcher.daemon.daemon import Daemon
from watcher.daemon.maintenance import CLOCK_CHECK_SECONDS, TICK_SECONDS
from watcher.daemon.scheduling.errands import FAR_LOOK_SECONDS
from watcher.daemon.scheduling.scanner import Scanner
from watcher.daemon.scheduling.timers import Timers
from watcher.daemon.supervision import health as module
from watcher.daemon.supervision.liveness import PERIOD, SILENCE, Limits, Liveness
from watcher.delivery.courier import POLL
from watcher.source.client import LONGEST_PAUSE
from watcher.store.threads import Writer
from watcher.text.incidents import incident_text
from watcher.units import DAY, MINUTE

PARTS = ("timers", "delivery", "sweep", "clock")


@pytest.fixture
async def hand() -> SetClock:
    """The clock on which parts are late."""
    return SetClock()


@pytest.fixture
async def daemon(hand: SetClock, tmp_path: Path) -> AsyncIterator[Daemon]:
    """A running daemon, on a database file."""
    async with Writer(tmp_path / "watcher.db") as writer:
        made = Daemon(Core(book(), writer, SetClock(), liveness=Liveness(hand)), book)
        made.core.scanner = cast("Scanner", FakeScanner(lambda _w, _at: None, until=2 * DAY**2))
        ready = asyncio.Event()
        running = asyncio.create_task(made.run(ready.set))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait({waiting, running}, return_when=asyncio.FIRST_COMPLETED)
        assert ready.is_set(), running.result()
        yield made
        made.core.stopping.set()
        await running


def pass_time(hand: SetClock, daemon: Daemon, seconds: float, *, but: str = "") -> None:
    """Let ``seconds`` go by in which every part is heard of but one."""
    for _ in range(int(seconds // PERIOD) + 1):
        hand.forward(PERIOD)
        daemon.core.liveness.tick()
        for part, silence in SILENCE.items():
            if part not in (but, "scan"):
                daemon.core.liveness.beat(part, silence)


async def test_all_parts_move(daemon: Daemon) -> None:
    """Every long part is among those that are watched."""
    assert await daemon.health.ill() is None
    assert {"upkeep", "scanning 1", "scanning 2", *PARTS} <= daemon.core.liveness.left().keys()


@pytest.mark.parametrize("part", PARTS)
async def test_a_part_that_stands_still(hand: SetClock, daemon: Daemon, part: str) -> None:
    """Seen after its time, and no sooner."""
    pass_time(hand, daemon, SILENCE[part] - 2 * PERIOD, but=part)
    assert await daemon.health.ill() is None
    pass_time(hand, daemon, 3 * PERIOD, but=part)
    assert await daemon.health.ill() == f"the part {part} stands still"


async def test_each_part_moves_well_within_its_silence(
    hand: SetClock, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its own period, and twice over: a late turn is no death. The timers' tick is a beat."""
    periods = {
        "timers": TICK_SECONDS,
        "delivery": POLL,
        "sweep": MINUTE,
        "clock": CLOCK_CHECK_SECONDS,
        "rule files": Limits().look,
        "page rules": FAR_LOOK_SECONDS,
        "scan": LONGEST_PAUSE,
        "errands": LONGEST_PAUSE,
    }
    assert periods.keys() == SILENCE.keys()
    assert {part for part in periods if 2 * periods[part] > SILENCE[part]} == set()
    ticks: list[tuple[float, Callable[[], None]]] = []
    monkeypatch.setattr(Timers, "tick", lambda _self, _name, *tick: ticks.append(tick))
    daemon.maintenance.tick()
    ((seconds, beat),) = ticks
    assert seconds == TICK_SECONDS
    pass_time(hand, daemon, 50, but="timers")
    beat()
    assert daemon.core.liveness.left()["timers"] == SILENCE["timers"]


async def test_the_timers_tick_beats(
    hand: SetClock, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the real scheduler."""
    monkeypatch.setattr("watcher.daemon.maintenance.TICK_SECONDS", 0.01)
    daemon.maintenance.tick()
    pass_time(hand, daemon, 50, but="timers")
    async with asyncio.timeout(20):
        while daemon.core.liveness.left()["timers"] < SILENCE["timers"]:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_delivery_that_hangs_is_started_anew(hand: SetClock, daemon: Daemon) -> None:
    """A turn without an end: unhealthy, then ended, told, and healthy again."""
    hangs = asyncio.Event()
    turn = daemon.core.courier.turn

    async def without_end() -> float:
        hangs.set()
        await asyncio.Event().wait()
        return 0

    daemon.core.courier.turn = without_end  # type: ignore[method-assign]
    daemon.core.courier.wake()
    await hangs.wait()
    pass_time(hand, daemon, SILENCE["delivery"] + PERIOD, but="delivery")
    assert await daemon.health.ill() == "the part delivery stands still"
    turned = asyncio.Event()

    async def works() -> float:
        turned.set()
        return await turn()

    daemon.core.courier.turn = works  # type: ignore[method-assign]
    pass_time(hand, daemon, Limits().patience, but="delivery")
    daemon.health.restart_late()
    await turned.wait()
    assert await daemon.health.ill() is None
    (cause,) = await daemon.core.writer.run(lambda db: db.health.incidents())
    assert cause.cause == "task delivery"
    assert "it was not heard of for 75 s" in incident_text(cause)


async def test_a_part_that_is_over(daemon: Daemon) -> None:
    """One that ended of itself before the stop is begun anew, and told; not so the timers."""
    begun = asyncio.Semaphore(0)

    async def over() -> None:
        begun.release()

    async def at_once(_seconds: float) -> None:
        await asyncio.sleep(0)

    daemon.supervisor.pause = at_once
    daemon.supervisor.start("short", over)
    async with asyncio.timeout(20):
        for _ in range(3):
            await begun.acquire()
    (cause,) = await daemon.core.writer.run(lambda db: db.health.incidents())
    assert (cause.cause, "nobody had asked it to" in incident_text(cause)) == ("task short", True)
    assert await daemon.health.ill() is None
    daemon.core.timers.stop()
    assert await daemon.health.ill() == "the timers stand still"


async def test_a_database_that_takes_no_writes(
    daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Locked by another program: ill while it lasts, asked by one probe only, then well."""
    assert await daemon.health.ill() is None  # the probe of the start is over
    monkeypatch.setattr(module, "PROBE_SECONDS", 0.05)
    with closing(sqlite3.connect(tmp_path / "watcher.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(3):
            assert await daemon.health.ill() == "the database has not taken a write for 0.05 s"
        other.execute("ROLLBACK")
    async with asyncio.timeout(20):
        while await daemon.health.ill() is not None:
            pass


async def test_many_who_ask_at_once(daemon: Daemon) -> None:
    """Who wakes first and asks again begins a new probe: that is none of the others' business."""

    async def ask() -> None:
        for _ in range(20):
            assert await daemon.health.ill() is None

    await asyncio.gather(*(ask() for _ in range(5)))
