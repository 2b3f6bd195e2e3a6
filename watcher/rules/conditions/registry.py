"""Every operator of the rule language, one row each.

A new operator is a class and a builder in its family's file, one row here, one test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from watcher.rules.conditions import change, compare, ranking, text, transition, unusual
from watcher.rules.conditions.base import Condition
from watcher.rules.conditions.values import Setting
from watcher.rules.metrics import Attribute, Metric

NumberBuilder: TypeAlias = Callable[[Metric, Setting], Condition]
TextBuilder: TypeAlias = Callable[[Attribute, Setting], Condition]


class Takes(StrEnum):
    """The form of what is written after an operator: for the JSON Schema."""

    VALUE = "value"
    VALUES = "values"
    RANGE = "range"
    CHANGE = "change"
    PLACES = "places"
    SCORE = "score"
    TEXT = "text"
    TEXTS = "texts"


@dataclass(frozen=True, slots=True)
class NumberOperator:
    """An operator on a metric. ``options`` are the keys that may stand beside it."""

    name: str
    takes: Takes
    meaning: str
    build: NumberBuilder
    options: tuple[str, ...] = ()
    only_rank: bool = False


@dataclass(frozen=True, slots=True)
class TextOperator:
    """An operator on a text attribute."""

    name: str
    takes: Takes
    meaning: str
    build: TextBuilder


_BASELINE = ("from", "min_change")

NUMBER_OPERATORS: tuple[NumberOperator, ...] = (
    NumberOperator("equals", Takes.VALUE, "is this value", compare.comparison("equals")),
    NumberOperator(
        "not_equals", Takes.VALUE, "is not this value", compare.comparison("not_equals")
    ),
    NumberOperator("in", Takes.VALUES, "is one of these values", compare.among),
    NumberOperator("not_in", Takes.VALUES, "is none of these values", compare.not_among),
    NumberOperator("above", Takes.VALUE, "is more than this", compare.comparison("above")),
    NumberOperator("below", Takes.VALUE, "is less than this", compare.comparison("below")),
    NumberOperator("at_least", Takes.VALUE, "is this or more", compare.comparison("at_least")),
    NumberOperator("at_most", Takes.VALUE, "is this or less", compare.comparison("at_most")),
    NumberOperator("between", Takes.RANGE, "lies in this range, ends included", compare.between),
    NumberOperator(
        "rises",
        Takes.CHANGE,
        "rose by at least this much, a number or a percentage, from the baseline",
        change.change("rises"),
        _BASELINE,
    ),
    NumberOperator(
        "falls",
        Takes.CHANGE,
        "fell by at least this much, a number or a percentage, from the baseline",
        change.change("falls"),
        _BASELINE,
    ),
    NumberOperator(
        "changes",
        Takes.CHANGE,
        "moved by at least this much either way from the baseline",
        change.change("changes"),
        _BASELINE,
    ),
    NumberOperator(
        "becomes",
        Takes.VALUE,
        "was not this value when last known, and is now",
        transition.becomes,
    ),
    NumberOperator(
        "leaves",
        Takes.VALUE,
        "was this value when last known, and is not now",
        transition.leaves,
    ),
    NumberOperator(
        "crosses_above",
        Takes.VALUE,
        "was at or below this when last known, and is above it now",
        transition.crosses_above,
    ),
    NumberOperator(
        "crosses_below",
        Takes.VALUE,
        "was at or above this when last known, and is below it now",
        transition.crosses_below,
    ),
    NumberOperator(
        "climbs",
        Takes.PLACES,
        "the rank improved by so many places",
        ranking.climbs,
        ("from",),
        only_rank=True,
    ),
    NumberOperator(
        "drops",
        Takes.PLACES,
        "the rank worsened by so many places",
        ranking.drops,
        ("from",),
        only_rank=True,
    ),
    NumberOperator(
        "enters_top",
        Takes.PLACES,
        "among the first N now, and not at the last scan that read them",
        ranking.enters_top,
        (),
        only_rank=True,
    ),
    NumberOperator(
        "leaves_top",
        Takes.PLACES,
        "among the first N at the last complete scan, and not now",
        ranking.leaves_top,
        (),
        only_rank=True,
    ),
    NumberOperator(
        "unusual",
        Takes.SCORE,
        "at least so many robust standard deviations from its own history, either way",
        unusual.unusual,
        ("over",),
    ),
)

TEXT_OPERATORS: tuple[TextOperator, ...] = (
    TextOperator("equals", Takes.TEXT, "is exactly this text", text.equals),
    TextOperator("not_equals", Takes.TEXT, "is another text", text.not_equals),
    TextOperator("in", Takes.TEXTS, "is one of these texts", text.among),
    TextOperator("not_in", Takes.TEXTS, "is none of these texts", text.not_among),
    TextOperator("contains", Takes.TEXT, "has this in it; capitals don't matter", text.contains),
    TextOperator(
        "matches",
        Takes.TEXT,
        "a regular expression (RE2) finds something in it; (?i) ignores capitals",
        text.matches,
    ),
)

OPTIONS = {
    "from": 'the baseline: "last" (the last known value; the default), a time as "7d ago", or '
    '"median 14d" (mean, min, max) of the observations in that time',
    "min_change": "the least absolute change that counts",
    "over": 'how much history to look at, as "28d"',
}

NUMBER_BY_NAME = {operator.name: operator for operator in NUMBER_OPERATORS}
TEXT_BY_NAME = {operator.name: operator for operator in TEXT_OPERATORS}
