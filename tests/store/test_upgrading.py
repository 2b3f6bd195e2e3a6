"""A database of an older version, with messages on their way."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from tests.store.making import START, with_products
from watcher.store import migrations
from watcher.store.database import Database

_NOTIFY = (
    "INSERT INTO notifications (id, message, channel, target, state, created, next_try, tries) "
    "VALUES (?, ?, 'me', ?, ?, ?, ?, 0)"
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
        migrations.migrations.apply(store.db, stop_before="m006_joining")
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
        gists = [each.gist for each in store.backlog.messages("me/1")]
        assert [gist.cause for gist in gists] == ["", "key refused", "watch a: fails"]
    assert (tmp_path / "w.db.before-m006_joining").exists()
