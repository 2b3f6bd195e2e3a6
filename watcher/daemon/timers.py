"""Timers: APScheduler wakes the daemon when a watch is due.

A job only hands its watch on; what is due when is decided by ``schedule`` and by what the
database remembers. Each watch has one one-shot job, armed anew after it fired: an interval
trigger would drift or, with a clock that jumps, stand still or fire in bursts.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from watcher.daemon.clock import Clock
from watcher.model import Instant

# The scheduler says at INFO each job it adds and runs: our own log says more.
logging.getLogger("apscheduler").setLevel(logging.WARNING)

# A late job is still owed, and many missed runs are one.
_DEFAULTS = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}


class Timers:
    """One alarm for each key, and ticks at a fixed pace. Real time is read off ``clock``."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._alarms: dict[str, Instant] = {}
        self._running = False
        self._scheduler = AsyncIOScheduler(job_defaults=_DEFAULTS, timezone=UTC)

    def start(self) -> None:
        """Begin to fire; needs a running event loop."""
        self._scheduler.start()
        self._running = True

    def stop(self) -> None:
        """Fire nothing more."""
        if self._running:
            self._running = False
            self._scheduler.shutdown(wait=False)

    @property
    def running(self) -> bool:
        # Not the scheduler's own word: its shutdown takes a turn of the loop.
        return self._running

    def due(self, key: str) -> Instant | None:
        """When the key's alarm is set to; None without one."""
        return self._alarms.get(key)

    def arm(self, key: str, due: Instant, ring: Callable[[str, Instant], None]) -> None:
        """Ring once at ``due`` (at once if that is past), in place of the key's old alarm."""
        self._alarms[key] = due
        wait = max(0.0, self._clock.seconds_until(due))
        self._scheduler.add_job(
            ring,
            DateTrigger(datetime.now(UTC) + timedelta(seconds=wait)),
            args=(key, due),
            id=key,
            replace_existing=True,
        )

    def disarm(self, key: str) -> None:
        """Forget the key's alarm."""
        if self._alarms.pop(key, None) is not None and self._scheduler.get_job(key) is not None:
            self._scheduler.remove_job(key)

    def tick(self, name: str, seconds: float, work: Callable[[], object]) -> None:
        """Call ``work`` (plain or a coroutine function) every ``seconds`` of real time, from now.

        In place of the name's old tick: one that was armed before the clock was set back would
        stand still until the clock gets there again.
        """
        self._scheduler.add_job(
            work, IntervalTrigger(seconds=seconds), id=name, replace_existing=True
        )
