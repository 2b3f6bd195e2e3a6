"""Conditions as trees of words."""

from __future__ import annotations

from dataclasses import dataclass

from watcher.labels import label_said
from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.rules.conditions.base import Condition
from watcher.rules.conditions.logic import Combination
from watcher.rules.conditions.text import Text

_GROUPS = {"all": N_("all of these"), "any": N_("any of these"), "not": N_("not this")}


@dataclass(frozen=True, slots=True)
class Term:
    """A condition in words; a group has ``parts``."""

    text: str
    parts: tuple[Term, ...] = ()


def term(condition: Condition) -> Term:
    """A condition as a tree of words."""
    if isinstance(condition, Combination):
        parts = tuple(term(part) for part in condition.parts)
        word = _GROUPS.get(condition.word)
        return Term(condition.word if word is None else _(word), parts)
    if isinstance(condition, Text):
        subject = label_said(condition.attribute.name, condition.attribute.label)
    else:
        subject = _(", ").join(
            label_said(metric.name, metric.label) for metric in condition.metrics
        )
    return Term(_("{subject} {condition}").format(subject=subject, condition=condition).strip())
