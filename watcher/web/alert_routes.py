"""Addresses of alerts, silences and messages, and of what the links in messages lead to."""

from __future__ import annotations

from watcher.people import Role
from watcher.web.context import Handler
from watcher.web.pages import act, alerts, outbox

PAGES: tuple[tuple[str, Handler], ...] = (
    ("/alerts", alerts.page),
    ("/outbox", outbox.page),
    (r"/outbox/{id:\d{1,15}}", outbox.message),
    ("/silences", alerts.silences),
)
FORMS: tuple[tuple[str, Handler, Role], ...] = (
    ("/outbox/retry", outbox.retry, Role.ACT),
    ("/outbox/drop", outbox.drop, Role.ACT),
    ("/silences", alerts.add_silence, Role.ACT),
    ("/silences/end", alerts.end_silence, Role.ACT),
)
DATA: tuple[tuple[str, Handler], ...] = (
    ("/api/outbox.json", outbox.data),
    ("/api/alerts.json", alerts.data),
)
# Open to who has the link of a message, whatever token the others ask for.
ACT: tuple[tuple[str, Handler], ...] = (
    (r"/act/{token}", act.page),
    (r"/act/{token}/{number:[1-9]\d{0,3}}", act.page),
)
ACT_FORM: tuple[str, Handler] = (r"/act/{token}/{number:[1-9]\d{0,3}}", act.act)
