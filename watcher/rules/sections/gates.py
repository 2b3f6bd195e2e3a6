"""Gates that hold a rule's word back or let it through, as a rule file says them: ``severity:`` by
the data, and ``mutes:``, whose names are known once all rules are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from watcher.errors import ProblemCode
from watcher.model import Severity
from watcher.rules.conditions.compiling import Compiler
from watcher.rules.files.rule_file import Entry, Names
from watcher.rules.rulebook import Grade, Rule
from watcher.rules.sections.models import DefaultsSection, RuleSection
from watcher.words import either, kind, listing, nearest, quoted

GRADES = (Severity.CRITICAL.value, Severity.WARNING.value)  # the highest first


def grades_of(compiler: Compiler, entry: Entry) -> tuple[Grade, ...] | None:
    """The grades of a rule's ``severity:``, none where that is one for all; None where a fault of
    them was reported."""
    if not isinstance(entry.value, Mapping):
        return ()
    for key in entry.value:
        if key not in GRADES:
            entry[key].report(_no_grade(str(key)), ProblemCode.UNKNOWN_FIELD, at_key=True)
    if not entry.value:
        entry.report("is empty: write critical: or warning: with conditions, or a severity")
    found = list[Grade]()
    for name in filter(entry.value.__contains__, GRADES):
        given = entry[name]
        if given.value is None:
            given.report("is empty: write conditions, or leave the line out", ProblemCode.MISSING)
        elif (condition := compiler.condition(given.value, given.path)) is not None:
            found.append(Grade(Severity(name), condition))
    return tuple(found) if found and len(found) == len(entry.value) else None


def _no_grade(key: str) -> str:
    if key == Severity.INFO.value:
        return "info is what an alert is where neither critical nor warning is met: leave it out"
    hint = nearest(key, GRADES, 1) or f": conditions stand under {either(GRADES)}"
    return f"{quoted(key)} is no severity{hint}"


def severity_of(section: RuleSection, defaults: DefaultsSection) -> Severity:
    """The severity of what meets no grade: the rule's own, where it has none."""
    given = section.severity
    if isinstance(given, Mapping):
        return Severity.INFO
    return defaults.severity if given is None else Severity(given)


class Mutes:
    """The ``mutes:`` of all rules, by the name of the rule that has them."""

    def __init__(self) -> None:
        self._entries: dict[str, list[Entry]] = {}
        self._nameless: list[Entry] = []

    def add(self, rule: str | None, entry: Entry) -> None:
        """The ``mutes:`` of a rule, None where it has no name of its own."""
        if entry.value is None:
            return
        if not isinstance(entry.value, str | list):
            entry.report(f"takes a list of rules' names, not {kind(entry.value)}")
            return
        for each in entry.items:
            if isinstance(each.value, str):
                mutes = self._nameless if rule is None else self._entries.setdefault(rule, [])
                mutes.append(each)
            else:
                each.report(f"takes a rule's name, not {kind(each.value)}")

    def settled(self, rules: Sequence[Rule], names: Names) -> tuple[Rule, ...]:
        """The rules with whom they mute, and by whom they are muted; names that no rule has and
        circles are reported, and what can never mute is warned of. ``names`` are those of all that
        was written, also of rules that are broken."""
        by_name = {rule.name: rule for rule in rules}
        for each in chain(self._nameless, *self._entries.values()):
            if each.value not in names:
                names.unknown("rule", each, ProblemCode.INVALID)
        self._report_circles()
        muted_by: dict[str, list[str]] = {}
        for rule in rules:
            for each in self._entries.get(rule.name, ()):
                muted = by_name.get(str(each.value))
                if muted is not None:
                    _doubt(rule, muted, each)
                    if rule.enabled:
                        muted_by.setdefault(muted.name, []).append(rule.name)
        return tuple(
            replace(
                rule,
                mutes=tuple(dict.fromkeys(self._muted(rule.name))),
                muted_by=tuple(dict.fromkeys(muted_by.get(rule.name, ()))),
            )
            if rule.name in self._entries or rule.name in muted_by
            else rule
            for rule in rules
        )

    def _muted(self, rule: str) -> Iterator[str]:
        return (str(each.value) for each in self._entries.get(rule, ()))

    def _report_circles(self) -> None:
        """Report each circle once, where it closes."""
        done: set[str] = set()
        for name in self._entries:
            self._follow(name, [], done)

    def _follow(self, name: str, path: list[str], done: set[str]) -> None:
        if name in done:
            return
        path.append(name)
        for each in self._entries.get(name, ()):
            muted = str(each.value)
            if muted in path:
                each.report(_circle([*path[path.index(muted) :], muted]))
            else:
                self._follow(muted, path, done)
        done.add(path.pop())


def _circle(names: Sequence[str]) -> str:
    if len(names) == 2:
        return f"{quoted(names[0])} can't mute itself: leave it out"
    return f"a circle: {' mutes '.join(names)}; nobody would know who speaks: leave one of them out"


def _doubt(rule: Rule, muted: Rule, entry: Entry) -> None:
    """Warn of what mutes nothing."""
    kinds = [each.group.by if each.group is not None else "" for each in (rule, muted)]
    if kinds[0] != kinds[1]:
        said = [f"groups by {each}" if each else "products" for each in kinds]
        entry.warn(f"mutes nothing: {rule.name} speaks of {said[0]}, and {muted.name} of {said[1]}")
    elif not set(rule.notify) & set(muted.notify):
        told = f"{rule.name} tells {listing(rule.notify) or 'nobody'}"
        others = listing(muted.notify) or "nobody"
        entry.warn(
            f"mutes nothing: {told}, and {muted.name} {others}; it is muted in a channel "
            "that both tell"
        )
