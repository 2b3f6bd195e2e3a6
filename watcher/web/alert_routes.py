"""Addresses of alerts, silences and messages, and of what the links in messages lead to."""

from __future__ import annotations

from watcher.people import Role
from watcher.web.context import Handler
from watcher.web.pages import act, alert, alert_forms, alert_list, outbox, silences

PAGES: tuple[tuple[str, Handler], ...] = (
    ("/alerts", alert_list.page),
    ("/alerts/matching", alert_list.matching),
    (r"/alerts/{id:A?[0-9]{1,15}}", alert.page),
    ("/outbox", outbox.page),
    (r"/outbox/{id:\d{1,15}}", outbox.message),
    ("/silences", silences.silences),
)
FORMS: tuple[tuple[str, Handler, Role], ...] = (
    ("/outbox/retry", outbox.retry, Role.ACT),
    ("/outbox/drop", outbox.drop, Role.ACT),
    ("/silences", silences.add_silence, Role.ACT),
    ("/silences/end", silences.end_silence, Role.ACT),
    ("/alerts/acknowledge", alert_forms.acknowledge_form, Role.ACT),
    ("/alerts/silence", alert_forms.silence_form, Role.ACT),
    ("/alerts/undo", alert_forms.undo_form, Role.ACT),
)
DATA: tuple[tuple[str, Handler], ...] = (
    ("/api/outbox.json", outbox.data),
    ("/api/alerts.json", alert_list.data),
    ("/api/alerts.csv", alert_list.table),
    (r"/api/alerts/{id:A?[0-9]{1,15}}.json", alert.data),
)
# Open to who has the link of a message, whatever token the others ask for.
ACT: tuple[tuple[str, Handler], ...] = (
    (r"/act/{token}", act.page),
    (r"/act/{token}/{number:[1-9]\d{0,3}}", act.page),
)
ACT_FORM: tuple[str, Handler] = (r"/act/{token}/{number:[1-9]\d{0,3}}", act.act)
