"""A store with something in every table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.analysis.test_lockstep import RULES, nine_days
from tests.fakes.lockstep import Daemon
from tests.store.making import scan
from watcher.data_days import DataDay, LookResult, RefreshLook
from watcher.incident import About, Incident, IncidentKind
from watcher.model import LongTexts
from watcher.people import Author, Role, Via
from watcher.rules.files.loading import load_text
from watcher.store.ports import Store
from watcher.store.records import GroupFigures
from watcher.store.sql.links import digest_of
from watcher.store.sql.refreshes import ScanDay, Share
from watcher.store.sql.siblings import Category, Picture, Probe


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
    recorded = database.history.record(replace(made, texts=texts, followed=followed))
    groups = database.groups.keys("seller_id", [("US", "7495"), ("GB", "7495")], now)
    said = {"sum(x)": np.array([9.999, np.nan]), "size()": np.array([3.0, 4.0])}
    figures = GroupFigures(recorded.scan_id, now, groups, said)
    database.groups.note(recorded.scan_id, "seller_id", figures)
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
    database.links.add(digest_of("a token"), rows[0].id, now)
    database.links.note(1, "a form", now, 1, "snooze", silence=1)
    database.links.undo(1, now)
    _fill_own(database, now)
    last = database.silences.add(begins=now, ends=now + 3_600, rule="rises", comment="a test")
    database.silences.end(last.id, now)


def _fill_own(database: Store, now: int) -> None:
    """What comes of products of one's own, of the source's other endpoints and of the refresh."""
    for number, asked in enumerate((("1", "2", "\U0001f375"), ("2",))):
        own = scan(now + 180 + number, {"2": 3}, watch="own", ranked=False)
        own = replace(own, regions=("US",), of_market=False, asked=asked)
        recorded = database.history.record(own)
    database.reports.begin("montag „Ä“", "0" * 16, now - 9)
    database.reports.told("montag „Ä“", now - 5, now - 4)
    database.reports.begin("daily", "1" * 16, now)
    database.page_rules.save("rules: []  # „Ä“\n", now, base=0, who="the page")
    database.page_rules.save("", now + 1, base=1, who="„Ä“", restores=0)
    person = database.people.add("Jürgen 小王", Role.READ, digest_of("his token"), now - 9)
    database.people.revoke(person.id, now)
    database.audit.note(
        Author("o'hara@host", Via.COMMAND), now, "follow", "„Ä“ \U0001f375", None, {"note": "\\N\t"}
    )
    database.followed.add(["2", "3"], now, "warum „Ä“")
    assert database.lookups.due("own", ["3"], now)
    database.probes.put(
        Probe("covers", now, works=False, status=404, words="none", path="/x", credential="k")
    )
    database.categories.put([Category("601450", 1, "Schönes \U0001f375")], now)
    database.pictures.put([Picture(int(recorded.products[0]), now, None, now + 9, "refused")])
    database.refreshes.begin_day("US", DataDay(19_000, now, now - 60, now + 60))
    database.refreshes.note_look("US", RefreshLook(now, "odd", LookResult.FAILED, error="HTTP 500"))
    share = Share(10, 3)
    database.refreshes.note_scan(
        ScanDay(recorded.scan_id, "own", "US", 19_000, 18_999, share, share, half=True)
    )
    database.rules.keep_files({"/etc/watcher/products.csv": b"product_id,target\n1,2\n\xff"}, now)
