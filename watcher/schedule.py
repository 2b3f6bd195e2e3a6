"""Schedules: the times of a watch, on a fixed grid or by a cron line.

Pure functions of the last scan's time and now; the daemon's timers only wake it up.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias
from zoneinfo import ZoneInfo

from watcher.language import gettext as _
from watcher.model import Instant
from watcher.units import DAY, HOUR, at, format_duration, written_duration

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger

_CHARACTERS = re.compile(r"[\w*,/\-]+", re.ASCII)
_FIELDS = (  # of a cron line, before its weekdays
    ("minute", "minute", "0-59"),
    ("hour", "hour", "0-23"),
    ("day", "day", "1-31"),
    ("month", "month", "1-12 or jan-dec"),
)
_COUNTED = 1_000
_LONGEST_GAP = 366 * DAY  # of a cron line's dates: no slack is more than half of it
_SCANS = 120  # of a cron line that are looked at
_SOME_MONDAY: Instant = 1_672_617_600  # 2023-01-02, before a year without a 29 February
_LONGEST_LINE = 500
REFRESH = "refresh"  # in place of an interval
_SOONEST_REFRESH = 16 * HOUR  # after one of the day before
_CLOCK = r"([01]?\d|2[0-3]):([0-5]\d)"
_TIME = re.compile(_CLOCK, re.ASCII)
_AT_MOST = re.compile(r"([0-9]{1,4})\s+a\s+day", re.ASCII | re.IGNORECASE)
WEEKDAYS = tuple("mon tue wed thu fri sat sun".split())


@dataclass(frozen=True, slots=True)
class Every:
    """The grid ``phase + k * seconds``; ``phase`` spreads the watches over the interval."""

    seconds: int
    phase: int = 0

    def next(self, last: Instant) -> Instant:
        """The first instant at which a watch last scanned at ``last`` is due.

        It may lie in the past: then the scan came due while nobody looked, and is due now.
        """
        # A first scan runs at once, wherever the grid is; half an interval is the least that
        # pays for another one.
        earliest = last + (self.seconds + 1) // 2
        steps = -(-(earliest - self.phase) // self.seconds)
        return self.phase + steps * self.seconds

    def scans_between(self, start: Instant, end: Instant) -> float:
        return (end - start) / self.seconds

    @property
    def written(self) -> str:
        """A text that is known again, whatever language is spoken."""
        return f"every {written_duration(self.seconds)}"

    def __str__(self) -> str:
        return _("every {time}").format(time=format_duration(self.seconds))


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron line of five fields with weekdays by name, in a time zone (UTC by default). It names
    times of the wall clock, and each of them comes once: where it is skipped, at the next instant
    that there is (together with others that are), where it is shown twice, at the first."""

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
        return shown(fire.replace(tzinfo=None), zone)[0]

    def scans_between(self, start: Instant, end: Instant) -> float:
        # Some lines fire every minute: what is counted so far stands for the rest.
        count, moment = 0, self.next(start - 1)
        while moment < end and count < _COUNTED:
            count, moment = count + 1, self.next(moment)
        return count if moment >= end else count * (end - start) / (moment - start)

    @property
    def written(self) -> str:
        return f"at {self._times}"

    @property
    def _times(self) -> str:
        return self.line if self.timezone == "UTC" else f"{self.line} {self.timezone}"

    def __str__(self) -> str:
        return _("at {times}").format(times=self._times)


@dataclass(frozen=True, slots=True)
class Refresh:
    """The refresh of a ``region``'s data: about once a day, at an hour that is learned.
    Here is what is usual; when a scan is due ``region_plan`` says."""

    region: str = ""

    def next(self, last: Instant) -> Instant:
        return last + DAY

    def scans_between(self, start: Instant, end: Instant) -> float:
        return (end - start) / DAY

    @property
    def written(self) -> str:
        return f"every {REFRESH}"

    def __str__(self) -> str:
        return _("every {time}").format(time=REFRESH)


Schedule: TypeAlias = Every | Cron | Refresh


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
    parts = _fields_of(line)
    if parts[2] != "*" and parts[4] != "*":
        raise ValueError(
            f'"{line}" names a day of the month and weekdays; write two watches, one for each'
        )
    cron, start = Cron(" ".join(parts), timezone), at(now)
    # A 29 February is at most eight years away; to look for a 30th until 9999 takes a while.
    trigger = _cron_trigger(cron.line, f"{start.year}-{start.year + 9}")
    if trigger.get_next_fire_time(None, start) is None:
        raise ValueError(f'"{line}" never comes: no month has that day')
    return cron


def _fields_of(line: str) -> list[str]:
    """The line's five fields, each of them valid."""
    if len(line) > _LONGEST_LINE:
        raise ValueError(f"a cron line has at most {_LONGEST_LINE} characters")
    parts = line.lower().split()
    if len(parts) != len(_FIELDS) + 1:
        raise ValueError(
            f'"{line}" is no cron line: five fields are needed (minute hour day month weekday), '
            'as in "0 9 * * mon-fri"'
        )
    *others, weekday = parts
    for text, (name, option, values) in zip(others, _FIELDS, strict=True):
        if not _is_field(text, option):
            raise ValueError(f'"{line}" is no cron line: "{text}" is no {name} ({values})')
    if weekday != "*":
        _check_weekdays(weekday, line)
    return parts


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
    if not set(re.split("[,-]", text)) <= set(WEEKDAYS):
        raise ValueError(f'write the weekdays of "{line}" by name, as mon-fri or mon,wed,sun')
    for part in text.split(","):
        days = list(map(WEEKDAYS.index, part.split("-")))
        if days != sorted(days) or len(days) > 2:
            raise ValueError(f'the weekdays "{part}" of "{line}" run backwards: mon is the first')


# ------------------------------------------------------------------ leeway


def slack(schedule: Schedule, seconds: int) -> int:
    """The seconds by which a duration of a rule on a watch with that schedule may fall short.

    Scans come once a day, and a day of 23 hours, or a scan that is a little early, must not make
    ``for: 24h`` wait another day. The slack is a tenth of the duration, and at most half of the
    time between two scans: so it never reaches to another scan than the one that was meant.
    """
    return max(0, min(seconds // 10, longest_gap(schedule) // 2))


def least(schedule: Schedule, seconds: int) -> int:
    """The shortest time that counts as ``seconds``."""
    return seconds - slack(schedule, seconds)


def longest_gap(schedule: Schedule) -> int:
    """The most seconds between two scans: of a cron line as its wall clock shows it, at most a
    year."""
    match schedule:
        case Every(seconds):
            return seconds
        case Cron(line):
            return _longest_gap(line)
    return DAY


@lru_cache(maxsize=256)
def shortest_gap(schedule: Schedule) -> int:
    """The fewest seconds between two scans; of a cron line as far as its next 120 tell."""
    if isinstance(schedule, Every):
        return schedule.seconds
    if isinstance(schedule, Refresh):
        return _SOONEST_REFRESH
    times = [schedule.next(_SOME_MONDAY)]
    while len(times) <= _SCANS:
        times.append(schedule.next(times[-1]))
    return min(_steps(times))


@lru_cache(maxsize=256)
def _longest_gap(line: str) -> int:
    """The longest by dates and by times of day: a line of each minute has too many instants."""
    minute, hour, *date = line.split()
    times = _instants(Cron(f"{minute} {hour} * * *"), DAY)
    days = DAY
    if date != ["*", "*", "*"]:
        dates = _instants(Cron(f"0 0 {' '.join(date)}"), _LONGEST_GAP)
        days = max(_steps(dates)) or _LONGEST_GAP
    return max(*_steps(times), days - (times[-1] - times[0]))


def _steps(instants: Sequence[Instant]) -> list[int]:
    return [later - earlier for earlier, later in pairwise(instants)] or [0]


def _instants(cron: Cron, time: int) -> list[Instant]:
    """The instants in so many seconds from a Monday on."""
    found, moment = list[Instant](), cron.next(_SOME_MONDAY - 1)
    while moment < _SOME_MONDAY + time:
        found.append(moment)
        moment = cron.next(moment)
    return found


# ------------------------------------------------------------------ a time zone's wall clock
#
# A clock that is set forward skips times, one that is set back shows times twice. Walls are naive
# datetimes of whole seconds.


def latest_wall(now: Instant, zone: tzinfo) -> datetime:
    """The latest time that the clock has shown until ``now``.

    While times come a second time, it is the last one before the clock was set back.
    """
    local = at(now, zone)
    if local.fold:
        first = int(local.replace(fold=0).timestamp())
        local = at(_change(first, now, zone) - 1, zone)
    return local.replace(tzinfo=None, fold=0)


def wall_day(now: Instant, timezone: str) -> tuple[Instant, Instant]:
    """The begin of the day that the clock of a time zone shows at ``now``, and of the next."""
    zone = ZoneInfo(timezone)
    today = at(now, zone).date()
    begin, end = (
        shown(datetime.combine(day, time()), zone)[0] for day in (today, today + timedelta(days=1))
    )
    return begin, end


def parse_at_most(text: str) -> int:
    """Read ``10 a day``; ``ValueError`` says what is wrong with it."""
    match = _AT_MOST.fullmatch(text.strip())
    if match is None or not int(match[1]):
        raise ValueError('takes a number of messages a day, as "10 a day"')
    return int(match[1])


def shown(wall: datetime, zone: tzinfo) -> tuple[Instant, Instant]:
    """The first and the last instant at which the clock shows that time.

    Both are a later one where it is skipped.
    """
    first, last = (_instant(wall, zone, fold) for fold in (0, 1))
    if first > last:  # skipped: of the two, these lie after and before the change
        first = last = _change(last, first, zone)
    return first, last


def _instant(wall: datetime, zone: tzinfo, fold: int) -> Instant:
    return int(wall.replace(tzinfo=zone, fold=fold).timestamp())


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
