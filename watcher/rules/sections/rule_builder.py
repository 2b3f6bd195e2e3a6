"""The ``rules:`` section: one mapping into one ``Rule``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from watcher.identity import fingerprint
from watcher.rules.conditions.again import again_of
from watcher.rules.conditions.base import Condition
from watcher.rules.conditions.compiling import Compiler
from watcher.rules.files.rule_file import Entry, Names
from watcher.rules.lint.doubts import doubts
from watcher.rules.rulebook import Rule
from watcher.rules.sections.channels import Channels
from watcher.rules.sections.gates import Mutes, grades_of, severity_of
from watcher.rules.sections.models import DefaultsSection, RuleSection
from watcher.rules.sections.ordering import Order, order_of
from watcher.rules.sections.subjects import Subject, Subjects
from watcher.rules.sections.validators import name as read_name
from watcher.words import Wrong

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class RuleBuilder:
    """Reads rules; all that is wrong with each is reported, also where its shape is broken."""

    subjects: Subjects
    channels: Channels
    defaults: DefaultsSection
    default_notify: tuple[str, ...]
    kept: int
    names: Names = field(default_factory=Names)
    mutes: Mutes = field(default_factory=Mutes)

    def rule(self, entry: Entry) -> Rule | None:
        """The rule of an entry; None where something about it was reported."""
        section = entry.shape(RuleSection)
        if not isinstance(entry.value, Mapping):
            return None
        name = str(entry["name"].value or "")
        subject = self.subjects.find(entry, name, enabled=section is None or section.enabled)
        compiler, watches = subject.compiler, subject.watches
        when, until = (_condition(compiler, entry[key]) for key in ("when", "until"))
        again = again_of(compiler, entry["again"].value, entry["again"].path)
        grades = grades_of(compiler, entry["severity"])
        subject.refuse_constant((when, until))
        notify = self._notify(entry)
        quiet = self.channels.quiet_of(entry["quiet"])
        fresh = self._take(entry)
        order_by = self._order_by(when, entry, subject)
        if section is None or watches is None or when is None:
            return None
        if order_by is None or grades is None or not fresh:
            return None
        defaults = self.defaults
        rule = Rule(
            name=section.name,
            watches=watches,
            when=when,
            order_by=order_by,
            fingerprint="",
            description=section.description.strip(),
            until=until,
            for_=section.for_,
            keep_firing_for=section.keep_firing_for,
            severity=severity_of(section, defaults),
            notify=notify,
            cooldown=_given(section.cooldown, defaults.cooldown),
            remind=_given(section.remind, defaults.remind) or None,  # 0 turns the default off
            resolved=_given(section.resolved, defaults.resolved),
            limit=_given(section.limit, defaults.limit),
            priority=section.priority,
            quiet=quiet,
            again=again,
            grades=grades,
            group=subject.group,
            label=section.label or "",
            enabled=section.enabled,
            file=entry.file.name,
            line=entry.line,
            text=entry.file.document.excerpt(entry.path),
        )
        rule = replace(
            rule, fingerprint=fingerprint((each.asks for each in watches), rule.conditions)
        )
        for place, doubt in doubts(rule, entry.value, entry.path, compiler.places, self.kept):
            entry.file.warn(place, doubt)
        if doubt := self.channels.untold(rule):
            (entry["notify"] if entry["notify"].value is not None else entry).warn(doubt)
        return rule

    def _take(self, entry: Entry) -> bool:
        """Note a rule's name, and whom it mutes, whatever else is wrong with it; whether it has a
        name of its own."""
        try:
            name = read_name(entry["name"].value)
        except Wrong:
            fresh = False
        else:
            fresh = self.names.take(name, entry, entry["name"])
        self.mutes.add(name if fresh else None, entry["mutes"])
        return fresh

    def _order_by(self, when: Condition | None, entry: Entry, subject: Subject) -> Order | None:
        """The order that puts the strongest first; None where a fault of it was reported."""
        given = entry["order_by"].value
        if given is not None and not isinstance(given, str):
            return None
        try:
            # What is wrong with it is told although the conditions are wrong, too.
            return order_of(
                given, when, subject.compiler.catalogue,
                ranked=subject.sorted.all, unsorted=subject.sorted.not_these,
            )  # fmt: skip
        except Wrong as error:
            entry["order_by"].report(str(error), error.code)
            return None

    def _notify(self, entry: Entry) -> tuple[str, ...]:
        if entry["notify"].value is not None:
            return self.channels.known(entry["notify"])
        if not self.default_notify:
            entry.warn("this rule tells nobody: give it notify:, or defaults: a notify:")
        return self.default_notify


def _condition(compiler: Compiler, entry: Entry) -> Condition | None:
    return None if entry.value is None else compiler.condition(entry.value, entry.path)


def _given(value: _T | None, default: _T) -> _T:
    return default if value is None else value
