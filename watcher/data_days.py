"""Data days: the source refreshes a region's data about once a day, at an hour that wanders. On a
watch that is read with the refresh a duration in whole days counts these, not hours.

A data day begins when its data was first seen. How many days lie between two refreshes is the time
between them in days, rounded, and at least one: a refresh at 4:00 and the next at 9:00 are one day
apart, and one day that the source left out makes the next refresh come two days later. Rounding gap
by gap adds up no error, whatever the hour does.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Protocol

import msgspec
import numpy as np

from watcher.model import Instant, Ints
from watcher.schedule import Refresh, Schedule, least, slack
from watcher.units import DAY, HOUR

APART = 8 * HOUR  # what moves sooner after a day began belongs to that day's refresh
_NEAR = 12 * HOUR  # looks between which the middle is nearer than the end
_WATCHED = 36 * HOUR  # a day that comes later after the last look: nobody saw those between


class DataDay(msgspec.Struct, frozen=True):
    """A day of a region's data: ``quiet`` is when the old data was last seen, ``began`` when some
    of the new one was seen first, ``fresh`` when there was enough of it to be read."""

    day: int
    began: Instant
    quiet: Instant
    fresh: Instant


class LookResult(StrEnum):
    """The finding of a look: new data, some of it, the old data, or no answer."""

    FRESH = "fresh"
    PARTLY = "partly"
    QUIET = "quiet"
    FAILED = "failed"


class RefreshLook(msgspec.Struct, frozen=True):
    """A probe of page 1 of a watch: of ``known`` products so many ``moved``; ``requests`` are its
    credits."""

    at: Instant
    watch: str
    result: LookResult
    known: int = 0
    moved: int = 0
    requests: int = 1
    error: str | None = None


def day_after(last: DataDay | None, quiet: Instant, began: Instant) -> int:
    """The number of the data day that began between ``quiet`` and ``began``, after the ``last``.
    One and a half days are one: an hour that moved by half a day is likelier than a day that was
    left out."""
    if last is None:
        return began // DAY
    return last.day + days_in(_middle(quiet, began) - _middle(last.quiet, last.began))


def days_in(gap: int) -> int:
    """The number of data days that two refreshes are apart, with so many seconds between them."""
    return max(1, -(-(gap - DAY // 2) // DAY))


def _middle(quiet: Instant, began: Instant) -> Instant:
    """The likeliest instant between two looks, where they are not too far apart."""
    return (quiet + began) // 2 if began - quiet <= _NEAR else began


@dataclass(frozen=True)
class DataDays:
    """The known data days of a region, the oldest first."""

    rows: Sequence[DataDay] = ()

    @cached_property
    def _days(self) -> list[int]:
        return [row.day for row in self.rows]

    @cached_property
    def _begins(self) -> list[Instant]:
        return [row.began for row in self.rows]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def last(self) -> DataDay | None:
        return self.rows[-1] if self.rows else None

    def until(self, now: Instant) -> DataDays:
        """Return those that had begun at ``now``."""
        count = bisect_right(self._begins, now)
        return self if count == len(self.rows) else DataDays(self.rows[:count])

    def number(self, now: Instant) -> int:
        """The data day in which ``now`` lies; before the first one days are 24 hours."""
        return int(self.numbers(np.array([now]))[0])

    def numbers(self, instants: Ints) -> Ints:
        """(n,) the data day of each instant."""
        if not self.rows:
            return instants // DAY
        places = np.searchsorted(self._begins, instants, side="right") - 1
        days = np.array(self._days)[np.maximum(places, 0)]
        before = self._days[0] - -(-(self._begins[0] - instants) // DAY)
        return np.asarray(np.where(places < 0, before, days))

    def begin(self, day: int) -> Instant:
        """The instant at which the day began; of one that is missing, the next one. Where nobody
        looked for days they are 24 hours."""
        place = bisect_left(self._days, day)
        if place == len(self.rows):
            last = self.rows[-1]
            return last.began + (day - last.day) * DAY
        row = self.rows[place]
        if row.day == day or (place and _watched(row)):
            return row.began
        begin = row.began - (row.day - day) * DAY
        return max(begin, self.rows[place - 1].began + 1) if place else begin

    def in_force(self, at: Instant) -> Instant:
        """The begin of the data day whose data was there at an instant, if somebody looked."""
        place = bisect_right(self._begins, at)
        seen = 0 < place < len(self.rows) and _watched(self.rows[place])
        return self._begins[place - 1] if seen else at

    def before(self, day: int) -> Instant:
        """The last instant of which it is known that the data was older than that day's."""
        place = bisect_left(self._days, day)
        if place < len(self.rows):
            row = self.rows[place]
            if _watched(row) and (place or row.day == day):
                return min(row.quiet, row.began - 1)
        return self.begin(day) - 1


def _watched(row: DataDay) -> bool:
    return row.began - row.quiet <= _WATCHED


class KnowsDays(Protocol):
    """A past that knows the data days of a region: the history, or one that is replayed."""

    def data_days(self, region: str) -> DataDays: ...


@dataclass(frozen=True, slots=True)
class Durations:
    """The lengths of a rule's durations on a watch of that ``schedule``: where it has data
    ``days``, those in whole days count these; all others have the slack of the schedule."""

    schedule: Schedule | None = None
    days: DataDays | None = None

    def least(self, seconds: int, now: Instant) -> int:
        """The shortest time up to ``now`` that counts as ``seconds``. ``now`` is a scan's time, or
        the clock's."""
        days = self._counted(seconds, now)
        if days is not None:
            begin = days.begin(days.number(now) - seconds // DAY + 1)
            return max(1, now - begin + 1)
        return least(self.schedule, seconds) if self.schedule is not None else seconds

    def ago(self, seconds: int, now: Instant) -> Instant:
        """The newest instant that counts as so long before a scan at ``now``."""
        days = self._counted(seconds, now)
        if days is not None:
            return days.before(days.number(now) - seconds // DAY + 1)
        return now - seconds + (slack(self.schedule, seconds) if self.schedule is not None else 0)

    def since(self, seconds: int, now: Instant) -> Instant:
        """The begin of the time of so many seconds before a scan at ``now``: as many data days,
        without that of the scan."""
        days = self._counted(seconds, now)
        if days is None:
            return now - seconds
        return days.begin(days.number(now) - seconds // DAY)

    def oldest(self, seconds: int, older: int, now: Instant) -> Instant:
        """The oldest instant that still counts as so long before a scan at ``now``, where ``older``
        ones do by so much. What was in force while days were left out is not too old for that."""
        limit = now - seconds - older
        days = self._counted(seconds, now)
        return limit if days is None else min(limit, days.in_force(self.ago(seconds, now)))

    def over(self, seconds: int, since: Instant) -> Instant:
        """The end of a time that began at ``since``; in data days, the earliest."""
        days = self.days.until(since) if self.days is not None else None
        if days and seconds and not seconds % DAY and self.days is not None:
            return self.days.begin(self.days.number(since) + seconds // DAY)
        return since + (least(self.schedule, seconds) if self.schedule is not None else seconds)

    def part(self, of: Callable[[int], int], seconds: int, now: Instant) -> Instant:
        """The newest instant that counts as a part of a time before ``now``: of data days, a whole
        number of them."""
        if self._counted(seconds, now) is None:
            return now - of(seconds)
        return self.ago(-(-of(seconds) // DAY) * DAY, now)

    def number(self, now: Instant) -> int:
        """The day of an instant."""
        return int(self.numbers(np.array([now]))[0])

    def numbers(self, instants: Ints) -> Ints:
        """(n,) the day of each instant: the data day, or that of UTC."""
        return self.days.numbers(instants) if self.days else instants // DAY

    def _counted(self, seconds: int, now: Instant) -> DataDays | None:
        """The days up to ``now``, where the duration is one in days and some are known."""
        if not self.days or not seconds or seconds % DAY:
            return None
        return self.days.until(now) or None


NO_DAYS = Durations()


def longest(schedules: Iterable[Schedule], past: KnowsDays, seconds: int, now: Instant) -> int:
    """The shortest time up to ``now`` that counts as ``seconds``, whichever of several watches
    looks: that of the one that looks most often, for else it would reach to another scan than the
    one meant."""
    if not seconds:
        return 0
    # A rule may have hundreds of watches, hardly ever at more than two schedules.
    return max(durations(each, past).least(seconds, now) for each in dict.fromkeys(schedules))


def durations(schedule: Schedule | None, past: KnowsDays) -> Durations:
    """The durations on a watch of that schedule; of one read at fixed times nothing is asked."""
    if isinstance(schedule, Refresh):
        return Durations(schedule, past.data_days(schedule.region))
    return Durations(schedule)
