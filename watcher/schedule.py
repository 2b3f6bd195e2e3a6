"""When a watch is due: an interval on a fixed grid, or a cron line.

Pure functions of the last scan's time and now; the daemon's timers only wake it up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC
from typing import Protocol
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

from watcher.model import Instant
from watcher.units import at, format_duration

_CHARACTERS = re.compile(r"[\w*,/\-]+", re.ASCII)
_FIELDS = (
    ("minute", "minute", "0-59"),
    ("hour", "hour", "0-23"),
    ("day", "day", "1-31"),
    ("month", "month", "1-12 or jan-dec"),
    ("weekday", "day_of_week", "mon-sun"),
)
_COUNTED = 1_000
_WEEKDAYS = tuple("mon tue wed thu fri sat sun".split())


class Schedule(Protocol):
    """``next`` gives the first instant at which a watch last scanned at ``last`` is due.

    It may lie in the past: then the scan came due while nobody looked, and is due now.
    """

    def next(self, last: Instant) -> Instant: ...

    def scans_between(self, start: Instant, end: Instant) -> float: ...

    def __str__(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Every:
    """On the grid ``phase + k * seconds``; ``phase`` spreads the watches over the interval."""

    seconds: int
    phase: int = 0

    def next(self, last: Instant) -> Instant:
        # A first scan runs at once, wherever the grid is; half an interval is the least that
        # pays for another one.
        earliest = last + (self.seconds + 1) // 2
        steps = -(-(earliest - self.phase) // self.seconds)
        return self.phase + steps * self.seconds

    def scans_between(self, start: Instant, end: Instant) -> float:
        return (end - start) / self.seconds

    def __str__(self) -> str:
        return f"every {format_duration(self.seconds)}"


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron line of five fields with weekdays by name, in a time zone (UTC by default)."""

    line: str
    timezone: str = "UTC"

    def _trigger(self) -> CronTrigger:
        minute, hour, day, month, weekday = self.line.split()
        return CronTrigger(
            minute=minute,
            hour=hour,
            day=day,
            month=month,
            day_of_week=weekday,
            timezone=ZoneInfo(self.timezone),
        )

    def next(self, last: Instant) -> Instant:
        # The trigger looks for times at or after the one given.
        fire = self._trigger().get_next_fire_time(None, at(last + 1, ZoneInfo(self.timezone)))
        if fire is None:  # checked by parse_cron: only a clock near year 9999 gets here
            raise ValueError(f'the cron line "{self.line}" never comes again')
        return int(fire.timestamp())

    def scans_between(self, start: Instant, end: Instant) -> float:
        # Some lines fire every minute: what is counted so far stands for the rest.
        count, moment = 0, self.next(start - 1)
        while moment < end and count < _COUNTED:
            count, moment = count + 1, self.next(moment)
        return count if moment >= end else count * (end - start) / (moment - start)

    def __str__(self) -> str:
        zone = "" if self.timezone == "UTC" else f" {self.timezone}"
        return f"at {self.line}{zone}"


def parse_cron(line: str, timezone: str = "UTC", now: Instant = 0) -> Cron:
    """Read a cron line; ``ValueError`` says what is wrong with it.

    What cron programs read differently is refused, for a scan on the wrong day would never be
    noticed: weekdays by number (Sunday is 0 or 7, APScheduler's Monday is 0), and a day of the
    month together with weekdays (either of them, or both at once).
    """
    parts = line.lower().split()
    if len(parts) != len(_FIELDS):
        raise ValueError(
            f'"{line}" is no cron line: five fields are needed (minute hour day month weekday), '
            'as in "0 9 * * mon-fri"'
        )
    for text, (name, option, values) in zip(parts, _FIELDS, strict=True):
        if option == "day_of_week":
            _check_weekdays(text, line)
        elif not _is_field(text, option):
            raise ValueError(f'"{line}" is no cron line: "{text}" is no {name} ({values})')
    if parts[2] != "*" and parts[4] != "*":
        raise ValueError(
            f'"{line}" names a day of the month and weekdays; write two watches, one for each'
        )
    cron = Cron(" ".join(parts), timezone)
    try:
        cron.next(now)
    except ValueError:
        raise ValueError(f'"{line}" never comes: no month has that day') from None
    return cron


def _is_field(text: str, option: str) -> bool:
    if not _CHARACTERS.fullmatch(text):
        return False
    try:
        CronTrigger(**{option: text}, timezone=UTC)
    except ValueError:
        return False
    return True


def _check_weekdays(text: str, line: str) -> None:
    names = [name for part in text.split(",") for name in part.split("-")]
    if text != "*" and any(name not in _WEEKDAYS for name in names):
        raise ValueError(f'write the weekdays of "{line}" by name, as mon-fri or mon,wed,sun')
    for part in text.split(","):
        days = [_WEEKDAYS.index(name) for name in part.split("-") if name in _WEEKDAYS]
        if days != sorted(days) or len(days) > 2:
            raise ValueError(f'the weekdays "{part}" of "{line}" run backwards: mon is the first')
