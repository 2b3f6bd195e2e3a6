"""Timers: APScheduler wakes the daemon when a watch is due.

A job only hands its watch on; what is due when is decided by ``schedule`` and by what the
database remembers. Each watch has one one-shot job, armed anew after it fired: an interval
trigger would drift or, with a clock that jumps, stand still or fire in bursts.
"""

from __future__ import annotations

import itertools
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
        self._alarms: dict[str, tuple[Instant, str]] = {}
        self._armed = itertools.count()
        self.running = False  # not the scheduler's word: its shutdown takes a turn of the loop
        self._scheduler = AsyncIOScheduler(job_defaults=_DEFAULTS, timezone=UTC)

    def start(self) -> None:
        """Begin to fire; needs a running event loop."""
        self._scheduler.start()
        self.running = True

    def stop(self) -> None:
        """Fire nothing more."""
        if self.running:
            self.running = False
            self._scheduler.shutdown(wait=False)

    def due(self, key: str) -> Instant | None:
        """The instant that the key's alarm is set to; None without one."""
        return self._alarms[key][0] if key in self._alarms else None

    def rings(self, key: str) -> bool:
        """Whether the key's alarm is still to ring."""
        return key in self._alarms and self._clock.seconds_until(self._alarms[key][0]) > 0

    def arm(self, key: str, due: Instant, ring: Callable[[str, Instant], None]) -> None:
        """Ring once at ``due`` (at once if that is past), in place of the key's old alarm."""
        self.disarm(key)
        # Each alarm is a job of its own: one more of a job that has not ended yet would be passed
        # over, and the key be left without an alarm.
        job = f"{key} {next(self._armed)}"
        self._alarms[key] = (due, job)
        wait = max(0.0, self._clock.seconds_until(due))
        self._scheduler.add_job(
            _ring,
            DateTrigger(datetime.now(UTC) + timedelta(seconds=wait)),
            (ring, key, due),
            id=job,
        )

    def disarm(self, key: str) -> None:
        """Forget the key's alarm."""
        _, job = self._alarms.pop(key, (0, None))
        if job is not None and self._scheduler.get_job(job) is not None:
            self._scheduler.remove_job(job)

    def tick(self, name: str, seconds: float, work: Callable[[], None]) -> None:
        """Call ``work`` every ``seconds`` of real time, from now.

        In place of the name's old tick: one that was armed before the clock was set back would
        stand still until the clock gets there again.
        """
        self._scheduler.add_job(
            _tick, IntervalTrigger(seconds=seconds), (work,), id=name, replace_existing=True
        )


async def _tick(work: Callable[[], None]) -> None:
    work()


async def _ring(ring: Callable[[str, Instant], None], key: str, due: Instant) -> None:
    # Both coroutine functions, for the scheduler runs a plain one on another thread.
    ring(key, due)
