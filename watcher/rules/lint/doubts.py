"""Doubts about what a rule can hardly mean: warnings, for it works as it is written.

None is raised where only the data can tell.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain

from watcher.rules.conditions.base import Condition
from watcher.rules.conditions.change import Change
from watcher.rules.conditions.compare import Between, Compare
from watcher.rules.conditions.compiling import Path, Places
from watcher.rules.conditions.peers import LEAST as FEWEST_PEERS
from watcher.rules.conditions.peers import AmongPeers
from watcher.rules.conditions.ranking import Top
from watcher.rules.conditions.transition import Crosses
from watcher.rules.conditions.values import is_percent
from watcher.rules.lint.baselines import Found, baselines, outlived
from watcher.rules.lint.conflicts import (
    Conflict,
    alternatives,
    conflicts,
    holds_once,
    leaves_of,
    said,
)
from watcher.rules.lint.facts import SCORES
from watcher.rules.lint.unlike import unlike
from watcher.rules.rulebook import Rule, Watch
from watcher.rules.sections.ordering import ByMetric
from watcher.schedule import shortest_gap
from watcher.units import Unit, format_duration, format_number

Doubt = tuple[Path, str]

_ALWAYS = (
    "every product of the list meets this: all are told at the first scan, and each new one once; "
    'give it a limit, or "appears: true"'
)
_STEEP = 10  # a growth of 1,000% that is written without a percent sign was meant as 10%
_SLACK = 1e-9
_TIMES = 3  # "rises: 3" of a count may mean three, or three times


def doubts(rule: Rule, written: object, path: Path, places: Places, kept: int) -> Iterator[Doubt]:
    """All of ``rule``, which is ``written`` so at ``path``; observations are ``kept`` so long."""

    def place(condition: Condition) -> Path:
        return places.get(id(condition), (condition, path))[1]

    def in_percent(leaf: Condition) -> bool:
        return is_percent(_at(written, place(leaf)[len(path) :]))

    for where, why in _of_all(rule, kept, in_percent):
        yield ((*path, where) if isinstance(where, str) else place(where)), why


def _of_all(
    rule: Rule, kept: int, in_percent: Callable[[Condition], bool]
) -> Iterator[tuple[Condition | str, str]]:
    """All of the rule on each of its watches; what is not so on every one of them says on which."""
    found: dict[tuple[object, str], tuple[Condition | str, list[str]]] = {}
    for watch in rule.watches:
        of_one = (_when(rule, watch), _until(rule, watch), _leaves(rule, watch, kept, in_percent))
        for where, why in chain(*of_one, _keys(rule, watch)):
            key = (where if isinstance(where, str) else id(where), why)
            found.setdefault(key, (where, []))[1].append(watch.name)
    for (_, why), (where, names) in found.items():
        several = len(set(names)) < len(rule.watches)
        yield where, f"on {', '.join(dict.fromkeys(names))}: {why}" if several else why


def _when(rule: Rule, watch: Watch) -> Iterator[Found]:
    clauses = alternatives(rule.when) or []
    found = conflicts(clauses, watch.query)
    yield from _told(found, len(clauses), "the rule can never fire")
    if len(found) == len(clauses):
        return
    reverse = alternatives(rule.when, negated=True)
    if reverse is not None and len(conflicts(reverse, watch.query)) == len(reverse):
        yield "when", _ALWAYS
    if rule.for_:
        once = [condition for condition in map(holds_once, clauses) if condition is not None]
        yield from _waits_in_vain(rule.for_, once, len(clauses))


def _waits_in_vain(for_: int, once: Sequence[Condition], clauses: int) -> Iterator[Found]:
    part = "the rule" if len(once) == clauses else "this part"
    waits = f"for: {format_duration(for_)} waits for a second one"
    for condition in {id(one): one for one in once}.values():
        once_only = f"{said(condition)} is met at one scan only, and {waits}"
        yield condition, f"{once_only}: {part} can never fire; leave for: out"


def _until(rule: Rule, watch: Watch) -> Iterator[Found]:
    clauses = (alternatives(rule.until) if rule.until is not None else None) or []
    found = conflicts(clauses, watch.query)
    yield from _told(found, len(clauses), "it ends only when the product leaves the list")


def _told(found: Sequence[Conflict], clauses: int, whole: str) -> Iterator[Found]:
    end = whole if len(found) == clauses else "this part is never met"
    for condition, why in {id(one.condition): one for one in found}.values():
        yield condition, f"{why}: {end}"


def _keys(rule: Rule, watch: Watch) -> Iterator[Found]:
    schedule = watch.schedule
    if 0 < watch.least(rule.keep_firing_for) <= shortest_gap(schedule):
        text = (
            f"{format_duration(rule.keep_firing_for)} are over at the next scan, for the watch is "
            f"scanned {schedule}: it changes nothing; write more than two intervals"
        )
        yield "keep_firing_for", text
    if isinstance(rule.order_by, ByMetric) and rule.order_by.metric.is_unordered:
        name = rule.order_by.metric.name
        yield "order_by", f"{name} has no order: all that fire are equal"


def _leaves(
    rule: Rule, watch: Watch, kept: int, in_percent: Callable[[Condition], bool]
) -> Iterator[Found]:
    depth = watch.query.depth
    for leaf in leaves_of(rule.when, rule.until, rule.again):
        yield from baselines(leaf, watch)
        yield from ((leaf, text) for text in unlike(leaf))
        of_number = _share if in_percent(leaf) else _steep
        if text := _unordered(leaf) or of_number(leaf) or _twice(leaf):
            yield leaf, text
        if isinstance(leaf, Top) and leaf.places > depth:
            deep = f'"{leaf}" reaches below what the watch reads, and who is not read counts as'
            cure = f"write {depth:,} at most, or give the watch top: {leaf.places}"
            yield leaf, f"{deep} outside: {cure}"
        if isinstance(leaf, AmongPeers) and (text := _too_few(leaf, depth)):
            yield leaf, text
        yield from outlived(leaf, kept)


def _too_few(leaf: AmongPeers, depth: int) -> str:
    """A part of the peers that is less than one of as many as the watch reads."""
    fewest = max(FEWEST_PEERS, math.ceil(1 / leaf.share - _SLACK))
    if depth >= fewest:
        return ""
    why = "among fewer than that nothing is said" if fewest == FEWEST_PEERS else "that is one of"
    return (
        f"{said(leaf)} needs {fewest:,} listed products ({why}), and the watch reads {depth:,}: it "
        f"is never met; give the watch top: {fewest} or more"
    )


def _unordered(leaf: Condition) -> str:
    ordered = isinstance(leaf, Between | Crosses) or (
        isinstance(leaf, Compare) and leaf.operator not in ("equals", "not_equals")
    )
    ordered |= isinstance(leaf, Change) and leaf.direction in ("rises", "falls")
    if not ordered or not leaf.metrics[0].is_unordered:
        return ""
    names = ", ".join(name for name, _ in leaf.metrics[0].names)
    return (
        f"{said(leaf)}: {leaf.metrics[0].name} is one of {names}, and none is more than another; "
        "write equals, in, becomes or leaves"
    )


def _steep(leaf: Condition) -> str:
    """A growth that is written without a percent sign: 50 is 5,000%."""
    if not leaf.metrics or not leaf.metrics[0].is_growth:
        return ""
    limit = getattr(leaf, "limit", None) or getattr(leaf, "amount", None)
    if not isinstance(limit, float) or limit < _STEEP:
        return ""
    number = format_number(limit, 6)
    return f"{said(leaf)}: without a percent sign 1 is 100%; write {number}% if that is meant"


def _share(leaf: Condition) -> str:
    """A percentage, as it is written, of what is counted in standard errors: 50% is half of one."""
    name = leaf.metrics[0].name if leaf.metrics else ""
    limit = getattr(leaf, "limit", None)
    if name not in SCORES or leaf.metrics[0].definition or not isinstance(limit, float):
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


def _at(written: object, path: Path) -> object:
    """The value at ``path``, as the file has it."""
    for step in path:
        if isinstance(written, Mapping):
            written = written.get(step)
        elif isinstance(written, list) and isinstance(step, int):
            written = written[step]
    return written
