"""The daemon's clocks."""

from __future__ import annotations

import time
from pathlib import Path

from watcher.daemon.clock import FastClock, SystemClock, file_clock, keep_clock
from watcher.units import DAY


def test_the_system_clock_is_the_machines() -> None:
    """Whole seconds, and the real seconds until an instant."""
    clock = SystemClock()
    before = int(time.time())
    now = clock.now()
    assert before <= now <= int(time.time())
    assert 0 <= 3_600 - clock.seconds_until(now + 3_600) <= 5
    assert abs(clock.offset() - clock.offset()) < 1


def test_a_fast_clock_runs_ahead() -> None:
    """A day takes a hundredth of a second; its offset never jumps."""
    clock = FastClock(1_000 * DAY, speed=DAY * 100)
    until = clock.seconds_until(1_001 * DAY)
    assert until <= 0.01
    assert clock.now() >= 1_000 * DAY
    assert clock.offset() == 0


def test_a_kept_clock_runs_on_in_other_processes(tmp_path: Path) -> None:
    """At its speed since it was kept; the machine's comes back with the next daemon."""
    database = tmp_path / "watcher.db"
    assert isinstance(file_clock(database), SystemClock)
    keep_clock(database, FastClock(1_000 * DAY, speed=DAY * 1_000))
    first = file_clock(database).now()
    assert first >= 1_000 * DAY
    while file_clock(database).now() < first + DAY:
        pass  # a day takes a millisecond
    (tmp_path / "watcher.db-clock").write_text("{", "utf-8")
    assert isinstance(file_clock(database), SystemClock)
    keep_clock(database, SystemClock())
    assert list(tmp_path.iterdir()) == []
