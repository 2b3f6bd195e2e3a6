"""The fate of what was told since the last report: does it go on, or did it fall back."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from watcher.analysis.reports.columns import ReportColumns
from watcher.evidence import Evidence
from watcher.model import Instant, ProductFacts
from watcher.notification.policy import Decision
from watcher.report import FateOfAlert, ReportedAlert
from watcher.rules.metrics import RANK, Metric
from watcher.rules.rulebook import Rule, Rulebook
from watcher.store.ports import Store
from watcher.store.records import FiredAlert

_TOLD = tuple(
    each.value for each in (Decision.FIRES, Decision.AGAIN, Decision.RAISED, Decision.MISSED)
)
_ORDER = list(FateOfAlert)
LOST = 0.5  # of a move, and it fell back


def fates(
    database: Store, book: Rulebook, rules: Sequence[Rule], columns: ReportColumns,
    within: tuple[Instant, Instant],
) -> list[ReportedAlert]:  # fmt: skip
    """The alerts of some rules that a channel first had word of in a time, those that grow first,
    each with what is known of it now. What is not on the report's lists now is not known."""
    by_name = {rule.name: rule for rule in rules}
    ids = [
        alert
        for alerts in database.outbox.alerts_delivered(*within)
        for decision in _TOLD
        for alert in alerts.get(decision, ())
    ]
    told = database.tellings.told_alerts(sorted(set(ids)))
    mine = [each for each in told.values() if each.rule in by_name]
    evidence = database.tellings.evidence_of([each.id for each in mine])
    facts = database.history.facts(list(dict.fromkeys(each.product for each in mine)))
    keys = np.array(sorted(facts), np.int64)
    here = set(keys[np.isin(keys, columns.now.keys)].tolist())
    found = [
        _fate(book, each, evidence.get(each.id, ()), facts[each.product], each.product in here)
        for each in mine
        if each.product in facts
    ]
    return sorted(found, key=lambda each: (_ORDER.index(each.fate), -_size(each), each.alert))


def _fate(
    book: Rulebook, alert: FiredAlert, why: Sequence[Evidence], facts: ProductFacts, listed: bool
) -> ReportedAlert:
    spoken = _spoken(book, why)
    base = ReportedAlert(
        f"A{alert.id}", alert.rule, facts.region, facts.product_id, facts.name, alert.fired_at,
        FateOfAlert.UNKNOWN, alert.resolved_at, grouped_by=facts.grouped_by,
        currency=facts.currency,
    )  # fmt: skip
    if spoken is None:
        return base
    evidence, metric, baseline = spoken
    value = float(evidence.value or 0.0)
    now = _now(metric, facts) if listed and not facts.grouped_by else None
    return ReportedAlert(
        **{name: getattr(base, name) for name in base.__struct_fields__}
        | {
            "metric": metric.name,
            "label": metric.label,
            "unit": metric.unit.value,
            "baseline": baseline,
            "told": value,
            "now": now,
            "fate": fate_of(baseline, value, now),
        }
    )


def fate_of(baseline: float | None, told: float, now: float | None) -> FateOfAlert:
    """The fate of a move from the baseline to the value that was told."""
    if baseline is None or now is None or told == baseline:
        return FateOfAlert.UNKNOWN
    progress = (now - baseline) / (told - baseline)
    if progress > 1:
        return FateOfAlert.GROWING
    return FateOfAlert.FELL_BACK if progress <= LOST else FateOfAlert.HOLDS


def _spoken(
    book: Rulebook, why: Sequence[Evidence]
) -> tuple[Evidence, Metric, float | None] | None:
    """The first reason that tells of a number, those with a baseline before others; a metric that
    measures a rise by itself has one."""
    found = list[tuple[Evidence, Metric, float | None]]()
    for each in why:
        metric = book.metrics.get(each.metric)
        if metric is None or metric.figures or RANK in metric.needs or not _is(each.value):
            continue
        own = each.baseline if _is(each.baseline) else metric.steady
        found.append((each, metric, float(own) if isinstance(own, int | float) else None))
    return min(found, key=lambda each: each[2] is None, default=None)


def _is(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _now(metric: Metric, facts: ProductFacts) -> float | None:
    """The newest known value."""
    columns: dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]] = {}
    for need in metric.needs:
        known = facts.numbers.get(need)
        columns[need] = np.array([math.nan if known is None else known])
    columns |= metric.owned([facts.product_id])
    value = float(metric.compute(columns, facts.observed_at or 0)[0])
    return value if math.isfinite(value) else None


def _size(each: ReportedAlert) -> float:
    told, baseline = each.told, each.baseline
    if told is None or not baseline:
        return 0.0
    return abs(told / baseline - 1)
