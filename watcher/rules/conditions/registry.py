"""Every operator of the rule language, one row each; its class stands in its family's file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from watcher.rules.conditions import (
    compare,
    moves,
    presence,
    ranking,
    records,
    rewording,
    text,
    transition,
    unusual,
)
from watcher.rules.conditions.base import Condition
from watcher.rules.conditions.values import Setting
from watcher.rules.metrics import Attribute, Metric

_Subject = TypeVar("_Subject", Metric, Attribute)


class Takes(StrEnum):
    """The form of what is written after an operator: for the JSON Schema."""

    VALUE = "value"
    VALUES = "values"
    RANGE = "range"
    CHANGE = "change"
    PLACES = "places"
    SCORE = "score"
    TIME = "time"
    RECORD = "record"
    TEXT = "text"
    TEXTS = "texts"
    TRUE = "true"


@dataclass(frozen=True, slots=True)
class RuleOperator(Generic[_Subject]):
    """An operator on a metric or a text. ``build`` gets its name, for several may be built
    alike; ``options`` are the keys that may stand beside it."""

    name: str
    takes: Takes
    meaning: str
    build: Callable[[str, _Subject, Setting], Condition]
    options: tuple[str, ...] = ()

    @property
    def only_rank(self) -> bool:
        """Whether it says nothing of any other metric."""
        return self.takes is Takes.PLACES


_LIMIT = ("of",)
_PEERS = ("among",)
_BASELINE = ("from", "min_change", *_LIMIT)

NUMBER_OPERATORS: tuple[RuleOperator[Metric], ...] = (
    RuleOperator("equals", Takes.VALUE, "is this value", compare.comparison, _LIMIT),
    RuleOperator("not_equals", Takes.VALUE, "is not this value", compare.comparison, _LIMIT),
    RuleOperator("in", Takes.VALUES, "is one of these values", compare.among),
    RuleOperator("not_in", Takes.VALUES, "is none of these values", compare.among),
    RuleOperator("above", Takes.VALUE, "is more than this", compare.comparison, _LIMIT),
    RuleOperator("below", Takes.VALUE, "is less than this", compare.comparison, _LIMIT),
    RuleOperator("at_least", Takes.VALUE, "is this or more", compare.comparison, _LIMIT),
    RuleOperator("at_most", Takes.VALUE, "is this or less", compare.comparison, _LIMIT),
    RuleOperator(
        "between", Takes.RANGE, "lies in this range, ends included", compare.between, _LIMIT
    ),
    RuleOperator(
        "rises",
        Takes.CHANGE,
        "rose by at least this much, a number or a percentage, from the baseline",
        moves.change,
        _BASELINE,
    ),
    RuleOperator(
        "falls",
        Takes.CHANGE,
        "fell by at least this much, a number or a percentage, from the baseline",
        moves.change,
        _BASELINE,
    ),
    RuleOperator(
        "changes",
        Takes.CHANGE,
        "moved by at least this much either way from the baseline",
        moves.change,
        _BASELINE,
    ),
    RuleOperator(
        "becomes",
        Takes.VALUE,
        "was not this value when last known, and is now",
        transition.becomes,
        _LIMIT,
    ),
    RuleOperator(
        "leaves",
        Takes.VALUE,
        "was this value when last known, and is not now",
        transition.becomes,
        _LIMIT,
    ),
    RuleOperator(
        "crosses_above",
        Takes.VALUE,
        "was at or below this when last known, and is above it now",
        transition.crosses,
        _LIMIT,
    ),
    RuleOperator(
        "crosses_below",
        Takes.VALUE,
        "was at or above this when last known, and is below it now",
        transition.crosses,
        _LIMIT,
    ),
    RuleOperator(
        "climbs", Takes.PLACES, "the rank improved by so many places", ranking.moves, ("from",)
    ),
    RuleOperator(
        "drops", Takes.PLACES, "the rank worsened by so many places", ranking.moves, ("from",)
    ),
    RuleOperator(
        "enters_top",
        Takes.PLACES,
        "among the first N now, and not at the last scan that read them",
        ranking.top,
    ),
    RuleOperator(
        "leaves_top",
        Takes.PLACES,
        "among the first N at the last complete scan, and not now",
        ranking.top,
    ),
    RuleOperator(
        "unusual",
        Takes.SCORE,
        "at least so many robust standard deviations from its own history, either way",
        unusual.unusual,
        ("over",),
    ),
    RuleOperator(
        "lowest",
        Takes.RECORD,
        "none in this time was lower, the present value included; as low counts. Of a percentage: "
        "within the lowest so many of the listed products that it is among, itself included",
        records.record,
        _PEERS,
    ),
    RuleOperator(
        "highest",
        Takes.RECORD,
        "none in this time was higher, the present value included; as high counts. Of a "
        "percentage: within the highest so many of the listed products that it is among, itself "
        "included",
        records.record,
        _PEERS,
    ),
    RuleOperator("unchanged", Takes.TIME, "the same value all of this time", records.unchanged),
)

TEXT_OPERATORS: tuple[RuleOperator[Attribute], ...] = (
    RuleOperator("equals", Takes.TEXT, "is exactly this text", text.equals),
    RuleOperator("not_equals", Takes.TEXT, "is another text", text.equals),
    RuleOperator("in", Takes.TEXTS, "is one of these texts", text.among),
    RuleOperator("not_in", Takes.TEXTS, "is none of these texts", text.among),
    RuleOperator("contains", Takes.TEXT, "has this in it; capitals don't matter", text.contains),
    RuleOperator(
        "matches",
        Takes.TEXT,
        "a regular expression (RE2) finds something in it; (?i) ignores capitals",
        text.matches,
    ),
    RuleOperator(
        "changes",
        Takes.TRUE,
        "is another text than when last known; capitals, spaces and the query of an address are no "
        "change",
        rewording.changes,
    ),
    RuleOperator(
        "becomes",
        Takes.TEXT,
        "was not this text when last known, and is now; capitals and spaces don't matter",
        rewording.becomes,
    ),
    RuleOperator(
        "leaves",
        Takes.TEXT,
        "was this text when last known, and is not now; capitals and spaces don't matter",
        rewording.becomes,
    ),
)

# What stands in place of a metric: how it is compiled, and what it means.
_GONE = (
    "on the list before, and missing from two complete scans: so at the second of them, on the "
    "values that it had last"
)
WORDS: Mapping[str, tuple[Callable[[object], Condition], str]] = {
    transition.APPEARS: (transition.appears, "listed by this watch for the first time"),
    presence.REAPPEARS: (
        presence.reappears,
        "listed again after two complete scans without it, or more",
    ),
    presence.DISAPPEARS: (presence.disappears, _GONE),
}

OPTIONS = {
    "from": 'the baseline: "last" (the last known value; the default), a time as "7d ago", or '
    '"median 14d" (mean, min, max) of the observations in that time',
    "min_change": "the least absolute change that counts",
    "of": "a metric, of which the operator takes so much: {below: 90%, of: target}",
    "among": "what products have in common that are held against each other: seller_id, "
    "category_l3_id, another text, a column of your own, or watch, for all of the list",
    "over": 'how much history to look at, as "28d"',
}

NUMBER_BY_NAME = {operator.name: operator for operator in NUMBER_OPERATORS}
TEXT_BY_NAME = {operator.name: operator for operator in TEXT_OPERATORS}
