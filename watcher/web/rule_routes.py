"""Addresses of what the daemon does: its state, watches, rules and reports."""

from __future__ import annotations

from watcher.people import Role
from watcher.web.context import Handler
from watcher.web.pages import overview, page_rules, report, rule, scores, watch_list

PAGES: tuple[tuple[str, Handler], ...] = (
    ("/", overview.page),
    ("/watches", overview.watches),
    ("/watches/{name}", watch_list.page),
    ("/watches/{name}/rule", watch_list.rule),
    ("/rules", overview.rules),
    (page_rules.PATH, page_rules.page),  # before a rule of that name
    ("/rules/{name}", rule.page),
    ("/scores", scores.page),
    ("/reports", report.page),
    ("/reports/{name}", report.one),
)
FORMS: tuple[tuple[str, Handler, Role], ...] = (
    (page_rules.PATH, page_rules.submit, Role.EDIT),
    (f"{page_rules.PATH}/undo", page_rules.undo, Role.EDIT),
)
LONG_FORMS = frozenset({page_rules.PATH})  # by which a long text is sent
DATA: tuple[tuple[str, Handler], ...] = (
    ("/api/page.json", page_rules.data),
    ("/api/page.yaml", page_rules.export),
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
