"""A rule as it is written: its text, its conditions, and its settings in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from watcher.labels import label_said
from watcher.language import gettext as _
from watcher.rules.metrics import Metric
from watcher.rules.rulebook import Rule
from watcher.rules.sections.figures import meaning_of
from watcher.text.retold import retold
from watcher.web.pages.terms import term
from watcher.web.rendering import duration, severities_said

_URL = re.compile(r"\b(\w+://)[^\s\"'<>]+")


def written(rule: Rule, sellers: Mapping[str, str]) -> dict[str, Any]:
    """The rule's own text, its conditions and its settings."""
    return {
        "text": masked(rule.text),
        "when": term(rule.when),
        "until": term(rule.until) if rule.until is not None else None,
        "grades": {grade.severity.value: term(grade.when) for grade in rule.grades},
        "settings": dict(_settings(rule, sellers)),
    }


def _meaning(metric: Metric) -> str:
    return meaning_of(metric.figure) if metric.figure is not None else retold(metric.meaning)


def _settings(rule: Rule, sellers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The rule's settings beside its conditions."""
    read = [f"{each.name}: {each.query.describe(sellers)}" for each in rule.watches]
    yield _("watch"), read[0] if len(read) == 1 else "; ".join(read)
    if rule.group is not None:
        said = _("{groups}, each as a whole ({name})")
        yield _("judges"), said.format(groups=retold(rule.group.said), name=rule.group.name)
        for metric in rule.group.figures:
            yield label_said(metric.name, metric.label), _meaning(metric)
    yield _("schedule"), ", ".join(dict.fromkeys(str(each.schedule) for each in rule.watches))
    if not rule.enabled:
        yield _("enabled"), _("no: it is not judged")
    yield _("severity"), severities_said(rule.severities)
    if rule.mutes:
        yield _("mutes"), ", ".join(rule.mutes)
    if rule.muted_by:
        yield _("muted by"), ", ".join(rule.muted_by)
    yield _("tells"), ", ".join(rule.notify) or _("nobody")
    if rule.for_:
        yield _("for"), duration(rule.for_)
    if rule.keep_firing_for:
        yield _("keep firing for"), duration(rule.keep_firing_for)
    yield _("cooldown"), duration(rule.cooldown)
    yield _("remind"), duration(rule.remind)
    yield _("tells the end"), _("yes") if rule.resolved else _("no")
    yield _("strongest by"), str(rule.order_by)
    yield _("products in a message"), str(rule.limit)
    yield _("priority"), str(rule.priority)
    yield _("written in"), f"{rule.file}:{rule.line}"


def masked(text: str) -> str:
    """``text`` without URLs: a rule's own lines hold none, but a comment might."""
    return _URL.sub(r"\1***", text)
