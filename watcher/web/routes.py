"""The table of addresses: which shows what, and which form changes what."""

from __future__ import annotations

from watcher.web.context import Handler
from watcher.web.pages import (
    act,
    alerts,
    followed,
    group,
    index,
    outbox,
    overview,
    pictures,
    product,
    products,
    report,
    rule,
    scores,
)
from watcher.web.pages.index import send_home

__all__ = ["ACT", "ACT_FORM", "DATA", "FORMS", "INDEX", "PAGES", "send_home"]

PAGES: tuple[tuple[str, Handler], ...] = (
    ("/", overview.page),
    ("/watches", overview.watches),
    ("/rules", overview.rules),
    ("/rules/{name}", rule.page),
    ("/scores", scores.page),
    ("/reports", report.page),
    ("/reports/{name}", report.one),
    ("/alerts", alerts.page),
    ("/products", products.search),
    ("/products/{region}/{id}", product.page),
    ("/groups/{region}/{id}", group.page),
    ("/followed", followed.page),
    ("/outbox", outbox.page),
    (r"/outbox/{id:\d{1,15}}", outbox.message),
    ("/silences", alerts.silences),
    (r"/pictures/{product:\d{1,15}}/{key:[0-9a-f]{32}}.jpg", pictures.picture),
)
FORMS: tuple[tuple[str, Handler], ...] = (
    ("/outbox/retry", outbox.retry),
    ("/outbox/drop", outbox.drop),
    ("/followed", followed.add),
    ("/followed/remove", followed.remove),
    ("/silences", alerts.add_silence),
    ("/silences/end", alerts.end_silence),
)
DATA: tuple[tuple[str, Handler], ...] = (
    ("/healthz", overview.healthz),
    ("/metrics", overview.metrics),
    ("/api/overview.json", overview.data),
    ("/api/rules/{name}.json", rule.data),
    ("/api/scores.json", scores.data),
    ("/api/reports.json", report.list_data),
    ("/api/reports/{name}.json", report.data),
    ("/api/products/{region}/{id}.json", product.data),
    ("/api/groups/{region}/{id}.json", group.data),
    ("/api/followed.json", followed.data),
    ("/api/outbox.json", outbox.data),
    ("/api/alerts.json", alerts.data),
)
# Open to who has the link of a message, whatever token the others ask for.
ACT: tuple[tuple[str, Handler], ...] = (
    (r"/act/{token}", act.page),
    (r"/act/{token}/{number:[1-9]\d{0,3}}", act.page),
)
ACT_FORM: tuple[str, Handler] = (r"/act/{token}/{number:[1-9]\d{0,3}}", act.act)
INDEX: tuple[tuple[str, index.Handler], ...] = (
    ("/", index.page),
    ("/healthz", index.healthz),
    ("/metrics", index.metrics),
    ("/api/fleet.json", index.data),
)
