"""The ``rules:`` section: one mapping into one ``Rule``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TypeVar

from watcher.rules.conditions.appears import Appears
from watcher.rules.conditions.base import Condition
from watcher.rules.conditions.compiling import Locations, compile_condition
from watcher.rules.files.document import Path
from watcher.rules.files.rule_source import Source
from watcher.rules.lint.doubts import doubts
from watcher.rules.metrics import Catalogue
from watcher.rules.rulebook import Rule, Watch
from watcher.rules.sections.channels import Channels
from watcher.rules.sections.models import DefaultsSection, RuleSection
from watcher.rules.sections.ordering import Order, order_of
from watcher.rules.sections.watches import Watches
from watcher.rules.words import quoted

_T = TypeVar("_T")

_ANY = Appears()  # a condition that names no metric


class Ruling:
    """Reads rules; all that is wrong with each is reported, also where its shape is broken."""

    def __init__(
        self,
        metrics: Catalogue,
        watches: Watches,
        channels: Channels,
        defaults: DefaultsSection,
        default_notify: tuple[str, ...],
        kept: int,
    ) -> None:
        self._metrics = metrics
        self._watches = watches
        self._channels = channels
        self._defaults = defaults
        self._default_notify = default_notify
        self._kept = kept
        self._names: dict[str, str] = {}

    def rule(self, raw: object, source: Source, path: Path) -> Rule | None:
        """The rule at ``path``; None where something about it was reported."""
        section = source.shape(RuleSection, raw, path)
        if not isinstance(raw, Mapping):
            return None
        name = str(raw.get("name", ""))
        watch = None
        if raw.get("watch") is not None:
            watch = self._watches.find(raw["watch"], source, (*path, "watch"), name)
        ranked = watch is None or watch.query.ranked
        places = Locations()
        when = self._condition(raw, "when", source, path, places, ranked=ranked)
        until = self._condition(raw, "until", source, path, places, ranked=ranked)
        notify = self._notify(raw, source, path)
        if section is None:
            return None
        whole = self._check(section, source, path)
        order_by = self._order_by(section, when, source, path, ranked=ranked)
        if watch is None or when is None or order_by is None or not whole:
            return None
        rule = self._build(section, watch, when, until, order_by, notify, source, path)
        for place, doubt in doubts(rule, raw, path, places, self._kept):
            source.warn(place, doubt)
        return rule

    def _condition(
        self,
        raw: Mapping[str, object],
        key: str,
        source: Source,
        path: Path,
        places: Locations,
        *,
        ranked: bool,
    ) -> Condition | None:
        if raw.get(key) is None:
            return None
        return compile_condition(
            raw[key], (*path, key), self._metrics, source.report, ranked=ranked, places=places
        )

    def _check(self, section: RuleSection, source: Source, path: Path) -> bool:
        """Whether the name is new."""
        fresh = section.name not in self._names
        if fresh:
            self._names[section.name] = source.place(path)
        else:
            place = self._names[section.name]
            message = f"the name {quoted(section.name)} is already used at {place}"
            source.report((*path, "name"), message)
        return fresh

    def _order_by(
        self,
        section: RuleSection,
        when: Condition | None,
        source: Source,
        path: Path,
        *,
        ranked: bool,
    ) -> Order | None:
        """What puts the strongest first; None where that was reported."""
        try:
            # What is wrong with it is told although the conditions are wrong, too.
            return order_of(section.order_by, when or _ANY, self._metrics, ranked=ranked)
        except ValueError as error:
            source.report((*path, "order_by"), str(error))
            return None

    def _notify(self, raw: Mapping[str, object], source: Source, path: Path) -> tuple[str, ...]:
        if raw.get("notify") is not None:
            return self._channels.known(raw["notify"], source, (*path, "notify"))
        if not self._default_notify:
            source.warn(path, "this rule tells nobody: give it notify:, or defaults: a notify:")
        return self._default_notify

    def _build(  # noqa: PLR0917
        self,
        section: RuleSection,
        watch: Watch,
        when: Condition,
        until: Condition | None,
        order_by: Order,
        notify: tuple[str, ...],
        source: Source,
        path: Path,
    ) -> Rule:
        defaults = self._defaults
        return Rule(
            name=section.name,
            watch=watch,
            when=when,
            order_by=order_by,
            fingerprint=_fingerprint(watch, when, until, section.for_),
            description=section.description.strip(),
            until=until,
            for_=section.for_,
            keep_firing_for=section.keep_firing_for,
            severity=_given(section.severity, defaults.severity),
            notify=notify,
            cooldown=_given(section.cooldown, defaults.cooldown),
            remind=_given(section.remind, defaults.remind) or None,  # 0 turns the default off
            resolved=_given(section.resolved, defaults.resolved),
            limit=_given(section.limit, defaults.limit),
            priority=section.priority,
            file=source.name,
            line=source.line(path),
            text=source.excerpt(path),
        )


def _given(value: _T | None, default: _T) -> _T:
    return default if value is None else value


def _fingerprint(watch: Watch, when: Condition, until: Condition | None, for_: int) -> str:
    """Changes where the rule begins anew, and only there; stable over runs and versions.

    The name is no part of it: that is how a rule that was only renamed is recognised.
    """
    parts = [watch.key, when.key, until.key if until is not None else None, for_]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
