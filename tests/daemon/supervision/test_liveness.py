"""Parts that are heard of, and those that are not."""

from __future__ import annotations

from tests.fakes.clock import SetClock
from watcher.daemon.supervision.liveness import PERIOD, WATCH, Liveness


def test_a_part_is_late_when_its_time_is_over() -> None:
    """And no more once it is heard of, or rests."""
    clock = SetClock()
    liveness = Liveness(clock)
    liveness.beat("delivery", 30)
    liveness.beat("sweep", 300)
    clock.forward(30)
    assert liveness.late() == {}
    clock.forward(5)
    assert liveness.late() == {"delivery": 5}
    liveness.beat("delivery", 30)
    assert liveness.late() == {}
    liveness.rest("delivery")
    clock.forward(1_000)
    assert list(liveness.late()) == ["sweep"]


def test_what_the_whole_process_lost_is_nobodys_own() -> None:
    """Stopped for 40 s, no part is late by that; who stands still is late all the same."""
    clock = SetClock()
    liveness = Liveness(clock)
    liveness.beat("delivery", 30)
    liveness.tick()
    clock.forward(PERIOD + 40)
    assert liveness.late() == {}  # asked before the next tick
    liveness.tick()
    assert liveness.late() == {}
    for _ in range(6):
        clock.forward(PERIOD)
        liveness.tick()
    assert liveness.late() == {"delivery": 5}


def test_the_one_who_watches_stands_still() -> None:
    """Without ticks for a minute nothing is forgiven any more."""
    clock = SetClock()
    liveness = Liveness(clock)
    liveness.tick()
    clock.forward(60 + PERIOD)
    assert liveness.late() == {}
    clock.forward(1)
    assert liveness.late() == {WATCH: 61}


def test_only_what_is_at_work_is_given_more_time() -> None:
    """A part that rests goes on resting, and one that nobody knows is not made up."""
    clock = SetClock()
    liveness = Liveness(clock)
    liveness.beat("scanning 1", 30)
    liveness.rest("scanning 2")
    for part in ("scanning 1", "scanning 2", "scanning 3"):
        liveness.renew(part, 100)
    clock.forward(99)
    assert liveness.late() == {}
    clock.forward(1_000)
    assert liveness.late() == {"scanning 1": 999}
