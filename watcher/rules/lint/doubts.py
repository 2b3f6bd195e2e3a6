"""Doubts about what a rule can hardly mean: each with the place it is written at.

A doubt is a warning, never an error: the rule works as it is written. None is raised where only
the data can tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

from watcher.fields import BY_NAME
from watcher.leeway import least, longest_gap
from watcher.rules.conditions.base import Ago, Condition, Statistic, Usual
from watcher.rules.conditions.change import Change
from watcher.rules.conditions.compare import Between, Compare
from watcher.rules.conditions.compiling import Locations, Path
from watcher.rules.conditions.ranking import Top
from watcher.rules.conditions.transition import Crosses
from watcher.rules.conditions.unusual import LEAST_APART, LEAST_DAYS
from watcher.rules.conditions.values import is_percent
from watcher.rules.lint.conflicts import (
    Clause,
    Conflict,
    alternatives,
    conflict,
    holds_once,
    leaves,
    said,
)
from watcher.rules.lint.facts import GROWTHS, SCORES
from watcher.rules.metrics import Metric
from watcher.rules.rulebook import Rule, Watch
from watcher.rules.sections.ordering import ByMetric
from watcher.schedule import Cron, Every
from watcher.units import DAY, Unit, format_duration, format_number

Doubt = tuple[Path, str]

_ALWAYS = (
    "every product of the list meets this: all are told at the first scan, and each new one once; "
    'give it a limit, or "appears: true"'
)
_STEEP = 10  # a growth of 1,000% that is written without a percent sign was meant as 10%
_TIMES = 3  # "rises: 3" of a count may mean three, or three times


def doubts(
    rule: Rule, written: object, path: Path, places: Locations, kept: int
) -> Iterator[Doubt]:
    """All of ``rule``, which is ``written`` so at ``path``; observations are ``kept`` so long."""
    yield from _when(rule, path, places)
    if rule.until is not None:
        yield from _until(rule.until, rule.watch, path, places)
    for condition in (rule.when, *([rule.until] if rule.until is not None else [])):
        yield from _each(condition, rule.watch, written, path, places)
        for leaf in leaves(condition):
            for found in outlived(leaf, kept):
                yield places.of(leaf, path), found.said
    yield from _times(rule, path)
    if isinstance(rule.order_by, ByMetric) and _is_unordered(rule.order_by.metric):
        name = rule.order_by.metric.name
        yield (*path, "order_by"), f"{name} has no order: all that fire are equal"


def _when(rule: Rule, path: Path, places: Locations) -> Iterator[Doubt]:
    clauses = alternatives(rule.when)
    if clauses is None:
        return
    found = _conflicts(clauses, rule.watch)
    if len(found) == len(clauses):
        for one in _distinct(found):
            yield places.of(one.condition, path), f"{one.said}: the rule can never fire"
        return
    for one in _distinct(found):
        yield places.of(one.condition, path), f"{one.said}: this part is never met"
    if _always(rule.when, rule.watch):
        yield (*path, "when"), _ALWAYS
    yield from _for(rule, clauses, path, places)


def _until(until: Condition, watch: Watch, path: Path, places: Locations) -> Iterator[Doubt]:
    clauses = alternatives(until)
    if clauses is None:
        return
    found = _conflicts(clauses, watch)
    whole = len(found) == len(clauses)
    end = "it ends only when the product leaves the list" if whole else "this part is never met"
    for one in _distinct(found):
        yield places.of(one.condition, path), f"{one.said}: {end}"


def _conflicts(clauses: Sequence[Clause], watch: Watch) -> list[Conflict]:
    return [found for found in (conflict(clause, watch.query) for clause in clauses) if found]


def _distinct(found: Sequence[Conflict]) -> list[Conflict]:
    return list({id(one.condition): one for one in found}.values())


def _always(when: Condition, watch: Watch) -> bool:
    clauses = alternatives(when, negated=True)
    return clauses is not None and all(conflict(clause, watch.query) for clause in clauses)


def _for(rule: Rule, clauses: Sequence[Clause], path: Path, places: Locations) -> Iterator[Doubt]:
    once = [condition for condition in map(holds_once, clauses) if condition is not None]
    if not rule.for_ or not once:
        return
    never = len(once) == len(clauses)
    what = "the rule can never fire" if never else "this part can never fire"
    for condition in {id(one): one for one in once}.values():
        waits = f"for: {format_duration(rule.for_)} waits for a second one"
        text = f"{said(condition)} is met at one scan only, and {waits}: {what}; leave for: out"
        yield places.of(condition, path), text


def _times(rule: Rule, path: Path) -> Iterator[Doubt]:
    if keeps_nothing(rule.keep_firing_for, rule.watch.schedule):
        text = (
            f"{format_duration(rule.keep_firing_for)} are over at the next scan, for the watch is "
            f"scanned {rule.watch.schedule}: it changes nothing; write more than two intervals"
        )
        yield (*path, "keep_firing_for"), text


def _each(
    condition: Condition, watch: Watch, written: object, path: Path, places: Locations
) -> Iterator[Doubt]:
    for leaf in leaves(condition):
        place = places.of(leaf, path)
        for found in baselines(leaf, watch.schedule):
            yield place, found.said
        inside = place[len(path) :]
        if text := (
            _unordered(leaf)
            or _steep(leaf, written, inside)
            or _share(leaf, written, inside)
            or _twice(leaf)
        ):
            yield place, text
        if isinstance(leaf, Top) and leaf.places > watch.query.top:
            yield place, _deep(leaf, watch.query.top)


def _is_unordered(metric: Metric) -> bool:
    return metric.unit is Unit.FLAG and len(metric.names) > 2


def _unordered(leaf: Condition) -> str:
    ordered = isinstance(leaf, Between | Crosses) or (
        isinstance(leaf, Compare) and leaf.operator not in ("equals", "not_equals")
    )
    ordered |= isinstance(leaf, Change) and leaf.direction in ("rises", "falls")
    if not ordered or not _is_unordered(leaf.metrics[0]):
        return ""
    names = ", ".join(name for name, _ in leaf.metrics[0].names)
    return (
        f"{said(leaf)}: {leaf.metrics[0].name} is one of {names}, and none is more than another; "
        "write equals, in, becomes or leaves"
    )


def _steep(leaf: Condition, written: object, inside: Path) -> str:
    """A growth without a percent sign: 50 is 5,000%."""
    if not leaf.metrics or leaf.metrics[0].name not in GROWTHS:
        return ""
    limit = getattr(leaf, "limit", None) or getattr(leaf, "amount", None)
    if not isinstance(limit, float) or limit < _STEEP or is_percent(_at(written, inside)):
        return ""
    if isinstance(leaf, Change) and leaf.percent:
        return ""
    number = format_number(limit, 6)
    return f"{said(leaf)}: without a percent sign 1 is 100%; write {number}% if that is meant"


def _share(leaf: Condition, written: object, inside: Path) -> str:
    """A percentage of what is counted in standard errors: 50% is half of one."""
    name = leaf.metrics[0].name if leaf.metrics else ""
    limit = getattr(leaf, "limit", None)
    if name not in SCORES or leaf.metrics[0].definition or not isinstance(limit, float):
        return ""
    if not is_percent(_at(written, inside)):
        return ""
    return (
        f"{said(leaf)}: {name} is counted in standard errors, and {format_number(limit * 100, 6)}% "
        f"is {format_number(limit, 6)} of them; write 4, or a percentage of {SCORES[name]}"
    )


def _twice(leaf: Condition) -> str:
    """``rises: 2`` of a count: two more, or twice as many?"""
    if not isinstance(leaf, Change) or leaf.percent or leaf.min_change is not None:
        return ""
    if leaf.metric.unit is not Unit.COUNT or not 1 < leaf.amount <= _TIMES:
        return ""
    number = format_number(leaf.amount, 6)
    if leaf.direction == "falls":
        cure = f"for a part of it write {format_number(100 - 100 / leaf.amount, 0)}%"
    else:
        cure = f"for {number} times as many write {format_number((leaf.amount - 1) * 100, 6)}%"
    return f"{said(leaf)} is a move by {number}; {cure}, or beside it min_change: {number}"


def _deep(leaf: Top, depth: int) -> str:
    """A product below the scanned depth counts as outside, also of a top that reaches below it."""
    return (
        f'"{leaf}" reaches below what the watch reads, and who is not read counts as outside: '
        f"write {depth:,} at most, or give the watch top: {leaf.places}"
    )


def _at(written: object, path: Path) -> object:
    """The value at ``path``, as the file has it."""
    for step in path:
        if isinstance(written, Mapping):
            written = written.get(step)
        elif isinstance(written, list) and isinstance(step, int):
            written = written[step]
    return written


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
