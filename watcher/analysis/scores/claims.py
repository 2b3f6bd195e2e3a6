"""The claims of rules: that sales rise, that something is so, or nothing that can be measured. A
rule claims a **rise** where one of its conditions speaks of one (of sales, GMV, views, videos,
creators, or of places in the list) and none speaks of a fall of these. Any other rule is measured
by the first of its conditions that can be asked again later: does it still hold? Of a group that is
one on the level of a figure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from watcher.evidence import Evidence
from watcher.rules.conditions.base import Condition
from watcher.rules.conditions.change import BaselineCondition, Change
from watcher.rules.conditions.compare import Between, Compare, Measured
from watcher.rules.conditions.logic import Combination, Not
from watcher.rules.conditions.operands import AgainstMetrics
from watcher.rules.conditions.ranking import RankChange, Top
from watcher.rules.conditions.records import Unchanged
from watcher.rules.conditions.transition import Appears, Becomes, Crosses
from watcher.rules.conditions.unusual import Unusual
from watcher.rules.metrics import Metric
from watcher.rules.rulebook import Rule

_TREND = "sales_trend_flag"
_SIGN = {True: 1, False: -1}
_KEPT = 0.5  # of a move that is still there


class Measure(StrEnum):
    """The measure by which a rule's alerts are judged later."""

    RISE = "rise"
    STATE = "state"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Claim:
    """The claim of a rule; ``condition`` is the one that is asked again (of ``STATE``)."""

    measure: Measure
    condition: Condition | None = None

    @property
    def metric(self) -> Metric | None:
        return self.condition.metrics[0] if self.condition is not None else None

    @property
    def said(self) -> str:
        """The question that is asked later; empty where none is."""
        if self.condition is None or self.metric is None:
            return ""
        said = f"{self.metric.label} {self.condition}"
        if isinstance(self.condition, Measured | Crosses | Becomes | Top):
            return said
        return f"at least half of the move is still there ({said})"


def claim_of(rule: Rule) -> Claim:
    """The claim of the rule's ``when``."""
    parts = list(simple(rule.when))
    if rule.group is not None:  # a sum's rise is that of some of its products: none has a level
        condition = next(filter(_is_level, parts), None)
        return Claim(Measure.NONE) if condition is None else Claim(Measure.STATE, condition)
    directions = {_direction(part) for part in parts}
    if 1 in directions and -1 not in directions:
        return Claim(Measure.RISE)
    condition = next((part for part in parts if _askable(part)), None)
    return Claim(Measure.NONE) if condition is None else Claim(Measure.STATE, condition)


def simple(condition: Condition) -> Iterator[Condition]:
    """Yield the conditions of which it is made, but none that is under "not"."""
    if isinstance(condition, Not):
        return
    if isinstance(condition, Combination):
        for part in condition.parts:
            yield from simple(part)
    else:
        yield condition


def _direction(condition: Condition) -> int:
    """1 for a rise of demand, -1 for a fall, 0 for neither."""
    match condition:
        case Top(leaves=leaves):
            return _SIGN[not leaves]
        case RankChange(direction=direction):
            return _SIGN[direction != "rises"]
        case Change(metric=metric, direction=direction) if _is_demand(metric):
            return {"rises": 1, "falls": -1}.get(direction, 0)
        case Crosses(metric=metric, above=above) if _is_demand(metric):
            return _SIGN[above]
        case Becomes(metric=metric, leaves=False, value=value) if metric.name == _TREND:
            return _of_trend(metric, value)
        case Compare(metric=metric, operator="equals", limit=limit) if metric.name == _TREND:
            return _of_trend(metric, limit)
        case Compare() | Between() if condition.metric.steady is not None:
            return _of_growth(condition, condition.metric.steady)
        case _:
            return 0


def _of_growth(condition: Compare | Between, steady: float) -> int:
    if isinstance(condition, Between):
        return int(condition.low > steady)
    return _of_limit(condition.operator, condition.limit - steady)


def _of_limit(relation: str, limit: float) -> int:
    """At least a growth above 0 is a rise; at most one of 0 or below is a fall; a cap on a growth
    (at most 10%) is neither."""
    if relation in ("above", "at_least") and limit >= 0:
        return 1
    return -1 if relation in ("below", "at_most") and limit <= 0 else 0


def _of_trend(metric: Metric, value: float) -> int:
    names = {number: name for name, number in metric.names}
    return {"rising": 1, "falling": -1}.get(names.get(int(value), ""), 0)


def _is_demand(metric: Metric) -> bool:
    """Whether more of it is more demand. Of a ratio of one's own it can't be known."""
    return metric.steady is not None or (not metric.definition and metric.counts_demand)


def _is_level(condition: Condition) -> bool:
    """Whether it says of a whole figure what it is, which is kept."""
    return isinstance(condition, Measured | Crosses | Becomes) and _askable(condition)


def _askable(condition: Condition) -> bool:
    """Whether a later value says if it still holds."""
    if isinstance(condition, Top):
        return not condition.leaves  # who left is not there to be asked
    if isinstance(condition, AgainstMetrics) or any(each.facts for each in condition.metrics):
        return False  # against what is the user's own, or moves itself
    return isinstance(condition, Measured | BaselineCondition) and not isinstance(
        condition, Appears | Unchanged
    )


def weight(condition: Condition) -> int:
    """The part of a condition in what a rule claims: 2 for a score (a growth, a surge, what is
    unusual), 1 for a move, 0 for a plain limit, or a cap on a growth."""
    if isinstance(condition, Unusual):
        return 2
    if isinstance(condition, Compare) and condition.metric.steady is not None:
        return 2 if _direction(condition) else 0
    return int(isinstance(condition, BaselineCondition | Crosses | Top))


def still_holds(condition: Condition, why: Evidence | None, value: float) -> bool | None:
    """Whether what ``condition`` claimed when an alert fired is so at a later ``value``. A limit:
    the value is still beyond it. A move from a baseline: half of it is still there. None where
    there is no value, or the alert was fired by another form of the condition."""
    if math.isnan(value):
        return None
    match condition:
        case Measured():
            return bool(condition.holds(np.array([value]))[0])
        case Crosses(line=line, above=above):
            return value > line if above else value < line
        case Becomes(value=wanted, leaves=leaves):
            return (value == wanted) is not leaves
        case Top(places=places):
            return value <= places
        case _:
            return _move_is_kept(why, value)


def _move_is_kept(why: Evidence | None, value: float) -> bool | None:
    if why is None or not isinstance(why.value, int | float):
        return None
    if not isinstance(why.baseline, int | float) or why.value == why.baseline:
        return None
    return (value - why.baseline) / (why.value - why.baseline) >= _KEPT
