"""When a watch is due: an interval on a fixed grid, or a cron line; and quiet hours.

Pure functions of the last scan's time and now; the daemon's timers only wake it up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from watcher.model import Instant
from watcher.units import at, format_duration

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger

_CHARACTERS = re.compile(r"[\w*,/\-]+", re.ASCII)
_FIELDS = (
    ("minute", "minute", "0-59"),
    ("hour", "hour", "0-23"),
    ("day", "day", "1-31"),
    ("month", "month", "1-12 or jan-dec"),
    ("weekday", "day_of_week", "mon-sun"),
)
_COUNTED = 1_000
_LONGEST_LINE = 500
_CLOCK = r"([01]?\d|2[0-3]):([0-5]\d)"
_TIME = re.compile(_CLOCK, re.ASCII)
_QUIET = re.compile(rf"{_CLOCK}\s*-\s*{_CLOCK}", re.ASCII)
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
    """A cron line of five fields with weekdays by name, in a time zone (UTC by default).

    It names times of the wall clock, and each of them comes once: where it is skipped, at the next
    instant that there is (together with others that are), where it is shown twice, at the first.
    """

    line: str
    timezone: str = "UTC"

    def next(self, last: Instant) -> Instant:
        zone = ZoneInfo(self.timezone)
        # Looked for on the wall clock, which the trigger knows nothing of: set back, it would
        # find a time twice, and set forward, none. The trigger's own time is at or after this.
        start = latest_wall(last, zone).replace(tzinfo=UTC) + timedelta(seconds=1)
        fire = _cron_trigger(self.line).get_next_fire_time(None, start)
        if fire is None:  # checked by parse_cron: only a clock near year 9999 gets here
            raise ValueError(f'the cron line "{self.line}" never comes again')
        return first_shown(fire.replace(tzinfo=None), zone)

    def comes(self, after: Instant) -> bool:
        """Whether it ever comes: 30 Feb does not, and looking for it until 9999 takes a while."""
        start = at(after)
        # A 29 February is at most eight years away.
        trigger = _cron_trigger(self.line, f"{start.year}-{start.year + 9}")
        return trigger.get_next_fire_time(None, start) is not None

    def scans_between(self, start: Instant, end: Instant) -> float:
        # Some lines fire every minute: what is counted so far stands for the rest.
        count, moment = 0, self.next(start - 1)
        while moment < end and count < _COUNTED:
            count, moment = count + 1, self.next(moment)
        return count if moment >= end else count * (end - start) / (moment - start)

    def __str__(self) -> str:
        zone = "" if self.timezone == "UTC" else f" {self.timezone}"
        return f"at {self.line}{zone}"


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours of every day in a time zone, from ``start`` until before ``end``; over midnight
    where ``end`` is the earlier one.

    They are what the wall clock shows: an hour that comes twice is quiet both times, and hours
    that end in one that does not come end when it would have begun.
    """

    start: time
    end: time
    timezone: str = "UTC"

    def until(self, now: Instant) -> Instant | None:
        """When the quiet hours that ``now`` lies in end; None outside of them."""
        zone = ZoneInfo(self.timezone)
        today = at(now, zone).date()
        for day in (today - timedelta(days=1), today):
            last = day if self.start < self.end else day + timedelta(days=1)
            end = last_shown(datetime.combine(last, self.end), zone)
            if first_shown(datetime.combine(day, self.start), zone) <= now < end:
                return end
        return None

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M} {self.timezone}"


def parse_quiet(text: str, timezone: str = "UTC") -> Quiet:
    """Read ``22:00-07:00``; ``ValueError`` says what is wrong with it."""
    match = _QUIET.fullmatch(text.strip())
    if match is None:
        raise ValueError('takes a time of day from and to, as "22:00-07:00"')
    start, end = time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4]))
    if start == end:
        raise ValueError(f'"{text.strip()}" begins when it ends: nothing would ever be told')
    return Quiet(start, end, timezone)


def parse_digest(text: str, timezone: str = "UTC") -> Cron:
    """Read a time of day as ``09:00``, or a cron line; ``ValueError`` says what is wrong."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        return parse_cron(text, timezone)
    return Cron(f"{int(match[2])} {int(match[1])} * * *", timezone)


def parse_cron(line: str, timezone: str = "UTC", now: Instant = 0) -> Cron:
    """Read a cron line; ``ValueError`` says what is wrong with it.

    What cron programs read differently is refused, for a scan on the wrong day would never be
    noticed: weekdays by number (Sunday is 0 or 7, APScheduler's Monday is 0), and a day of the
    month together with weekdays (either of them, or both at once).
    """
    if len(line) > _LONGEST_LINE:
        raise ValueError(f"a cron line has at most {_LONGEST_LINE} characters")
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
    if not cron.comes(now):
        raise ValueError(f'"{line}" never comes: no month has that day')
    return cron


@lru_cache(maxsize=256)
def _cron_trigger(line: str, years: str = "*") -> CronTrigger:
    """The times of a line on any wall clock, as if they were UTC, which is never set."""
    minute, hour, day, month, weekday = line.split()
    return _trigger_of(
        year=years, minute=minute, hour=hour, day=day, month=month, day_of_week=weekday
    )


def _trigger_of(**fields: str) -> CronTrigger:
    # Imported here: it takes a while, and most rule files have no cron line.
    from apscheduler.triggers.cron import CronTrigger  # noqa: PLC0415

    return CronTrigger(**fields, timezone=UTC)


def _is_field(text: str, option: str) -> bool:
    if not _CHARACTERS.fullmatch(text):
        return False
    try:
        _trigger_of(**{option: text})
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


# A zone's wall clock: set forward it skips times, set back it shows times twice. Walls are naive
# datetimes of whole seconds.


def first_shown(wall: datetime, zone: tzinfo) -> Instant:
    """The first instant at which the clock shows that time, or a later one where it is skipped."""
    first, last = (int(wall.replace(tzinfo=zone, fold=fold).timestamp()) for fold in (0, 1))
    # Skipped: of the two, these lie after and before the change.
    return first if first <= last else _change(last, first, zone)


def last_shown(wall: datetime, zone: tzinfo) -> Instant:
    """The last instant at which the clock shows that time; as the first where it is skipped."""
    return max(first_shown(wall, zone), int(wall.replace(tzinfo=zone, fold=1).timestamp()))


def latest_wall(now: Instant, zone: tzinfo) -> datetime:
    """The latest time that the clock has shown until ``now``.

    While times come a second time, it is the last one before the clock was set back.
    """
    local = at(now, zone)
    if local.fold:
        first = int(local.replace(fold=0).timestamp())
        local = at(_change(first, now, zone) - 1, zone)
    return local.replace(tzinfo=None, fold=0)


def _change(before: Instant, after: Instant, zone: tzinfo) -> Instant:
    """The first instant at which the clock has been set, between two that it was set between."""
    offset = at(before, zone).utcoffset()
    while after - before > 1:
        middle = (before + after) // 2
        if at(middle, zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after
