"""Alerts as CSV, for programs and spreadsheets: a line each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from watcher.evaluation.known import with_names
from watcher.model import Instant
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.text.sanitize import plain
from watcher.text.spreadsheets import BOM, csv_lines, no_formula
from watcher.units import format_iso
from watcher.web.words import AlertLine, lines

ROWS = 5_000  # at most
HEAD = (
    "alert", "state", "severity", "rule", "region", "product_id", "name", "seller_id", "began",
    "ended", "reason", "acknowledged", "why", "told",
)  # fmt: skip


def alert_csv(
    ids: Sequence[int], database: Store, book: Rulebook, now: Instant, *, head: bool
) -> bytes:
    """Lines of these alerts in their order, below a ``head`` where one is wanted; an empty cell is
    no value, and no text is a formula to a spreadsheet. ``why`` is in words, in English."""
    rows = with_names(database, book, database.alerts.shown(ids))
    rules = {rule.name: rule for rule in book.rules}
    severities = {
        row.alert.id: rules[row.alert.rule].severity_of(row.alert)
        for row in rows
        if row.alert.rule in rules
    }
    told = lines(rows, now, book.zone, severities, book.metrics.gmv_currency)
    cells = csv_lines(_cells(each) for each in told)
    return BOM + csv_lines([HEAD]) + cells if head else cells


def _cells(line: AlertLine) -> Iterator[str]:
    row, alert = line.row, line.row.alert
    texts = (
        alert.short_id, alert.state.value, line.severity.value if line.severity else None,
        alert.rule, row.region, row.product_id, row.name, row.seller_id, _time(line.since),
        _time(alert.resolved_at), alert.reason, _time(alert.acknowledged), "; ".join(line.why),
        line.told,
    )  # fmt: skip
    return (no_formula(plain(each or "")) for each in texts)


def _time(instant: Instant | None) -> str:
    return "" if instant is None else format_iso(instant)
