"""Quiet hours: times of the week, by the clock on the wall, in which nothing is told."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

from watcher.model import Instant
from watcher.schedule import WEEKDAYS, shown
from watcher.units import DAY, at

_CLOCK = r"([01]?\d|2[0-4]):([0-5]\d)"
_HOURS = re.compile(rf"{_CLOCK}\s*-\s*{_CLOCK}", re.ASCII)
_EVERY_DAY = frozenset(range(len(WEEKDAYS)))
_MIDNIGHT = time()
_SOME_MONDAY: Instant = 1_672_617_600
_LONGEST = 8 * DAY  # what is quiet for longer is quiet for ever
_TAKES = 'takes a time of day from and to, as "22:00-07:00"'


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours in a time zone, from ``start`` until before ``end``, over midnight where that is not
    the later one; on the ``days`` of the week (Monday is 0) on which they begin. They are what the
    wall clock shows: an hour that comes twice is quiet both times, and hours that end in one that
    does not come end when it would have begun."""

    start: time
    end: time
    timezone: str = "UTC"
    days: frozenset[int] = _EVERY_DAY

    def until(self, now: Instant) -> Instant | None:
        """The end of the quiet hours that ``now`` lies in; None outside of them."""
        zone = ZoneInfo(self.timezone)
        today = at(now, zone).date()
        for day in (today - timedelta(days=1), today):
            last = day if self.start < self.end else day + timedelta(days=1)
            end = shown(datetime.combine(last, self.end), zone)[1]
            begun = shown(datetime.combine(day, self.start), zone)[0]
            if day.weekday() in self.days and begun <= now < end:
                return end
        return None

    def __str__(self) -> str:
        """``22:00-07:00 Europe/Berlin``, ``sat, sun 00:00-24:00 UTC``."""
        end = "24:00" if self.end == _MIDNIGHT == self.start else f"{self.end:%H:%M}"
        named = ", ".join(WEEKDAYS[day] for day in sorted(self.days))
        on = "" if self.days == _EVERY_DAY else f"{named} "
        return f"{on}{self.start:%H:%M}-{end} {self.timezone}"


@dataclass(frozen=True, slots=True)
class QuietTimes:
    """Several of them: what begins in one and goes on in another is quiet until the last ends."""

    parts: tuple[Quiet, ...]

    def until(self, now: Instant) -> Instant | None:
        """The end of the quiet hours that ``now`` lies in; None outside of them."""
        end: Instant | None = None
        reached: Instant | None = now
        while reached is not None and reached - now <= _LONGEST:
            ends = [part.until(reached) for part in self.parts]
            reached = max((each for each in ends if each is not None), default=None)
            end = reached if reached is not None else end
        return end

    def __str__(self) -> str:
        return "; ".join(map(str, self.parts))


QuietHours: TypeAlias = Quiet | QuietTimes


def parse_quiet(text: str, timezone: str = "UTC", days: Iterable[int] = _EVERY_DAY) -> Quiet:
    """Read ``22:00-07:00``; ``ValueError`` says what is wrong with it."""
    match = _HOURS.fullmatch(text.strip())
    if match is None:
        raise ValueError(_TAKES)
    start, end = _time(match[1], match[2]), _time(match[3], match[4])
    if match[1] == "24":
        raise ValueError(f"{_TAKES}: a day begins at 0:00")
    quiet = Quiet(start, end, timezone, frozenset(days))
    if start == end and quiet.days == _EVERY_DAY:
        raise ValueError(f'"{text.strip()}" begins when it ends: nothing would ever be told')
    return quiet


def _time(hours: str, minutes: str) -> time:
    if hours == "24" and minutes != "00":
        raise ValueError(f"{_TAKES}: a day ends at 24:00")
    return time(int(hours) % 24, int(minutes))


def quiet_of(parts: Iterable[Quiet]) -> QuietHours:
    """One of them, or several together. ``ValueError`` where they leave no time of the week."""
    found = tuple(parts)
    if len(found) == 1:
        return found[0]
    together = QuietTimes(found)
    end = together.until(_SOME_MONDAY)
    if end is not None and end - _SOME_MONDAY >= _LONGEST:
        raise ValueError("together they leave no hour of the week: nothing would ever be told")
    return together


def parse_days(text: str) -> frozenset[int]:
    """Read ``sat``, ``sat, sun`` or ``mon-fri``; over the week's end, too, as ``fri-mon``.
    ``ValueError`` says what is wrong with it."""
    found: set[int] = set()
    for part in filter(None, re.split(r"[,\s]+", re.sub(r"\s*-\s*", "-", text.strip().lower()))):
        ends = [_weekday(name) for name in part.split("-")]
        if len(ends) > 2:
            raise ValueError(_no_day(part))
        first, last = ends[0], ends[-1]
        found |= {(first + day) % 7 for day in range((last - first) % 7 + 1)}
    if not found:
        raise ValueError(_no_day(text))
    return frozenset(found)


def _weekday(name: str) -> int:
    full = "monday tuesday wednesday thursday friday saturday sunday".split()
    for place, each in enumerate(full):
        if len(name) >= 3 and each.startswith(name):
            return place
    raise ValueError(_no_day(name))


def _no_day(name: str) -> str:
    return f'"{name}" is no day of the week: write them as [sat, sun] or mon-fri'
