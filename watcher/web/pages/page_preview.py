"""The preview of rules that are not in force yet, as it is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import Any, NamedTuple

from watcher.analysis.backtest import Backtest
from watcher.analysis.preview import DAYS, Preview
from watcher.delivery.view import view_of
from watcher.model import Instant

ALERTS = 12  # that are shown with their reasons, the newest
COLUMNS = 5  # rules with a column of their own in the table of days
ROWS = 50  # rules, new lists, and names of a sentence


class PreviewedAlert(NamedTuple):
    """An alert that would have been told."""

    at: Instant
    rule: str
    region: str
    subject: str
    name: str
    why: tuple[str, ...]


def shown(preview: Preview, sellers: Mapping[str, str], zone: tzinfo) -> dict[str, Any]:
    """The template's values."""
    rules = preview.found.rules if preview.found is not None else ()
    loudest = sorted(rules, key=_told, reverse=True)  # of equals those first that come first
    columns = [each.rule for each in loudest[:COLUMNS]]
    days = preview.by_day(zone)
    return {
        "preview": preview,
        "wanted": DAYS,
        "since": min((each.since for each in rules), default=0),
        "played": [(each, _told(each)) for each in loudest[:ROWS]],
        "all_played": len(rules),
        "columns": columns,
        "days": [(day, sum(day.alerts.get(name, 0) for name in columns)) for day in days],
        "total": sum(day.total for day in days),
        "others": len(rules) > len(columns),
        "alerts": [*_alerts(preview, zone)],
        "watches": [(each, each.query.describe(sellers)) for each in preview.watches[:ROWS]],
        "unread": preview.unread[:ROWS],
        "unread_since": preview.found.unread[:ROWS] if preview.found is not None else (),
        "warnings": preview.warnings[:ROWS],
    }


def _told(found: Backtest) -> int:
    """The messages of the channel that hears most of it."""
    return max((each.messages for each in found.channels), default=0)


def _alerts(preview: Preview, zone: tzinfo) -> Iterator[PreviewedAlert]:
    left = ALERTS
    for sent in reversed(preview.found.told if preview.found is not None else ()):
        products = view_of(sent.message, "", zone).products
        for item, product in zip(sent.message.items[:left], products, strict=False):
            rule = item.rule or sent.message.rule
            yield PreviewedAlert(
                sent.at, rule, item.region, item.product_id, item.name,
                (*product.why, *product.also),
            )  # fmt: skip
        left -= len(sent.message.items[:left])
        if not left:
            return
