"""The table of addresses: which shows what, and which form changes what, for whom."""

from __future__ import annotations

import re

from watcher.people import Role
from watcher.web import alert_routes, people_routes, product_routes, rule_routes
from watcher.web.alert_routes import ACT, ACT_FORM
from watcher.web.context import Handler
from watcher.web.pages import index
from watcher.web.pages.index import send_home
from watcher.web.people_routes import FEEDS
from watcher.web.rule_routes import LONG_FORMS

__all__ = [
    "ACT", "ACT_FORM", "DATA", "FEEDS", "FORMS", "INDEX", "LONG_FORMS", "PAGES", "PATHS", "READS",
    "send_home",
]  # fmt: skip

PAGES: tuple[tuple[str, Handler], ...] = (
    *rule_routes.PAGES,
    *product_routes.PAGES,
    *alert_routes.PAGES,
    *people_routes.PAGES,
)
FORMS: tuple[tuple[str, Handler, Role], ...] = (
    *rule_routes.FORMS,
    *product_routes.FORMS,
    *alert_routes.FORMS,
    *people_routes.FORMS,
)
DATA: tuple[tuple[str, Handler], ...] = (
    *rule_routes.DATA,
    *product_routes.DATA,
    *alert_routes.DATA,
)
# All that is read, with the role that it takes.
READS: tuple[tuple[str, Handler, Role], ...] = (
    *((path, handler, Role.READ) for path, handler in (*PAGES, *DATA)),
    *people_routes.READS,
)
PATHS: tuple[str, ...] = (
    *(path for path, _handler, _role in (*READS, *FORMS)),
    *(path for path, _handler in (*ACT, *FEEDS)),
)
INDEX: tuple[tuple[str, index.Handler], ...] = (
    ("/", index.page),
    ("/healthz", index.healthz),
    ("/metrics", index.metrics),
    ("/api/fleet.json", index.data),
)
_PARAMETER = re.compile(r"\{([A-Za-z_]\w*)\}")


def open_to_names(path: str) -> str:
    """The path as the router takes it: its own parameters take no braces, which names may have."""
    return _PARAMETER.sub(r"{\1:[^/]+}", path)
