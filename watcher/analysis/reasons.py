"""A rule's conditions on one product, as a tree: what each says, and why it has no data. Asks only
the compiled conditions and their table: what people are shown is what decided."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, tzinfo

from watcher.analysis.causes import causes
from watcher.evidence import Criterion, Evidence
from watcher.language import gettext as _
from watcher.model import Verdict
from watcher.rules import calibration
from watcher.rules.conditions.base import (
    Condition,
    ScanColumns,
    Statistic,
    Throughout,
    Usual,
    judged,
)
from watcher.rules.conditions.logic import Combination
from watcher.rules.conditions.unusual import LEAST_APART, Unusual
from watcher.rules.metrics import NORMAL
from watcher.text.evidence import criterion
from watcher.units import (
    AMOUNTS,
    Unit,
    format_value,
)

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
        why = next(causes(condition, table, row, zone), _("its formula has no value here"))
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
