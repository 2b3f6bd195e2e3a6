"""Addresses of what the daemon does: its state, watches, rules and reports."""

from __future__ import annotations

from watcher.web.context import Handler
from watcher.web.pages import overview, report, rule, scores, watch_list

PAGES: tuple[tuple[str, Handler], ...] = (
    ("/", overview.page),
    ("/watches", overview.watches),
    ("/watches/{name}", watch_list.page),
    ("/watches/{name}/rule", watch_list.rule),
    ("/rules", overview.rules),
    ("/rules/{name}", rule.page),
    ("/scores", scores.page),
    ("/reports", report.page),
    ("/reports/{name}", report.one),
)
DATA: tuple[tuple[str, Handler], ...] = (
    ("/healthz", overview.healthz),
    ("/metrics", overview.metrics),
    ("/api/overview.json", overview.data),
    ("/api/watches.json", overview.watches_data),
    ("/api/watches/{name}.json", watch_list.data),
    ("/api/watches/{name}.csv", watch_list.sheet),
    ("/api/rules/{name}.json", rule.data),
    ("/api/scores.json", scores.data),
    ("/api/reports.json", report.list_data),
    ("/api/reports/{name}.json", report.data),
)
