"""Conditions that can never all be met at once, where that can be seen without data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, combinations

from watcher.rules.conditions.base import Condition, From, LastList
from watcher.rules.conditions.change import BaselineCondition, Change
from watcher.rules.conditions.operands import SinceLast
from watcher.rules.conditions.presence import Disappears, Reappears
from watcher.rules.conditions.ranking import Top
from watcher.rules.conditions.rewording import BecomesText, Rewording
from watcher.rules.conditions.text import OneOf
from watcher.rules.conditions.transition import Appears, Becomes, Crosses
from watcher.rules.lint.clauses import Clause, Conflict, excluding, said, wanted
from watcher.rules.lint.demands import Demand, demands_of
from watcher.rules.lint.facts import (
    EVERY,
    TOTALS,
    Numbers,
    facts,
    text_of,
    windows,
)
from watcher.rules.lint.few import too_few
from watcher.rules.metrics import Metric
from watcher.source.query import Query
from watcher.units import format_number

# Conditions that are never met at two scans in a row: of a metric as a line that holds, too, but
# where the line itself jumps there and back.
_EVENTS = Becomes | BecomesText | Crosses | Top | Appears | Reappears | Disappears


def conflict(clause: Clause, query: Query) -> Conflict | None:
    """The first thing found in the way of ``clause`` on the list of ``query``; None: nothing."""
    demands = [demand for literal in clause for demand in demands_of(literal)]
    found = chain(
        _texts(clause, query),
        _against_facts(demands, query),
        _against_each_other(demands),
        _opposite_moves(clause),
        _far_moves(clause, demands, query),
        _windows(demands),
        _altogether(demands, query),
        _without_past(clause),
        too_few(clause, demands, query),
        _comings_and_goings(clause),
    )
    return next(found, None)


def conflicts(clauses: Sequence[Clause], query: Query) -> list[Conflict]:
    """The first thing in the way of each clause that has one."""
    return [found for clause in clauses if (found := conflict(clause, query))]


def _against_facts(demands: Sequence[Demand], query: Query) -> Iterator[Conflict]:
    for demand in demands:
        condition = demand.condition
        limit = getattr(condition, "limit", None)
        better = ""
        if demand.metric.is_share and isinstance(limit, float) and 1 < limit <= 100:
            better = f". Write {format_number(limit, 6)}%"
        for fact in facts(demand.metric, query, top=isinstance(condition, Top)):
            if (demand.numbers & fact.numbers).empty:
                yield Conflict(condition, f"{demand.said} can't be: {fact.said}{better}")


def _against_each_other(demands: Sequence[Demand]) -> Iterator[Conflict]:
    for one, other in combinations(demands, 2):
        alike = (one.metric, one.then) == (other.metric, other.then)
        if alike and (one.numbers & other.numbers).empty:
            yield Conflict(other.condition, excluding(one.said, other.said))


def _opposite_moves(clause: Clause) -> Iterator[Conflict]:
    """A value that rose from a baseline did not fall from it."""
    moves = [one for one in wanted(clause) if isinstance(one, Change)]
    for one, other in combinations(moves, 2):
        if one.need == other.need and {one.direction, other.direction} == {"rises", "falls"}:
            yield Conflict(other, excluding(said(one), said(other)))


def _far_moves(clause: Clause, demands: Sequence[Demand], query: Query) -> Iterator[Conflict]:
    """A move that is longer than the room there is."""
    for condition in wanted(clause):
        if _shrinks(condition) and condition.metrics[0].name in TOTALS:
            name = condition.metrics[0].name
            yield Conflict(condition, f"{said(condition)} can't be: {name} counts all time")
        elif isinstance(condition, Change) and _too_far(condition, demands, query):
            why = f"{said(condition)} can't be: the value has not that much room{_room(condition)}"
            yield Conflict(condition, why)


def _shrinks(condition: Condition) -> bool:
    """Whether it is met only by a value that became less."""
    if isinstance(condition, Crosses):
        return not condition.above
    return isinstance(condition, Change) and condition.direction == "falls"


def _too_far(condition: Change, demands: Sequence[Demand], query: Query) -> bool:
    now = _bounds(condition.metric, None, demands, query)
    then = _bounds(condition.metric, condition.from_, demands, query)
    if now.empty or then.empty:
        return False
    up, down = now.high - then.low, then.high - now.low
    if condition.percent:
        # From 0 a percentage says nothing; from more, the least rise ends here.
        least, most = then.high * (1 - condition.amount), then.low * (1 + condition.amount)
        falls = condition.direction == "falls" and now.low > least
        return then.low >= 0 and (falls or (condition.direction == "rises" and now.high < most))
    room = {"rises": up, "falls": down}.get(condition.direction, max(up, down))
    return room < condition.amount


def _room(condition: Change) -> str:
    if condition.percent and condition.direction == "falls" and condition.amount > 1:
        return ", 100% is all of it"
    if not condition.percent and condition.metric.is_share:
        return f". 1 is 100%: write {format_number(condition.amount, 6)}% for a share of the value"
    return ""


def _bounds(
    metric: Metric,
    then: From | None,
    demands: Sequence[Demand],
    query: Query,
    *,
    top: bool = False,
) -> Numbers:
    """All that is known of a value; ``top`` as in ``facts``."""
    numbers = EVERY
    for fact in facts(metric, query, top=top):
        numbers &= fact.numbers
    for demand in demands:
        if demand.metric == metric and demand.then == then:
            numbers &= demand.numbers
    return numbers


def _windows(demands: Sequence[Demand]) -> Iterator[Conflict]:
    """A counter of fewer days is never above one of more days."""
    now = [each for each in demands if each.then is None and windows(each.metric.name)]
    for one, other in combinations(now, 2):
        family = windows(one.metric.name)
        if one.metric == other.metric or other.metric.name not in family:
            continue
        short, long = sorted((one, other), key=lambda each: family.index(each.metric.name))
        if short.numbers.low > long.numbers.high:
            yield Conflict(other.condition, excluding(one.said, other.said))


def _altogether(demands: Sequence[Demand], query: Query) -> Iterator[Conflict]:
    """Three conditions may agree in pairs, and leave no value together."""
    for demand in reversed(demands):
        top = isinstance(demand.condition, Top)
        if _bounds(demand.metric, demand.then, demands, query, top=top).empty:
            text = f"these conditions together leave no value of {demand.metric.name}"
            yield Conflict(demand.condition, text)


def _without_past(clause: Clause) -> Iterator[Conflict]:
    """A product that appears was never on the list, and has no earlier value there."""
    if not any(isinstance(one, Appears) for one in wanted(clause)):
        return
    why = "compares with the product's past, and one that appears for the first time has none"
    for one in (each.condition for each in clause):
        past = isinstance(one, BaselineCondition) and not isinstance(one.need.from_, LastList)
        if past or isinstance(one, Rewording):
            yield Conflict(one, f"{said(one)} {why}")


def _comings_and_goings(clause: Clause) -> Iterator[Conflict]:
    """A product is new, back or gone: two of these at once is none."""
    found = [one for one in wanted(clause) if isinstance(one, Appears | Reappears | Disappears)]
    for one, other in combinations(found, 2):
        if one != other:
            yield Conflict(other, excluding(said(one), said(other)))


def _texts(clause: Clause, query: Query) -> Iterator[Conflict]:
    asked = [
        (one, one.attribute.name, frozenset(one.values), one.negated is not each.negated)
        for each in clause
        if isinstance(one := each.condition, OneOf)
    ]
    for condition, name, values, negated in asked:
        own = text_of(name, query)
        if own is not None and (own[0] in values) is negated:
            yield Conflict(condition, f"{said(condition)} can't be: the watch lists {own[1]} only")
    for (one, name, values, out), (other, second, others, others_out) in combinations(asked, 2):
        if name == second and _no_text(values, others, out=out, other_out=others_out):
            yield Conflict(other, excluding(said(one), said(other)))


def _no_text(one: frozenset[str], other: frozenset[str], *, out: bool, other_out: bool) -> bool:
    """Whether no text is (or, ``out``, is none) of ``one`` and so of ``other``."""
    if out:
        return not other_out and other <= one
    return one <= other if other_out else not one & other


def holds_once(clause: Clause) -> Condition | None:
    """A condition of the clause that is never met at two scans in a row; None: there is none."""
    once = (one for one in wanted(clause) if isinstance(one, _EVENTS) or _stands_still(one))
    return next(once, None)


def _stands_still(condition: Condition) -> bool:
    """Whether it is a crossing of a number of the user's own, which does not move by itself."""
    return isinstance(condition, SinceLast) and condition.operand.metric.is_fact
