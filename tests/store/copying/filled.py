"""A store with something in every table."""

from __future__ import annotations

from dataclasses import replace

from tests.analysis.test_lockstep import RULES, nine_days
from tests.fakes.lockstep import Daemon
from tests.store.making import scan
from watcher.incident import About, Incident, IncidentKind
from watcher.model import LongTexts
from watcher.rules.files.loading import load_text
from watcher.store.ports import Store


def fill(database: Store) -> None:
    """Nine days of scans with all that comes of them, and what else a daemon writes."""
    book = load_text(RULES)
    database.rules.sync(book.marks, 0)
    daemon = Daemon(database, book)
    now = 0
    for each in nine_days(book, 1):
        daemon.scan(each)
        now = each.finished
    database.history.record(
        scan(now + 60, {"1": {"spu_avg_price": 9.999, "total_sale_gmv_7d_amt": -0.0}}, watch="odd",
             names={"1": "Tasse „Ä“ \U0001f375\t'"},
             texts={"1": LongTexts("a\\b", "c\nd", None, "")})
    )  # fmt: skip
    made = scan(now + 120, {"1": 2, "2": 3}, watch="odd")
    texts = {
        **made.texts,
        "description": ("Tasse \u201e\U0001f375\t'", None),
        "variants": ("S", "M"),
    }
    followed = frozenset(["product_name", "description"])
    database.history.record(replace(made, texts=texts, followed=followed))
    database.ledger.charge("odd", 7, now)
    assert database.ledger.reserve("odd", 3, now, None, None)
    database.health.failing("watch", "odd", "HTTP 500", now)
    database.health.raise_cause(
        Incident(IncidentKind.FAILS, About.WATCH, "odd", details={"error": "HTTP 500"}), now
    )
    rows = database.outbox.list(limit=40)
    for number, row in enumerate(rows):
        if number % 3 == 0:
            database.outbox.sent(row.id, now)
        elif number % 3 == 1:
            database.outbox.failed(row.id, now, "HTTP 503", now + 60)
    last = database.silences.add(begins=now, ends=now + 3_600, rule="rises", comment="a test")
    database.silences.end(last.id, now)
