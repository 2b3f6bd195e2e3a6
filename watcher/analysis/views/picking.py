"""Filters of a view as conditions: as a rule would have them, and as they are written there.

There is no other filter than the rule language's: what is shown is what a rule would select.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil, floor
from typing import TypeAlias

import numpy as np

from watcher.analysis.views.asked import WHEN, ListView, ViewTrouble
from watcher.analysis.views.columns import ColumnKind, ListColumn, ListColumns
from watcher.categories import CATEGORY as ANY_LEVEL
from watcher.errors import Problem
from watcher.fields import SELLER as SELLER_FIELD
from watcher.language import gettext as _
from watcher.model import Bools, Ints
from watcher.rules.conditions.base import Condition, From, Last
from watcher.rules.conditions.logic import all_of
from watcher.rules.rulebook import Rulebook, Watch
from watcher.rules.sections.filters import Filter, given, typed, value_of
from watcher.units import Unit, parse_number

_ID = 6  # digits from which on a text may be a product's id
_LARGEST = 1e15  # of a limit
# A limit belongs to its range: what moved by no more than this beyond it counts as on it. It is
# more than the slack that a rule's moves have.
_HAIR = {Unit.FRACTION: 1e-6, Unit.SCORE: 1e-5}
_HAIR_OF_SHARES = 1e-8
_BOUNDS = {"min": "at_least", "max": "at_most"}
Written: TypeAlias = Mapping[str, object]


@dataclass(slots=True)
class Picked:
    """The filters of a view: ``condition`` is None where all are shown; it is ``written`` so in a
    rule. ``firing`` are the least and the most alerts, which no rule can ask for. What is wrong,
    and so left out, and what is odd, is told."""

    condition: Condition | None = None
    written: object = None
    firing: tuple[float, float] = (-np.inf, np.inf)
    troubles: list[ViewTrouble] = field(default_factory=list)
    doubts: list[ViewTrouble] = field(default_factory=list)

    @property
    def by_alerts(self) -> bool:
        return self.firing != (-np.inf, np.inf)

    def of_alerts(self, counts: Ints) -> Bools:
        """(n,) whose number of alerts is asked for."""
        return (counts >= self.firing[0]) & (counts <= self.firing[1])


def picked(view: ListView, known: ListColumns, book: Rulebook, watch: Watch) -> Picked:
    """The conditions of a view's filters."""
    found, parts = Picked(), list[tuple[object, Condition]]()
    for name, text in view.filters.items():
        if name == WHEN:
            _take(found, parts, name, text, typed(text, book.metrics, watch))
            continue
        try:
            written = _written(name, text, known, found)
        except ValueError as error:
            found.troubles.append(ViewTrouble(name, str(error)))
            continue
        if written is not None:
            _take(found, parts, name, text, given(written, book.metrics, watch))
    if parts:
        found.condition = all_of([condition for _written, condition in parts])
        found.written = _together([written for written, _condition in parts])
    return found


def _take(
    found: Picked, parts: list[tuple[object, Condition]], name: str, text: str, filter_: Filter
) -> None:
    found.troubles += (_trouble(name, each, text) for each in filter_.problems)
    found.doubts += (_trouble(name, each, text) for each in filter_.doubts)
    if filter_.condition is not None:
        parts.append((filter_.written, filter_.condition))


def _trouble(name: str, problem: Problem, typed_in: str) -> ViewTrouble:
    """A problem of the compiler; where it stands is said of what was typed as a condition."""
    if name != WHEN:
        return ViewTrouble(name, _as_of_a_field(problem.message, typed_in))
    text = f"{problem.path}: {problem.message}" if problem.path else problem.message
    return ViewTrouble(name, text, problem.line, problem.column)


def _as_of_a_field(message: str, text: str) -> str:
    """The compiler's message, as other fields say it where ``text`` is no number."""
    try:
        parse_number(text)
    except ValueError as error:
        return _no_number(text) if str(error) == message else message
    return message


def _together(parts: list[object]) -> object:
    """All parts as one condition: those that say something of different things in one mapping."""
    joined: dict[str, object] = {}
    for part in parts:
        for key, inner in part.items() if isinstance(part, Mapping) else ():
            known = joined.get(key)
            if known is None:
                joined[key] = inner
            elif _may_join(known, inner):
                joined[key] = {**known, **inner}  # type: ignore[dict-item]
            else:
                return {"all": parts}
    return joined


def _may_join(one: object, other: object) -> bool:
    """Whether two values under one key are the ends of one range."""
    ends = {*_BOUNDS.values()}
    both = isinstance(one, Mapping) and isinstance(other, Mapping)
    return both and {*one} | {*other} == ends and not {*one} & {*other}  # type: ignore[misc]


def _written(name: str, text: str, known: ListColumns, found: Picked) -> Written | None:
    """A filter as a rule has it; None of one by alerts. Raises ``ValueError``."""
    match name:
        case "q":
            return _of_text(text)
        case "seller":
            return {SELLER_FIELD: text}
        case "category":
            return {ANY_LEVEL: text}
    operator, _dot, of = name.partition(".")
    column = known[of]
    if column.kind is ColumnKind.ALERTS:
        _of_alerts(operator, text, found)
        return None
    if column.is_text:
        return {column.name: {"contains": text} if operator == "has" else {"equals": text}}
    metric = str(column.metric.name) if column.metric is not None else ""
    if operator == "is":
        return {metric: value_of(text)}
    if not column.is_change:
        return {metric: {_BOUNDS[operator]: value_of(text)}}
    return _moved(column, metric, operator, text, known.baseline)


def _of_text(text: str) -> Written:
    named: Written = {"product_name": {"contains": text}}
    if not (text.isascii() and text.isdecimal() and len(text) >= _ID):
        return named
    return {"any": [named, {"product_id": text}]}


def _of_alerts(operator: str, text: str, found: Picked) -> None:
    limit, (least, most) = _number(text), found.firing
    found.firing = (limit, most) if operator == "min" else (least, limit)


def _moved(column: ListColumn, metric: str, operator: str, text: str, baseline: From) -> Written:
    """A move of at least, or at most, so much: up where that is above 0, else not down by more."""
    limit = _limit(column, text)
    up, down = ("climbs", "drops") if column.kind is ColumnKind.PLACES else ("rises", "falls")
    if operator == "max":
        limit, up, down = -limit, down, up  # at most 5 up is at least 5 down the other way round
    begun = {} if isinstance(baseline, Last) else {"from": str(baseline)}
    if limit > 0:
        return {metric: {up: _amount(column, limit), **begun}}
    beyond = _amount(column, -limit, beyond=True)
    return {"not": {metric: {down: beyond, **begun}}}


def _number(text: str) -> float:
    """The number in the visitor's language's words, where it is none."""
    try:
        return parse_number(text)
    except ValueError:
        raise ValueError(_no_number(text)) from None


def _no_number(text: str) -> str:
    told = _('"{text}" is no number: write it like 12, 0.5, 10k, 1.5m or 10%.')
    return told.format(text=text)


def _limit(column: ListColumn, text: str) -> float:
    limit = _number(text)
    if column.kind is ColumnKind.SHARE and not text.endswith("%"):
        raise ValueError(_("Write how far it moved as a percentage, like 10% or -10%."))
    if abs(limit) > _LARGEST:
        raise ValueError(_("The number is too large."))
    return limit


def _amount(column: ListColumn, size: float, *, beyond: bool = False) -> object:
    """The size of a move as a rule has it, or the least that is beyond it."""
    if column.kind is ColumnKind.PLACES:
        return floor(size) + 1 if beyond else ceil(size)
    if column.kind is ColumnKind.SHARE:
        size += _HAIR_OF_SHARES * (1 + size) if beyond else 0.0
        return f"{size * 100:.8f}".rstrip("0").rstrip(".") + "%"
    unit = column.metric.unit if column.metric is not None else Unit.SCORE
    return round(size + _HAIR[unit] if beyond else size, 9)
