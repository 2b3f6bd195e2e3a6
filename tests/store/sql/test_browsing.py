"""Leafing through what is stored, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from msgspec.structs import replace

from tests.store.making import DAY, START, firing, pending, raw, with_products
from watcher.alert import Alert, AlertState
from watcher.message import Message, NotificationState
from watcher.model import Severity
from watcher.store.records import Row
from watcher.store.sqlite.database import Database


def over(rule: str, product: int, at: int) -> Alert:
    """An alert that has ended."""
    return Alert(
        0, rule, product, AlertState.INACTIVE, at, at, fired_at=at, resolved_at=at + 1, reason="x"
    )


def test_live_alerts_by_when_they_began(store: Database) -> None:
    """The newest in their state first; pages join without a gap or a repeat."""
    keys = with_products(store, 5)
    made = store.alerts.save(
        [firing("a", key, START + order) for key, order in zip(keys, (3, 1, 5, 1, 2), strict=True)]
        + [pending("b", keys[0], START), over("a", keys[0], START)]
    )
    expected = [made[index].id for index in (2, 0, 4, 3, 1)]
    assert store.browsing.live_alerts(AlertState.FIRING) == expected
    pages: list[int] = []
    while page := store.browsing.live_alerts(
        AlertState.FIRING, before=pages[-1] if pages else None, limit=2
    ):
        pages += page
    assert pages == expected
    assert store.browsing.live_alerts(AlertState.PENDING) == [made[5].id]
    assert store.browsing.live_alerts(AlertState.FIRING, "b") == []
    assert store.browsing.live_counts("a") == {"firing": 5}


def test_past_alerts_and_those_of_a_product(store: Database) -> None:
    """By id, of one rule or of all."""
    first, second, *_ = with_products(store)
    ended = [over("a", first, START), over("b", first, START), over("a", second, START)]
    made = store.alerts.save([*ended, firing("c", first, START)])
    ids = [each.id for each in made]
    assert store.browsing.past_alerts() == [ids[2], ids[1], ids[0]]
    assert store.browsing.past_alerts("a") == [ids[2], ids[0]]
    assert store.browsing.past_alerts("a", before=ids[2]) == [ids[0]]
    assert store.browsing.alerts_of_product(first) == [ids[3], ids[1], ids[0]]
    shown = store.alerts.shown([ids[1], 99, ids[3]])
    assert [row.alert.id for row in shown] == [ids[1], ids[3]]


def test_notifications(store: Database) -> None:
    """By state, and those of a rule by the time of their data."""

    def message(rule: str, at: int) -> Message:
        return Message("alerts", rule, Severity.INFO, at, rule=rule, data_at=at)

    late = store.outbox.add("me", ["me/1", "me/2"], message("a", START + DAY), START)
    early = store.outbox.add("me", ["me/1"], message("a", START), START)
    other = store.outbox.add("me", ["me/1"], message("b", START), START)
    store.outbox.dead(late[1], START, "gone")
    assert store.browsing.notifications() == [*other, *early, *reversed(late)]
    assert store.browsing.notifications(before=early[0], limit=1) == [late[1]]
    assert store.browsing.notifications(NotificationState.DEAD) == [late[1]]
    assert store.browsing.notifications_of_rule("a") == [*late, *early]


def test_products(store: Database) -> None:
    """By id, or else by a part of the name."""
    with_products(store, 12)
    assert store.browsing.products("1") == [("US", "1", "Product 1")]
    assert len(store.browsing.products("product 1")) == 4
    assert store.browsing.products("serum") == []


def test_what_fires_on_products_and_watches(store: Database) -> None:
    """Counts, by product and by watch, and the rules; what is pending or over is none of it."""
    first, second, third = with_products(store)
    made = [firing("b", first, START), firing("a", first, START), firing("a", second, START)]
    store.alerts.save([*made, pending("c", third, START), over("a", third, START)])
    keys = np.array([third, first, 99, second], np.int64)
    assert store.browsing.firing_on(keys).tolist() == [0, 2, 0, 1]
    assert store.browsing.firing_on(keys[:0]).tolist() == []
    assert store.browsing.rules_firing_on(keys.tolist()) == {first: ("a", "b"), second: ("a",)}
    assert store.browsing.rules_firing_on([third]) == {}
    assert store.browsing.rules_firing_on([]) == {}
    watched = [replace(firing("d", key, START), watch="w") for key in (first, third)]
    store.alerts.save(watched)
    assert store.browsing.firing_by_watch() == {"w": 2}


def test_nothing_fires(store: Database) -> None:
    """Not even on a product that is there."""
    keys = np.array(with_products(store), np.int64)
    assert store.browsing.firing_on(keys).tolist() == [0, 0, 0]
    assert store.browsing.firing_by_watch() == {}


def test_what_fired_last_lives_or_is_over(store: Database) -> None:
    """In the order of both together; what never fired is none of it."""
    first, second, *_ = with_products(store)
    made = store.alerts.save(
        [
            over("a", first, START),
            firing("a", first, START + 1),
            over("b", first, START + 2),
            over("a", second, START + 3),
            firing("b", second, START + 4),
            pending("a", second, START + 5),
        ]
    )
    ids = [each.id for each in made]
    asked = store.browsing.fired_alerts
    assert asked(None) == asked(["a", "b", "c"]) == [ids[row] for row in (4, 3, 2, 1, 0)]
    assert asked(None, 2) == asked(["a", "b"], 2) == [ids[4], ids[3]]
    assert asked(["a"], 2) == [ids[3], ids[1]]
    assert asked(["b"]) == [ids[4], ids[2]]


def test_what_ends_meanwhile_is_there_once(
    store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one looks for what fires and for what is over, a daemon goes on."""
    first, *_ = with_products(store)
    (made,) = store.alerts.save([firing("a", first, START)])
    database, rows = raw(store), raw(store).rows

    def slowly(sql: str, values: Sequence[object] = ()) -> list[Row]:
        found = rows(sql, values)
        database.execute("UPDATE alerts SET state = 'inactive', resolved_at = ?", (START + 60,))
        return found

    monkeypatch.setattr(database, "rows", slowly)
    assert store.browsing.fired_alerts(None) == [made.id]
