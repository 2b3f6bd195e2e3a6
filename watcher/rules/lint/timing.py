"""Baselines and times that a watch's schedule can't give."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from watcher.rules.conditions.base import Ago, Condition, Statistic, Usual
from watcher.rules.conditions.unusual import LEAST_DAYS
from watcher.rules.lint.conflicts import Conflict, said
from watcher.schedule import Cron, Every
from watcher.units import DAY, WEEK, format_duration

_LEAST = 3  # observations that a statistic is taken of
_SCANS = 120  # of a cron line that are looked at
_FROM = 1_767_225_600  # 2026 begins: a cron line has the same gaps in any year
_SPARE = 1  # observations more than needed: one scan may fail


@lru_cache(maxsize=256)
def gaps(schedule: Every | Cron) -> tuple[int, int]:
    """The shortest and the longest time between two scans, in seconds."""
    if isinstance(schedule, Every):
        return schedule.seconds, schedule.seconds
    times = [_FROM]
    for _ in range(_SCANS):
        times.append(schedule.next(times[-1]))
    between = [later - earlier for earlier, later in pairwise(times[1:])]
    return min(between), max(between)


def baselines(condition: Condition, schedule: Every | Cron) -> Iterator[Conflict]:
    """What a simple condition compares with and the schedule hardly ever gives."""
    shortest, longest = gaps(schedule)
    for need in condition.needs:
        match need.from_:
            case Ago(seconds) if _none_ago(seconds, shortest, longest):
                yield Conflict(condition, _said_of_ago(condition, seconds, schedule, shortest))
            case Statistic(_, seconds) if seconds < _LEAST * shortest:
                least = format_duration((_LEAST + _SPARE) * longest)
                yield Conflict(
                    condition,
                    f"{said(condition)} needs {_LEAST} scans within {format_duration(seconds)}, "
                    f"and the watch is scanned {schedule}: no data ever; write {least} or more",
                )
            case Usual(seconds):
                yield from _unusual(condition, seconds, schedule, shortest, longest)


def _none_ago(seconds: int, shortest: int, longest: int) -> bool:
    """Whether no scan lies so long ago: a little later, or half as long again (a week at most)."""
    slack = min(seconds // 10, longest // 2)
    oldest = seconds + min(seconds // 2, WEEK)
    # The first scan back that is old enough; scans lie at most ``longest`` apart.
    count = -(-(seconds - slack) // longest)
    return count * shortest > oldest


def _said_of_ago(condition: Condition, seconds: int, schedule: Every | Cron, shortest: int) -> str:
    count = max(1, round(seconds / shortest))
    better = format_duration(count * shortest)
    return (
        f"{said(condition)} finds no scan of about that time: the watch is scanned {schedule}; "
        f"write {better} ago, or last"
    )


def _unusual(
    condition: Condition, seconds: int, schedule: Every | Cron, shortest: int, longest: int
) -> Iterator[Conflict]:
    days = seconds // max(DAY, shortest)
    wanted = format_duration((LEAST_DAYS + 7) * max(DAY, longest))
    needs = f"{said(condition)} needs scans on {LEAST_DAYS} different days"
    if days < LEAST_DAYS:
        yield Conflict(
            condition,
            f"{needs}, and the watch is scanned {schedule}: no data ever; write over: {wanted}",
        )
    elif days <= LEAST_DAYS + _SPARE:
        yield Conflict(
            condition,
            f"{needs}, and {format_duration(seconds)} hold hardly more: after one missed scan it "
            f"has no data; write over: {wanted}",
        )


def keeps_nothing(seconds: int, schedule: Every | Cron) -> bool:
    """Whether ``keep_firing_for`` is over before the next scan."""
    shortest, longest = gaps(schedule)
    return 0 < seconds - min(seconds // 10, longest // 2) <= shortest
