"""Doubts about what a rule can hardly mean: warnings, for it works as it is written.

None is raised where only the data can tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from watcher.rules.conditions.base import Condition
from watcher.rules.conditions.compiling import Path, Places
from watcher.rules.conditions.logic import All, Not
from watcher.rules.conditions.values import is_percent
from watcher.rules.groups import LEAST_PRODUCTS
from watcher.rules.lint.amounts import amounts
from watcher.rules.lint.baselines import Found, baselines, outlived
from watcher.rules.lint.clauses import Conflict, alternatives, leaves_of, said
from watcher.rules.lint.conflicts import conflicts, holds_once
from watcher.rules.lint.figures import figure_doubts
from watcher.rules.lint.unlike import unlike
from watcher.rules.rulebook import Group, Rule, Watch
from watcher.rules.sections.ordering import ByMetric
from watcher.schedule import shortest_gap
from watcher.units import format_duration

Doubt = tuple[Path, str]

_ALWAYS = (
    "every product of the list meets this: all are told at the first scan, and each new one once; "
    'give it a limit, or "appears: true"'
)
_EVERY_GROUP = (
    "every group meets this: all are told at the first scan, and each new one once; give it a limit"
)


def doubts(rule: Rule, written: object, path: Path, places: Places, kept: int) -> Iterator[Doubt]:
    """All of ``rule``, which is ``written`` so at ``path``; observations are ``kept`` so long."""

    writing = Writing(written, path, places)
    for where, why in _of_all(rule, kept, writing.in_percent):
        yield writing.place(where), why


def group_doubts(group: Group, writing: Writing, kept: int) -> Iterator[Doubt]:
    """All of the figures of a group, which is written so."""
    for metric in group.figures:
        own = writing.inside("metrics", metric.name)
        if metric.figure is not None:
            for where, why in figure_doubts(metric.figure, group.watches, kept, own.in_percent):
                yield own.place(where), why


@dataclass(frozen=True, slots=True)
class Writing:
    """Something as it is ``written`` at ``path``, and the places of the conditions in it."""

    written: object
    path: Path
    places: Places

    def inside(self, *steps: str) -> Writing:
        return Writing(_at(self.written, steps), (*self.path, *steps), self.places)

    def place(self, where: Condition | str) -> Path:
        """The place of a simple condition, or of a key."""
        if isinstance(where, str):
            return (*self.path, where)
        return self.places.get(id(where), (where, self.path))[1]

    def in_percent(self, leaf: Condition) -> bool:
        """Whether the number of a simple condition is written with a percent sign."""
        return is_percent(_at(self.written, self.place(leaf)[len(self.path) :]))


def _of_all(
    rule: Rule, kept: int, in_percent: Callable[[Condition], bool]
) -> Iterator[tuple[Condition | str, str]]:
    """All of the rule on each of its watches; what is not so on every one of them says on which."""
    found: dict[tuple[object, str], tuple[Condition | str, list[str]]] = {}
    for watch in rule.watches:
        of_one = (
            _when(rule, watch), _until(rule, watch), _grades(rule, watch),
            _leaves(rule, watch, kept, in_percent),
        )  # fmt: skip
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
        yield "when", _ALWAYS if rule.group is None else _EVERY_GROUP
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
    leaves = "product leaves" if rule.group is None else "group's products leave"
    yield from _told(found, len(clauses), f"it ends only when the {leaves} the list")


def _grades(rule: Rule, watch: Watch) -> Iterator[Found]:
    """Severities that no alert ever has: their conditions can't be met together with the rule's, or
    those that make it more severe are met with them."""
    if not rule.grades or _never(rule.when, watch):
        return
    for number, grade in enumerate(rule.grades):
        place = next(leaves_of(grade.when))
        if found := _never(All((rule.when, grade.when)), watch):
            yield place, f"{found[0].said}: it is never {grade.severity}"
        for higher in rule.grades[:number]:
            if not found and _never(All((grade.when, Not(higher.when))), watch):
                why = f"what meets this meets {higher.severity}, too: it is never {grade.severity}"
                yield place, why


def _never(condition: Condition, watch: Watch) -> list[Conflict]:
    """Find what is in the way of each of its alternatives; empty where something may meet it."""
    clauses = alternatives(condition) or []
    found = conflicts(clauses, watch.query)
    return [*found] if len(found) == len(clauses) else []


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
    depth = watch.query.depth // (1 if rule.group is None else LEAST_PRODUCTS)
    for leaf in leaves_of(*rule.spoken, rule.again):
        yield from baselines(leaf, watch)
        yield from ((leaf, text) for text in unlike(leaf))
        yield from ((leaf, text) for text in amounts(leaf, depth, in_percent=in_percent(leaf)))
        yield from outlived(leaf, kept)


def _at(written: object, path: Path) -> object:
    """The value at ``path``, as the file has it."""
    for step in path:
        if isinstance(written, Mapping):
            written = written.get(step)
        elif isinstance(written, list) and isinstance(step, int):
            written = written[step]
    return written
