"""Baselines and times that a watch's schedule can't give."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from watcher.fields import BY_NAME
from watcher.rules.conditions.base import Ago, Condition, Statistic, Usual
from watcher.rules.conditions.unusual import LEAST_APART, LEAST_DAYS
from watcher.rules.lint.conflicts import Conflict, said
from watcher.rules.metrics import Metric
from watcher.schedule import Cron, Every, least, longest_gap
from watcher.units import DAY, format_duration

_LEAST = 3  # observations that a statistic is taken of
_SCANS = 120  # of a cron line that are looked at
_FROM = 1_767_225_600  # 2026 begins: a cron line has the same gaps in any year
_MARGIN = 30 * DAY
_SPARE = 1  # observations more than needed: one scan may fail
_NAMED = 2  # daily counters


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
    """A baseline of a simple condition that the schedule hardly ever gives."""
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
            case Usual(seconds, 1):
                yield from _unusual(condition, seconds, schedule, shortest, longest)
            case Usual() as usual:
                yield Conflict(condition, _rolling(condition, usual, shortest))


def outlived(condition: Condition, kept: int) -> Iterator[Conflict]:
    """The age of a baseline that ``keep`` has done away with, in seconds."""
    for need in condition.needs:
        match need.from_:
            case Ago(seconds):
                oldest = seconds
            case Usual(seconds, window) if window > 1:
                oldest = max(2 * seconds // 3, LEAST_APART * window * DAY)
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


def _rolling(condition: Condition, usual: Usual, shortest: int) -> str:
    """A sum of several days, held against one that shares days with it, and what is better."""
    metric, window = condition.metrics[0], usual.window
    step = -(-window * DAY // shortest) * shortest  # the first scan that shares no day
    held = usual.seconds // step
    plain = metric.name in BY_NAME
    sums = f"a sum of {window} days" if plain else f"made of sums of up to {window} days"
    what = (
        f"{said(condition)}: {metric.name} is {sums}, of which neighbouring "
        f"values are nearly one, so that values {window} days apart are held against each other"
    )
    better = _daily(metric)
    if held >= LEAST_APART:
        return f"{what} ({LEAST_APART} at least are needed); {better}"
    return (
        f"{what}. {LEAST_APART} are needed, and {format_duration(usual.seconds)} hold {held}: "
        f"it can never fire; {better}, or write over: "
        f"{format_duration((LEAST_APART + _SPARE) * step)}"
    )


def _daily(metric: Metric) -> str:
    """The fields that have a new value each day, in place of sums of several days."""
    counters = sorted(name for name in metric.fields if (BY_NAME[name].window or 1) > 1)
    found = (BY_NAME[name].family.format("1d_") for name in counters)
    daily = list(dict.fromkeys(found))[:_NAMED]
    better = f"{' and '.join(daily)} {'have' if len(daily) > 1 else 'has'} a new value each day"
    sales = any(name.startswith("total_sale_") for name in counters)
    return f"{better}{', and sales_surge: {at_least: 4} finds sales that take off' * sales}"


def keeps_nothing(seconds: int, schedule: Every | Cron) -> bool:
    """Whether ``keep_firing_for`` is over before the next scan."""
    return 0 < least(schedule, seconds) <= shortest_gap(schedule)
