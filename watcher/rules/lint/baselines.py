"""Doubts about the past that a condition asks for: schedules that hardly ever give it, and rows
that are not kept so long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from watcher.fields import BY_NAME
from watcher.rules.conditions.base import Ago, Condition, Statistic, Throughout, Usual
from watcher.rules.conditions.unusual import LEAST_APART, LEAST_DAYS
from watcher.rules.lint.clauses import said
from watcher.rules.rulebook import Watch
from watcher.schedule import longest_gap, shortest_gap
from watcher.units import DAY, format_duration

# The simple condition, or the key of the rule, that is doubted; and why.
Found: TypeAlias = tuple[Condition | str, str]

_LEAST = 3  # observations that a statistic is taken of
_MARGIN = 30 * DAY
_SPARE = 1  # observations more than needed: one scan may fail
_NAMED = 2  # daily counters


def baselines(condition: Condition, watch: Watch) -> Iterator[Found]:
    """A baseline of a simple condition that the schedule hardly ever gives."""
    shortest, longest = shortest_gap(watch.schedule), longest_gap(watch.schedule)
    scanned = f"the watch is scanned {watch.schedule}"
    for need in condition.needs:
        match need.from_:
            case Ago(seconds) as ago:
                # The first scan back that is old enough; it may be a little too old.
                count = -(-watch.least(seconds) // longest)
                if count * shortest > seconds + ago.older:
                    better = format_duration(max(1, round(seconds / shortest)) * shortest)
                    none = f"{said(condition)} finds no scan of about that time"
                    yield condition, f"{none}: {scanned}; write {better} ago, or last"
            case Statistic(_, seconds) if seconds < _LEAST * shortest:
                enough = format_duration((_LEAST + _SPARE) * longest)
                needs = f"{said(condition)} needs {_LEAST} scans within {format_duration(seconds)}"
                yield condition, f"{needs}, and {scanned}: no data ever; write {enough} or more"
            case Usual(seconds, 1):
                days = seconds // max(DAY, shortest)
                wanted = format_duration((LEAST_DAYS + 7) * max(DAY, longest))
                if days <= LEAST_DAYS + _SPARE:
                    none = f"{scanned}: no data ever"
                    if days >= LEAST_DAYS:
                        over = f"{format_duration(seconds)} hold hardly more"
                        none = f"{over}: after one missed scan it has no data"
                    needs = f"{said(condition)} needs scans on {LEAST_DAYS} different days"
                    yield condition, f"{needs}, and {none}; write over: {wanted}"
            case Usual() as usual:
                yield condition, _rolling(condition, usual, shortest)


def outlived(condition: Condition, kept: int) -> Iterator[Found]:
    """The age of a baseline that ``keep`` has done away with, in seconds."""
    for need in condition.needs:
        match need.from_:
            case Ago(seconds) | Throughout("min", seconds):
                oldest = seconds
            case Usual(seconds, window) if window > 1:
                oldest = max(2 * seconds // 3, LEAST_APART * window * DAY)
            case Statistic(_, seconds) | Usual(seconds):
                oldest = 2 * seconds // 3  # a statistic has no data until so much is known
            case _:
                continue
        if oldest > kept:
            far = f"{said(condition)} looks further back than observations are kept"
            more = f"keep: {{observations: {format_duration(seconds + _MARGIN)}}}"
            never = f"{format_duration(kept)}: no data ever"
            yield condition, f"{far}, {never}; write {more}, or a shorter time"


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
    counters = sorted(name for name in metric.fields if (BY_NAME[name].window or 1) > 1)
    # The fields that have a new value each day, in place of sums of several days.
    found = (BY_NAME[name].family.format("1d_") for name in counters)
    daily = list(dict.fromkeys(found))[:_NAMED]
    better = f"{' and '.join(daily)} {'have' if len(daily) > 1 else 'has'} a new value each day"
    if any(name.startswith("total_sale_") for name in counters):
        better += ", and sales_surge: {at_least: 4} finds sales that take off"
    if held >= LEAST_APART:
        return f"{what} ({LEAST_APART} at least are needed); {better}"
    return (
        f"{what}. {LEAST_APART} are needed, and {format_duration(usual.seconds)} hold {held}: "
        f"it can never fire; {better}, or write over: "
        f"{format_duration((LEAST_APART + _SPARE) * step)}"
    )
