"""How long the event loop was held, told by its selector."""

from __future__ import annotations

import asyncio
import selectors
import socket

import pytest
from structlog.testing import capture_logs

from watcher.daemon.supervision.loop_lag import LONG, SPAN, LagSelector, LoopLag


def value(holds: LoopLag, name: str, **labels: str) -> float:
    """A sample of the metrics."""
    samples = [
        sample
        for instrument in holds.instruments
        for metric in instrument.collect()
        for sample in metric.samples
    ]
    return next(s.value for s in samples if s.name == name and s.labels.items() >= labels.items())


def test_a_callback_that_takes_long_holds_the_loop() -> None:
    """What does not let go is seen in full."""
    now = 0.0
    holds = LoopLag(lambda: now)

    async def work() -> None:
        nonlocal now
        now += 0.03
        await asyncio.sleep(0)

    with asyncio.Runner(loop_factory=holds.loop) as runner:
        runner.run(work())
    assert holds.longest() == pytest.approx(0.03)
    assert value(holds, "watcher_loop_held_seconds_max") == holds.longest()
    assert value(holds, "watcher_loop_held_seconds_sum") == pytest.approx(0.03)


def test_a_wait_that_something_ends_is_no_hold() -> None:
    """However long it takes until something comes."""
    times = iter([0.0, 0.1, 9.0])  # made, asked, back
    holds = LoopLag(lambda: next(times, 9.03))
    ours, theirs = socket.socketpair()
    with ours, theirs, LagSelector(holds) as selector:
        selector.register(ours, selectors.EVENT_READ)
        theirs.send(b"x")
        assert selector.select(60.0)
        assert selector.select(60.0)
    assert value(holds, "watcher_loop_held_seconds_sum") == pytest.approx(0.1 + 0.03)


def test_a_select_that_comes_back_late_counts() -> None:
    """Another thread had the interpreter: the loop could not run when its timer rang."""
    times = iter([0.0, 0.1, 0.6])
    holds = LoopLag(lambda: next(times, 0.7))
    with LagSelector(holds) as selector:
        assert selector.select(0.01) == []
        assert selector.select(-1) == []
    assert value(holds, "watcher_loop_held_seconds_sum") == pytest.approx(0.1 + 0.49 + 0.1)


def test_the_longest_is_forgotten_after_ten_minutes() -> None:
    """The maximum is of late; the histogram keeps all."""
    now = 0.0
    holds = LoopLag(lambda: now)
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
        LoopLag().note(seconds, 1.0)
    assert len(logged) == lines


def test_a_slice_of_time_is_one_number() -> None:
    """However many holds there were in it: the longest of each minute is kept, until ten minutes
    after that minute."""
    begin = now = 100_000.0
    holds = LoopLag(lambda: now)
    for second in range(60):
        holds.note(0.5 - 0.001 * abs(second - 30), begin + second)
    now = begin + 60 + SPAN - 1
    assert holds.longest() == 0.5
    now += 1
    assert holds.longest() == 0.0
