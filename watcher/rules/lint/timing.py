"""Baselines and times that a watch's schedule can't give."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from watcher.leeway import least, longest_gap
from watcher.rules.conditions.base import Ago, Condition, Statistic, Usual
from watcher.rules.conditions.unusual import LEAST_DAYS
from watcher.rules.lint.conflicts import Conflict, said
from watcher.schedule import Cron, Every
from watcher.units import DAY, format_duration

_LEAST = 3  # observations that a statistic is taken of
_SCANS = 120  # of a cron line that are looked at
_FROM = 1_767_225_600  # 2026 begins: a cron line has the same gaps in any year
_MARGIN = 30 * DAY
_SPARE = 1  # observations more than needed: one scan may fail


def shortest_gap(schedule: Every | Cron) -> int:
    """The fewest seconds between two scans."""
    return schedule.seconds if isinstance(schedule, Every) else _shortest_gap(schedule)


@lru_cache(maxsize=256)
def _shortest_gap(schedule: Cron) -> int:
    times = [schedule.next(_FROM)]
    for _ in range(_SCANS):
        times.append(schedule.next(times[-1]))
    return min(later - earlier for earlier, later in pairwise(times))


def baselines(condition: Condition, schedule: Every | Cron) -> Iterator[Conflict]:
    """What a simple condition compares with and the schedule hardly ever gives."""
    shortest, longest = shortest_gap(schedule), longest_gap(schedule)
    for need in condition.needs:
        match need.from_:
            case Ago() as ago if _none_ago(ago, schedule):
                yield Conflict(condition, _said_of_ago(condition, ago.seconds, schedule, shortest))
            case Statistic(_, seconds) if seconds < _LEAST * shortest:
                enough = format_duration((_LEAST + _SPARE) * longest)
                yield Conflict(
                    condition,
                    f"{said(condition)} needs {_LEAST} scans within {format_duration(seconds)}, "
                    f"and the watch is scanned {schedule}: no data ever; write {enough} or more",
                )
            case Usual(seconds):
                yield from _unusual(condition, seconds, schedule, shortest, longest)


def outlived(condition: Condition, kept: int) -> Iterator[Conflict]:
    """What a simple condition compares with and ``keep`` has done away with, in seconds."""
    for need in condition.needs:
        match need.from_:
            case Ago(seconds):
                oldest = seconds
            case Statistic(_, seconds) | Usual(seconds):
                oldest = 2 * seconds // 3  # a statistic has no data until so much is known
            case _:
                continue
        if oldest > kept:
            yield Conflict(
                condition,
                f"{said(condition)} looks further back than observations are kept, "
                f"{format_duration(kept)}: no data ever; write keep: {{observations: "
                f"{format_duration(seconds + _MARGIN)}}}, or a shorter time",
            )


def _none_ago(ago: Ago, schedule: Every | Cron) -> bool:
    """Whether no scan lies so long ago, give or take what is allowed."""
    # The first scan back that is old enough.
    count = -(-least(schedule, ago.seconds) // longest_gap(schedule))
    return count * shortest_gap(schedule) > ago.seconds + ago.older


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
    return 0 < least(schedule, seconds) <= shortest_gap(schedule)
