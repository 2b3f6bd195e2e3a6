"""Words of a test that failed: what a condition found of a product or a group."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence

from watcher.analysis.reasons import unrounded
from watcher.evidence import Evidence
from watcher.model import Instant
from watcher.rules.conditions.registry import WORDS
from watcher.rules.groups import LEAST_PRODUCTS
from watcher.rules.rulebook import Rulebook
from watcher.subjects import subject_parts
from watcher.text.evidence import (
    condition_of,
    days_of,
    gap_of,
    is_record,
    peers_of,
    time_of,
    with_name,
)
from watcher.units import format_duration, format_value


def missing_of(subject: str, listed: Container[str], found: Sequence[str]) -> Iterator[str]:
    """Yield that the list has not the subject. A product may be told of all the same, by a rule
    that it is gone; what is ``found`` of a group is of its products."""
    if subject_parts(subject) is None:
        if subject not in listed:
            yield "not in the list"
    elif not found:
        yield f"fewer than {LEAST_PRODUCTS} of its products in the list"


def said(evidence: Evidence, book: Rulebook, now: Instant) -> str:
    """``7-day sales 140, rises 30% from last: not met (from 120, 1d before)``."""
    names = book.metrics.sellers
    said = f"{condition_of(evidence, names)}: {evidence.verdict.value}"
    if evidence.metric in WORDS:
        return f"{evidence.label}, {said}{f' ({gap_of(evidence)})' if evidence.gap else ''}"
    text = f"{evidence.label} {unrounded(evidence, _shown(evidence.value, evidence, book))}, {said}"
    if evidence.baseline is None:
        place = peers_of(evidence)
        return f"{text} ({place})" if place else text
    baseline = _shown(evidence.baseline, evidence, book)
    known = f", {days}" if (days := days_of(evidence)) else ""
    if is_record(evidence):
        return f"{text} (before {baseline}{known})"
    if over := time_of(evidence):  # of a time: its begin says nothing that its length does not
        return f"{text} ({over}: {baseline}{known})"
    since = ""
    if evidence.baseline_at:
        since = f", {format_duration(now - evidence.baseline_at)} before"
        since += f", {gap_of(evidence)}" if evidence.gap else ""
    return f"{text} (from {baseline}{since})"


def _shown(value: float | str | None, evidence: Evidence, book: Rulebook) -> str:
    """A value for people, on a line; a flag's, or a seller's, by its name."""
    if isinstance(value, str):
        return "; ".join(with_name(value, book.metrics.sellers).splitlines())
    metric = book.metrics.get(evidence.metric)
    for name, number in metric.names if metric is not None else ():
        if number == value:
            return name
    return format_value(value, evidence.unit)
