"""Live alerts as columns: the same as one by one."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from tests.store.making import DAY, START, firing, pending, with_products
from watcher.alert import AlertState, NotificationLogEntry
from watcher.store.sql import connection
from watcher.store.sqlite.database import Database


@pytest.fixture(autouse=True)
def few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read at a time, so that it is read in several parts."""
    monkeypatch.setattr(connection, "_FETCHED", 2)


def test_columns_are_the_alerts(store: Database) -> None:
    """Rule by rule in the order asked for, the oldest first, and no rule that was not asked for."""
    one, two, three = with_products(store)
    store.alerts.save(
        [
            firing("b", three),
            replace(pending("a", two), absent=1),
            replace(firing("b", one), carried=True, last_met=START + 7),
            firing("other", one),
            replace(firing("a", one), state=AlertState.INACTIVE, resolved_at=START),
            pending("a", one),
        ]
    )
    columns = store.alerts.columns(["b", "none", "a"])
    assert len(columns) == 4
    assert [columns.of(number) for number in range(3)] == [slice(0, 2), slice(2, 2), slice(2, 4)]
    expected = [*store.alerts.live(["b"]), *store.alerts.live(["a"])]
    assert list(columns.alerts(slice(0, 4), np.arange(4) >= 0)) == expected
    assert list(columns.alerts(slice(1, 4), np.arange(4) % 2 == 1)) == [expected[1], expected[3]]


def test_no_alerts(store: Database) -> None:
    """Of no rules, and of rules that have none."""
    for names in ([], ["a", "b"]):
        columns = store.alerts.columns(names)
        assert len(columns) == 0
        assert len(store.alerts.heard_at(columns, "me")) == 0
        assert list(columns.alerts(slice(0, 0), np.zeros(0, np.bool_))) == []


def test_when_a_channel_heard_of_each(store: Database) -> None:
    """Of that very alert: not of an earlier one, not of another rule, by no other channel."""
    one, two, three = with_products(store)
    (old,) = store.alerts.save([firing("r", three)])
    store.alerts.save([replace(old, state=AlertState.INACTIVE, resolved_at=START)])
    first, second, third, other = store.alerts.save(
        [firing("r", two), firing("r", one), firing("r", three), firing("q", one)]
    )
    store.alerts.mark_told(
        [
            NotificationLogEntry("r", two, "me", first.id, START + DAY),
            NotificationLogEntry("r", one, "boss", second.id, START + 2 * DAY),
            NotificationLogEntry("r", three, "me", old.id, START + 3 * DAY),
            NotificationLogEntry("q", one, "me", other.id, START + 4 * DAY),
        ]
    )
    columns = store.alerts.columns(["r", "q"])
    assert columns.ids.tolist() == [first.id, second.id, third.id, other.id]
    assert store.alerts.heard_at(columns, "me").tolist() == [START + DAY, -1, -1, START + 4 * DAY]
    assert store.alerts.heard_at(columns, "boss").tolist() == [-1, START + 2 * DAY, -1, -1]
