"""A rule's conditions on one product, as a tree: what each says, and why it has no data. Asks only
the compiled conditions and their table: what people are shown is what decided."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, tzinfo

import numpy as np

from watcher.evaluation.last_known import REACH
from watcher.evaluation.statistics import LEAST, least_span
from watcher.model import LONGEST_LIST, OF_LIST, Criterion, Evidence, Verdict
from watcher.rules import calibration
from watcher.rules.conditions.base import (
    Ago,
    Condition,
    Last,
    LastList,
    Need,
    ScanColumns,
    Spread,
    Statistic,
    Throughout,
    Usual,
    judged,
)
from watcher.rules.conditions.change import Change
from watcher.rules.conditions.logic import Combination
from watcher.rules.conditions.presence import Reappears
from watcher.rules.conditions.records import Unchanged, longest_hole
from watcher.rules.conditions.rewording import Rewording
from watcher.rules.conditions.transition import Appears
from watcher.rules.conditions.unusual import LEAST_APART, LEAST_DAYS, Unusual
from watcher.rules.metrics import NORMAL, RANK, SPARSE, SPARSENESS, Catalogue, Metric, fact_metric
from watcher.text.evidence import criterion
from watcher.units import (
    AMOUNTS,
    DAY,
    Unit,
    count_of,
    format_duration,
    format_instant,
    format_value,
)

_BUILT_IN = Catalogue()
_NO_TEXT = "the product has no such text"
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
_OVER_TIME = (Statistic, Usual, Throughout)
_ROUNDED = (*AMOUNTS, Unit.SCORE, Unit.COUNT, Unit.FRACTION, Unit.PLACE, Unit.DAYS)


@dataclass(frozen=True, slots=True)
class Reason:
    """One condition on one product. A group (``word`` is all, any or not) has ``parts``; any other
    has ``evidence``, and ``why`` where it has no data. ``over`` names a baseline that is taken over
    a time ("median 14d"), whose instant is that time's begin; ``meant`` says what such a value
    meant on real sales, and of how many values what is usual was taken, where they are few."""

    condition: str
    verdict: Verdict
    word: str = ""
    parts: tuple[Reason, ...] = ()
    evidence: Evidence | None = None
    why: str = ""
    over: str = ""
    meant: str = ""


def reason_of(condition: Condition, table: ScanColumns, row: int, zone: tzinfo = UTC) -> Reason:
    """The tree of ``condition`` for one row of ``table``; times are told in ``zone``."""
    verdict = judged(table, condition).verdict(row)
    if isinstance(condition, Combination):
        parts = tuple(reason_of(part, table, row, zone) for part in condition.parts)
        return Reason(str(condition), verdict, condition.word, parts)
    evidence = next(iter(condition.evidence(table, row)), None)
    why = known = ""
    if verdict is Verdict.NO_DATA:  # where no cause can be named, its own arithmetic
        why = next(_causes(condition, table, row, zone), "its formula has no value here")
    else:
        known = _known(condition, table, row)
    overs = [need.from_ for need in condition.needs if isinstance(need.from_, _OVER_TIME)]
    over = str(overs[0]) if overs else ""
    meant = _meant(condition, evidence) if evidence is not None else ""
    return Reason(
        _asked(condition, evidence), verdict, evidence=evidence, why=why, over=over,
        meant="; ".join(filter(None, [known, meant])),
    )  # fmt: skip


def _asked(condition: Condition, evidence: Evidence | None) -> str:
    """The condition, with the product's own values of metrics that it is held against."""
    asked = evidence.condition if evidence is not None else None
    if evidence is None or not isinstance(asked, Criterion) or not asked.measures:
        return str(condition)
    return criterion(asked, evidence.metric, evidence.unit)


def _known(condition: Condition, table: ScanColumns, row: int) -> str:
    """The number of values of which what is usual was taken, where these are few and far apart."""
    if not isinstance(condition, Unusual) or condition.metric.window == 1:
        return ""
    apart, known = condition.metric.window, table.count(condition.need, row)
    return f"by {known} values {apart} days apart ({LEAST_APART} are needed)"


def _meant(condition: Condition, evidence: Evidence) -> str:
    """``1 in 109 listed product-days reached 4 ...``; empty where no such value was measured."""
    value = evidence.value
    built_in = all(not metric.definition for metric in condition.metrics)
    if not built_in or not isinstance(value, float):
        return ""
    mark = calibration.reached(evidence.metric, value, evidence.form)
    if mark is None:
        return ""
    limit = format_value(mark.value, condition.metrics[0].unit)
    usual = calibration.ANY[evidence.form or NORMAL]
    return (
        f"on a real shop's sales {mark.odds} listed product-days reached {limit}; of what was told "
        f"at {limit}, {mark.went_on:.0%} went on, of any listed {usual:.0%}"
    )


def unrounded(evidence: Evidence, shown: str) -> str:
    """``shown`` in full where rounding made it a number of the condition: "earnings at least 2: 2"
    is no answer to why that is not met, "1.999" is."""
    number = _NUMBER.search(shown)
    if number is None or isinstance(evidence.value, str | None) or evidence.unit not in _ROUNDED:
        return shown
    scale = 100 if evidence.unit == Unit.FRACTION else 1
    value = evidence.value * scale
    read = float(number[0].replace(",", ""))
    limits = [round(limit * scale, 6) for limit in _limits(evidence)]
    if read not in limits or math.isclose(value, read, rel_tol=1e-11):
        return shown
    return f"{shown[: number.start()]}{value:,.12g}{shown[number.end() :]}"


def _limits(evidence: Evidence) -> Iterator[float]:
    """Yield the condition's numbers; as words were stored once, they are not known."""
    asked = evidence.condition
    if not isinstance(asked, Criterion):
        return
    if asked.measures:
        yield from (each.value for each in asked.measures if each and each.value is not None)
        return
    for each in asked.limits:
        if not isinstance(each, str):
            yield each


def _causes(condition: Condition, table: ScanColumns, row: int, zone: tzinfo) -> Iterator[str]:
    if table.waits and (condition.needs or condition.follows):
        yield table.waits
    if table.fallen()[row]:
        yield "the product is not on this list any more"
    if isinstance(condition, Appears):
        yield "the watch had no complete scan before this one"
    elif isinstance(condition, Reappears):
        yield "the watch had no two complete scans before this one"
    elif isinstance(condition, Rewording):
        yield from _of_texts(condition, table, row)
    elif not condition.metrics:
        own = [each.fact for each in condition.attributes if each.fact is not None]
        yield f"the product has no {own[0].name} in {own[0].table.file}" if own else _NO_TEXT
    for metric in condition.metrics:
        if np.isnan(table.number(metric)[row]):
            yield _no_value(metric, table, row)
    yield from _of_baselines(condition, table, row, zone)
    if isinstance(condition, Unchanged) and (hole := longest_hole(condition, table, row)) > 0:
        unseen, time = (format_duration(_days(each)) for each in (hole, condition.seconds))
        yield f"not seen for {unseen} of the {time} before: what was so then is not known"


def _days(seconds: float) -> int:
    """So many seconds in whole days, where these are some."""
    return int(seconds) if seconds < DAY else round(seconds / DAY) * DAY


def _of_texts(condition: Rewording, table: ScanColumns, row: int) -> Iterator[str]:
    name = condition.attribute.name
    if table.text(name)[row] is None:
        yield "the product has no such text"
    elif table.last_text(name).values[row] is None:
        yield f"no earlier text is known by this watch in the {format_duration(REACH)} before"


def _of_baselines(
    condition: Condition, table: ScanColumns, row: int, zone: tzinfo
) -> Iterator[str]:
    if isinstance(condition, Change) and (idle := condition.idle(table, row)):
        yield idle
    of_zero = isinstance(condition, Change) and condition.percent
    for need in condition.needs:
        value = table.baseline(need)[0][row]
        if np.isnan(value):
            yield _no_baseline(need, table, row, zone)
        elif of_zero and value == 0:
            yield "a percentage of 0 has no value (min_change would decide alone)"


def _no_value(metric: Metric, table: ScanColumns, row: int) -> str:
    """The fields that the product lacks, or that the formula gives nothing."""
    own = [fact.name for fact in metric.facts if np.isnan(table.number(fact_metric(fact))[row])]
    if own:
        file = metric.facts[0].table.file
        return f"the product has no {' and no '.join(own)} in {file}"
    unused = {*OF_LIST}
    if metric.unused:
        sparse = table.number(SPARSENESS)[row] > 0
        unused |= metric.unused[SPARSE if sparse else NORMAL]
    asked = sorted(metric.needs - unused)
    missing = [name for name in asked if np.isnan(table.number(_BUILT_IN[name])[row])]
    if missing == [RANK]:
        return "the watch has no sort, so there is no rank"
    if missing:
        return f"the product has no {' and no '.join(missing)}"
    if metric.definition:
        return f"{metric.definition} has no value here: it divides by zero or the like"
    return f"its formula has no value here ({metric.meaning})"


def _no_baseline(need: Need, table: ScanColumns, row: int, zone: tzinfo) -> str:
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
            days = _days_known(need, table, row)
            return f"fewer than {LEAST} values {_known_too_short(seconds)}{days}"
        case Throughout(_, seconds):
            time = format_duration(seconds)
            return f"not known for all of the {time} before{_days_known(need, table, row)}"
        case Usual(seconds, window) if window > 1:
            known = table.count(need, row)
            return (
                f"{known} of the {LEAST_APART} values {window} days apart that are needed are "
                f"known {_known_too_short(seconds, 'they go back')}"
            )
        case Usual(seconds):
            days = _days_known(need, table, row)
            return f"fewer than {LEAST_DAYS} days with a value {_known_too_short(seconds)}{days}"
        case Spread(seconds):
            return f"it never moved in the {format_duration(seconds)} before"


def _days_known(need: Need, table: ScanColumns, row: int) -> str:
    days = table.days(need, row)
    return "" if days is None else f": {count_of(days, 'day')} known"


def _known_too_short(seconds: int, what: str = "known") -> str:
    least = format_duration(least_span(seconds))
    return f"in the {format_duration(seconds)} before, or {what} for less than {least} of it"
