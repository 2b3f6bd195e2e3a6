"""How long the event loop was held, told by its selector."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine

import pytest
from structlog.testing import capture_logs

from watcher.daemon.holds import LONG, SPAN, Holds


def run(holds: Holds, work: Coroutine[None, None, None]) -> None:
    """On a loop that is measured."""
    with asyncio.Runner(loop_factory=holds.loop) as runner:
        runner.run(work)


def value(holds: Holds, name: str, **labels: str) -> float:
    """A sample of the metrics."""
    samples = [
        sample
        for instrument in holds.instruments
        for metric in instrument.collect()
        for sample in metric.samples
    ]
    return next(s.value for s in samples if s.name == name and s.labels.items() >= labels.items())


def test_a_callback_that_takes_long_holds_the_loop() -> None:
    """What does not let go is seen in full, and waiting is no hold."""
    holds = Holds()

    async def work() -> None:
        await asyncio.sleep(0.1)
        time.sleep(0.03)  # noqa: ASYNC251 - this is the hold
        await asyncio.sleep(0)

    run(holds, work())
    assert 0.03 <= holds.longest() < 0.1
    assert value(holds, "watcher_loop_held_seconds_max") == holds.longest()
    assert value(holds, "watcher_loop_held_seconds_sum") >= 0.03


def test_what_another_thread_holds_of_the_interpreter_counts() -> None:
    """The loop can't run then either: a timer rings late by so much."""
    holds = Holds()
    numbers = range(5_000_000)

    async def work() -> None:
        await asyncio.gather(asyncio.to_thread(sum, numbers), asyncio.sleep(0.001))

    began = time.perf_counter()
    sum(numbers)  # in C, with the interpreter's lock held all the time
    alone = time.perf_counter() - began
    run(holds, work())
    assert holds.longest() > alone / 4


def test_the_longest_is_forgotten_after_ten_minutes() -> None:
    """The maximum is of late; the histogram keeps all."""
    now = 0.0
    holds = Holds(lambda: now)
    for now, seconds in ((10.0, 0.2), (30.0, 0.1), (400.0, 0.03)):
        holds.note(seconds, now)
    assert holds.longest() == 0.2
    now = 10.0 + 1.2 * SPAN
    holds.note(0.001, now)
    assert holds.longest() == 0.03
    now = 3 * SPAN
    assert holds.longest() == 0.0
    assert value(holds, "watcher_loop_held_seconds_count") == 4
    assert value(holds, "watcher_loop_held_seconds_bucket", le="0.05") == 2


@pytest.mark.parametrize(("seconds", "lines"), [(LONG * 0.9, 0), (LONG * 1.1, 1)])
def test_long_holds_are_logged(seconds: float, lines: int) -> None:
    """With how long they were; the others are in the metrics only."""
    with capture_logs() as logged:
        Holds().note(seconds, 1.0)
    assert len(logged) == lines
