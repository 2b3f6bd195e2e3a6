"""Addresses of who may open the page, of what they wrote, and of the feeds of alerts."""

from __future__ import annotations

from watcher.people import Role
from watcher.web.context import Handler
from watcher.web.pages import audit, feeds, people

PAGES: tuple[tuple[str, Handler], ...] = (("/feeds", feeds.page),)
# What not everybody sees who may look, or who may not look sees, too.
READS: tuple[tuple[str, Handler, Role], ...] = (
    ("/audit", audit.page, Role.ACT),
    ("/api/audit.json", audit.data, Role.ACT),
    ("/people", people.page, Role.EDIT),
    ("/api/people.json", people.data, Role.EDIT),
    ("/feeds/alerts.atom", feeds.alerts, Role.FEED),
)
FORMS: tuple[tuple[str, Handler, Role], ...] = (
    ("/people", people.add, Role.EDIT),
    ("/people/revoke", people.revoke, Role.EDIT),
    ("/people/forget", people.forget, Role.EDIT),
)
# Opened by the token in the address, which is of the role feed, and by no other one.
FEEDS: tuple[tuple[str, Handler], ...] = ((r"/feed/{token}/alerts.atom", feeds.alerts),)
