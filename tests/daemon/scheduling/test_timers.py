"""Timers on a fast clock and a real event loop."""

from __future__ import annotations

import asyncio
import threading

from watcher.daemon.clock import FastClock, SystemClock
from watcher.daemon.scheduling.timers import Timers
from watcher.units import DAY

START = 1_000 * DAY


async def test_an_alarm_rings_once_with_its_time() -> None:
    """A day of the fast clock passes in a moment."""
    timers = Timers(FastClock(START, speed=DAY / 0.05))
    rung: list[tuple[str, int]] = []
    done = asyncio.Event()

    def ring(key: str, due: int) -> None:
        rung.append((key, due))
        if len(rung) == 2:
            done.set()

    timers.start()
    timers.arm("b", START + 2 * DAY, ring)
    timers.arm("a", START + DAY, ring)
    assert (timers.due("a"), timers.due("c")) == (START + DAY, None)
    await done.wait()
    timers.stop()
    assert rung == [("a", START + DAY), ("b", START + 2 * DAY)]
    assert not timers.running


async def test_what_is_past_rings_at_once() -> None:
    """A time long ago is now."""
    timers = Timers(SystemClock())
    rung = asyncio.Event()
    timers.start()
    timers.arm("a", 0, lambda _key, _due: rung.set())
    await rung.wait()
    timers.stop()


async def test_arming_again_replaces_and_disarming_forgets() -> None:
    """One alarm for a key."""
    timers = Timers(FastClock(START, speed=DAY / 0.05))
    rung: list[str] = []
    done = asyncio.Event()
    timers.start()
    timers.arm("a", START + DAY, lambda _key, _due: rung.append("first"))
    timers.arm("a", START + 2 * DAY, lambda _key, _due: rung.append("second"))
    timers.arm("gone", START + DAY, lambda _key, _due: rung.append("gone"))
    timers.disarm("gone")
    timers.disarm("never was")
    timers.arm("end", START + 3 * DAY, lambda _key, _due: done.set())
    await done.wait()
    timers.stop()
    assert rung == ["second"]
    assert timers.due("gone") is None


async def test_an_alarm_may_be_armed_by_the_last_one() -> None:
    """Also for a time that is past, while the last one is not over yet; on the loop's thread."""
    timers = Timers(SystemClock())
    threads: list[threading.Thread] = []
    done = asyncio.Event()

    def ring(key: str, due: int) -> None:
        threads.append(threading.current_thread())
        if due < 20:
            timers.arm(key, due + 1, ring)
        else:
            done.set()

    timers.start()
    timers.arm("a", 0, ring)
    async with asyncio.timeout(20):
        await done.wait()
    timers.stop()
    assert threads == [threading.current_thread()] * 21


async def test_ticks() -> None:
    """Again and again, on the loop's own thread; begun anew it is one tick, not two."""
    timers = Timers(SystemClock())
    seen = asyncio.Semaphore(0)
    threads: set[int] = set()

    def work() -> None:
        threads.add(threading.get_ident())
        seen.release()

    timers.start()
    timers.tick("work", 3_600, work)  # as if the clock had been set back by an hour
    timers.tick("work", 0.01, work)
    for _ in range(3):
        await seen.acquire()
    timers.stop()
    assert threads == {threading.get_ident()}
