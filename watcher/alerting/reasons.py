"""A rule's conditions on one product, as a tree: what each says, and why it has no data.

Only asks the compiled conditions and the table that judged them, so that what people are shown
is what decided.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, tzinfo

import numpy as np

from watcher.alerting.lastknown import REACH
from watcher.alerting.statistics import LEAST, least_span
from watcher.model import Evidence, Verdict
from watcher.rules.conditions.appears import Appears
from watcher.rules.conditions.base import (
    LONGEST_LIST,
    Ago,
    Condition,
    Last,
    LastList,
    Need,
    Spread,
    Statistic,
    Table,
    Usual,
    judged,
)
from watcher.rules.conditions.change import Change
from watcher.rules.conditions.logic import Group
from watcher.rules.conditions.unusual import LEAST_DAYS
from watcher.rules.metrics import RANK, Catalogue, Metric
from watcher.units import AMOUNTS, Unit, format_duration, format_instant

_BUILT_IN = Catalogue()
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
_ROUNDED = (*AMOUNTS, Unit.SCORE, Unit.COUNT, Unit.FRACTION, Unit.PLACE, Unit.DAYS)


@dataclass(frozen=True, slots=True)
class Reason:
    """What one condition says of a product.

    A group (``word`` is all, any or not) has ``parts``; any other has ``evidence``, and ``why``
    where it has no data. ``over`` names a baseline that is taken over a time ("median 14d"): its
    instant is that time's begin.
    """

    condition: str
    verdict: Verdict
    word: str = ""
    parts: tuple[Reason, ...] = ()
    evidence: Evidence | None = None
    why: str = ""
    over: str = ""


def reason_of(condition: Condition, table: Table, row: int, zone: tzinfo = UTC) -> Reason:
    """The tree of ``condition`` for one row of ``table``; times are told in ``zone``."""
    verdict = judged(table, condition).verdict(row)
    if isinstance(condition, Group):
        parts = tuple(reason_of(part, table, row, zone) for part in condition.parts)
        return Reason(str(condition), verdict, condition.word, parts)
    evidence = next(iter(condition.evidence(table, row)), None)
    why = _why_no_data(condition, table, row, zone) if verdict is Verdict.NO_DATA else ""
    over = next((str(need.from_) for need in condition.needs if _over_a_time(need)), "")
    return Reason(str(condition), verdict, evidence=evidence, why=why, over=over)


def unrounded(evidence: Evidence, shown: str) -> str:
    """``shown`` is the value for people; in full where rounding made it a number of the condition.

    "earnings at least 2: 2" is no answer to why that is not met, "1.999" is.
    """
    number = _NUMBER.search(shown)
    if number is None or isinstance(evidence.value, str | None) or evidence.unit not in _ROUNDED:
        return shown
    value = evidence.value * (100 if evidence.unit == Unit.FRACTION else 1)
    limits = [_read(limit) for limit in _NUMBER.findall(evidence.condition)]
    if _read(number[0]) not in limits or math.isclose(value, _read(number[0]), rel_tol=1e-11):
        return shown
    return f"{shown[: number.start()]}{value:,.12g}{shown[number.end() :]}"


def _read(text: str) -> float:
    return float(text.replace(",", ""))


def _over_a_time(need: Need) -> bool:
    return isinstance(need.from_, Statistic | Usual)


def _why_no_data(condition: Condition, table: Table, row: int, zone: tzinfo) -> str:
    """The first cause that can be named; where none can, the condition's own arithmetic."""
    return next(_causes(condition, table, row, zone), "its formula has no value here")


def _causes(condition: Condition, table: Table, row: int, zone: tzinfo) -> Iterator[str]:
    if table.waits and condition.needs:
        yield table.waits
    if table.fallen()[row]:
        yield "the product is not on this list any more"
    if isinstance(condition, Appears):
        yield "the watch had no complete scan before this one"
    elif not condition.metrics:
        yield "the product has no such text"
    for metric in condition.metrics:
        if np.isnan(table.number(metric)[row]):
            yield _no_value(metric, table, row)
    for need in condition.needs:
        value = table.baseline(need)[0][row]
        if np.isnan(value):
            yield _no_baseline(need, table, zone)
        elif value == 0 and isinstance(condition, Change) and condition.percent:
            yield "a percentage of 0 has no value (min_change would decide alone)"


def _no_value(metric: Metric, table: Table, row: int) -> str:
    """Which of the metric's fields the product lacks, or that the formula gives nothing."""
    missing = [name for name in sorted(metric.needs) if _lacks(name, table, row)]
    if missing == [RANK]:
        return "the watch has no sort, so there is no rank"
    if missing:
        return f"the product has no {' and no '.join(missing)}"
    if metric.definition:
        return f"{metric.definition} has no value here: it divides by zero or the like"
    return f"its formula has no value here ({metric.meaning})"


def _no_baseline(need: Need, table: Table, zone: tzinfo) -> str:
    match need.from_:
        case Last():
            return f"no earlier value by this watch in the {format_duration(REACH)} before"
        case LastList(places):
            read = "was complete" if places == LONGEST_LIST else f"read its first {places:,} places"
            return f"no earlier scan of this watch that {read}"
        case Ago(seconds) as ago:
            then = table.at - seconds
            begin, end = (format_instant(each, zone) for each in (then - ago.older, then))
            return f"no observation with a value from {begin} to {end}"
        case Statistic(_, seconds):
            return (
                f"fewer than {LEAST} values in the {format_duration(seconds)} before, or known "
                f"for less than {format_duration(least_span(seconds))} of it"
            )
        case Usual(seconds):
            return (
                f"fewer than {LEAST_DAYS} days with a value in the {format_duration(seconds)} "
                f"before, or known for less than {format_duration(least_span(seconds))} of it"
            )
        case Spread(seconds):
            return f"it never moved in the {format_duration(seconds)} before"


def _lacks(field: str, table: Table, row: int) -> bool:
    return bool(np.isnan(table.number(_BUILT_IN[field])[row]))
