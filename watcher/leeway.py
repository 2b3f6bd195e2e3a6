"""The leeway of a rule's durations: scans come once a day, and days are not equal.

A day of 23 hours, or a scan that is a little early, must not make ``for: 24h`` wait another day.
The slack is a tenth of the duration, and at most half of the time between two scans: so it never
reaches to another scan than the one that was meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from watcher.model import Instant
from watcher.schedule import Cron, Every, Schedule
from watcher.units import DAY

_LONGEST_GAP = 366 * DAY  # of a cron line's dates: no slack is more than half of it
_SOME_MONDAY: Instant = 1_672_617_600  # 2023-01-02, before a year without a 29 February


def slack(schedule: Schedule, seconds: int) -> int:
    """Seconds by which a duration of a rule on a watch with that schedule may fall short."""
    return max(0, min(seconds // 10, longest_gap(schedule) // 2))


def least(schedule: Schedule, seconds: int) -> int:
    """The shortest time that counts as ``seconds``."""
    return seconds - slack(schedule, seconds)


def longest_gap(schedule: Schedule) -> int:
    """The most seconds between two scans: of a cron line as its wall clock shows it, at most a
    year."""
    if isinstance(schedule, Every):
        return schedule.seconds
    return _longest_gap(schedule.line) if isinstance(schedule, Cron) else 0


@lru_cache(maxsize=256)
def _longest_gap(line: str) -> int:
    """Look at dates and at times of day, for a line of each minute has too many instants."""
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
