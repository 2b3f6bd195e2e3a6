"""A database of an older version, with messages on their way."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from tests.store.making import DAY, SALES, START, of_old, scan, with_products
from watcher.fields import RATING
from watcher.store.sqlite import migrations
from watcher.store.sqlite.database import Database

_NOTIFY = (
    "INSERT INTO notifications (id, message, channel, target, state, created, next_try, tries) "
    "VALUES (?, ?, 'me', ?, ?, ?, ?, 0)"
)
# An empty list, as the first versions wrote it: today's code needs columns of later ones.
_SCAN = (
    "INSERT INTO scans (watch, region, at, mark, started, finished, state, requests, pages, size, "
    "first_row, rows, problems, products) "
    "VALUES (?1, 'US', ?2, ?3, ?2, ?2, 'complete', 1, 1, 0, 1, 0, '[]', x'')"
)


def _message(store: Database, number: int, kind: str, title: str) -> None:
    body = {"kind": kind, "title": title, "severity": "info", "created": START, "text": "t"}
    store.execute(
        "INSERT INTO messages (id, rule, about, created, body) VALUES (?, 'r', ?, ?, ?)",
        (number, START, START, json.dumps(body)),
    )


def _before_joining(path: Path) -> None:
    """Two alerts told by message 1, the end of a third by 2, troubles by 3 and 4; 5 was sent."""
    with Database(sqlite3.connect(path, isolation_level=None), path) as store, store.atomic():
        of_old(store, "m006_joining")
        products = with_products(store)
        _message(store, 1, "alerts", "[info] r: 2 products (US)")
        _message(store, 2, "alerts", "[info] r: 1 ended (US)")
        _message(store, 3, "operator", "watcher: key refused")
        _message(store, 4, "operator", "watcher: over: watch a: fails")
        _message(store, 5, "operator", "watcher: disk")
        states = ("waiting", "dead", "waiting", "waiting", "sent")
        for number, state in enumerate(states, start=1):
            for target in (1, 2):
                row = number * 10 + target
                store.execute(_NOTIFY, (row, number, f"me/{target}", state, START, START))
        store.conn.executemany(
            "INSERT INTO told (rule, product, channel, alert, told_at, resolved_told, "
            "notification) VALUES ('r', ?, 'me', ?, ?, ?, ?)",
            [
                (products[0], 7, START, 0, 11),
                (products[1], 8, START, 0, 11),
                (products[2], 9, START, 1, 21),
            ],
        )


def test_what_waits_learns_what_it_tells_of(tmp_path: Path) -> None:
    """So that it can be joined; what was sent stays as it is."""
    path = tmp_path / "w.db"
    _before_joining(path)
    with Database.open(path) as store:
        rows = [store.outbox.get(number * 10 + 2) for number in range(1, 6)]
        messages = [row.message for row in rows if row is not None]
        assert [message.alerts for message in messages] == [
            {"firing": (7, 8), "resolved": ()},
            {"firing": (), "resolved": (9,)},
            {},
            {},
            {},
        ]
        assert [(message.cause, message.over) for message in messages[2:]] == [
            ("key refused", False),
            ("watch a: fails", True),
            ("", False),
        ]
        assert [row.joined for row in rows if row is not None] == [None] * 5
        summaries = [each.summary for each in store.backlog.messages("me/1")]
        assert [summary.cause for summary in summaries] == ["", "key refused", "watch a: fails"]
    assert (tmp_path / "w.db.before-m006_joining").exists()


def _before_doubts(path: Path, days: list[dict[str, float]]) -> None:
    """A scan a day of products with these commissions, as they were stored then."""
    with Database(sqlite3.connect(path, isolation_level=None), path) as store, store.atomic():
        migrations.migrations.apply(store.db)
        store.execute("DROP TABLE doubts")
        store.execute("DELETE FROM _sqlite_migrations WHERE name = 'm007_doubts'")
        for day, rates in enumerate(days):
            at, first = START + day * DAY, 1 + store.number("SELECT max(id) FROM observations")
            store.execute(
                "INSERT INTO scans (id, watch, region, at, mark, started, finished, state, "
                "requests, pages, size, first_row, rows, problems) "
                "VALUES (?1, 'w', 'US', ?2, ?2, ?2, ?2, 'complete', 1, 1, ?3, ?4, ?3, '[]')",
                (day + 1, at, len(rates), first),
            )
            for product, rate in rates.items():
                store.execute(
                    "INSERT INTO observations (product, at, product_commission_rate) "
                    "VALUES (?, ?, ?)",
                    (int(product), at, rate),
                )


def test_commissions_of_before_are_fractions(tmp_path: Path) -> None:
    """The scale is a scan's; where few changed, that of the scan before; strays are percentages."""
    path = tmp_path / "w.db"
    tens = {str(number): 10.0 for number in range(1, 12)}
    days: list[dict[str, float]] = [
        {**tens, "12": 1.0, "13": 0.5, "14": 0.0},  # percentages
        {"12": 2.0},
        {"12": 1.0},  # 1%: nothing else changed
        dict.fromkeys(tens, 0.1) | {"12": 0.01},  # from now on fractions
        {"12": 1.0},  # 100%
        {"12": 13.0, "1": 0.2, "2": 0.3},  # a bad row
    ]
    _before_doubts(path, days)
    with Database.open(path) as store:
        rows = store.rows("SELECT at, product, product_commission_rate FROM observations")
        marked = store.rows("SELECT state FROM scans")
        assert store.history.last_proof("w") is not None
    by_day = [
        {str(product): rate for at, product, rate in rows if at == START + day * DAY}
        for day in range(len(days))
    ]
    assert by_day == [
        {**dict.fromkeys(tens, 0.1), "12": 0.01, "13": 0.005, "14": 0.0},
        {"12": 0.02},
        {"12": 0.01},
        {**dict.fromkeys(tens, 0.1), "12": 0.01},
        {"12": 1.0},
        {"12": 0.13, "1": 0.2, "2": 0.3},
    ]
    assert {state for (state,) in marked} == {"complete"}


def test_a_rating_of_0_that_was_stored_is_none(store: Database) -> None:
    """Read by every way to it."""
    seen = store.history.record(scan(START, {"1": {RATING: 0.0, SALES: 1}, "2": {RATING: 4.0}}))
    again = store.history.record(scan(START + DAY, {"1": 2, "2": 1}))
    baseline = store.history.last("w", again.scan_id, again.products, [RATING])
    assert np.array_equal(baseline.values[:, 0], [np.nan, 4], equal_nan=True)
    assert store.history.had_values("US", ["1", "2"], [RATING], []) == (2, {RATING: 0})
    view = store.rows("SELECT product_rating FROM observations_view ORDER BY id LIMIT 2")
    assert view == [(None,), (4.0,)]
    assert seen.products.tolist() == again.products.tolist()


def test_scans_of_one_time_are_told_apart(tmp_path: Path) -> None:
    """A watch has one scan of a time from m013 on: of several the later move on by some seconds,
    to such as are free, and none is lost."""
    path = tmp_path / "w.db"
    with Database(sqlite3.connect(path, isolation_level=None), path) as store, store.atomic():
        migrations.migrations.apply(store.db, stop_before="m013_one_scan_a_time")
        for watch, after in (("w", 0), ("v", 0), ("w", 0), ("w", 1), ("w", 0), ("w", 9)):
            mark = START + store.number("SELECT count(*) FROM scans")
            store.execute(_SCAN, (watch, START + after, mark))
    with Database.open(path) as store:
        rows = store.rows("SELECT id, watch, at FROM scans ORDER BY id")
        found = [(watch, at - START) for _, watch, at in rows]
        assert found == [("w", 0), ("v", 0), ("w", 2), ("w", 1), ("w", 3), ("w", 9)]
        assert [each.at - START for each in store.history.scans("w")] == [9, 3, 1, 2, 0]
        with pytest.raises(sqlite3.IntegrityError, match=r"scans\.watch, scans\.at"):
            store.history.record(scan(START, {"1": 6}, watch="v"))
        assert store.number("SELECT count(*) FROM observations") == 0


def test_what_was_told_before_has_no_values(tmp_path: Path) -> None:
    """It stays as it is: what is held against it has no data until it is told once more."""
    path = tmp_path / "w.db"
    with Database(sqlite3.connect(path, isolation_level=None), path) as store, store.atomic():
        of_old(store, "m019_told_with")
        product, *_ = with_products(store)
        store.execute(
            "INSERT INTO told (rule, product, channel, alert, told_at, resolved_told) "
            "VALUES ('r', ?, 'me', 7, ?, 0)",
            (product, START),
        )
    with Database.open(path) as store:
        (entry,) = store.alerts.told("r", [product], with_values=True)
        assert (entry.alert, entry.told_at, entry.told_with) == (7, START, None)
