"""Pruning, backup, figures, check."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.store.making import DAY, SALES, START, firing, scan, with_products
from watcher.errors import StoreError
from watcher.model import AlertState, Message, Severity, Told
from watcher.store.alerts import Transition
from watcher.store.database import Database

MESSAGE = Message("operator", "t", Severity.INFO, START)


def _prune(store: Database, observations: int, notifications: int = 0, step: int = 7) -> int:
    """Prunes in small steps to the end; how many it took."""
    steps = 1
    while store.upkeep.prune(observations, notifications, step=step):
        steps += 1
        assert steps < 500
    return steps


def test_the_row_in_force_at_the_limit_stays(store: Database) -> None:
    """One that changes daily, one that never did, one long gone: all keep their newest value."""
    for day in range(30):
        products = {"daily": float(day), "never": 1.0} | ({"gone": float(day)} if day < 5 else {})
        recorded = store.history.record(scan(START + day * DAY, products))
    limit = START + 20 * DAY
    assert _prune(store, limit) > 1
    at = store.rows("SELECT p.product_id, min(o.at), count(*) FROM observations AS o "
                    "JOIN products AS p ON p.id = o.product GROUP BY 1")  # fmt: skip
    days = {name: ((first - START) // DAY, count) for name, first, count in at}
    assert days == {"daily": (19, 11), "never": (0, 1), "gone": (4, 1)}
    assert store.number("SELECT count(*) FROM scans") == 10
    last = store.history.last("w", recorded.scan_id, recorded.products, [SALES])
    assert last.values[:, 0].tolist() == [28, 1]
    ago = store.history.ago("w", recorded.products, limit, limit, [SALES])
    assert ago.values[:, 0].tolist() == [20, 1]
    assert store.history.facts(recorded.products.tolist()).keys() == set(recorded.products.tolist())


def test_pruned_is_no_data(store: Database) -> None:
    """A product that comes back after longer than is kept has no baseline, and is not new."""
    store.history.record(scan(START, {"1": 1, "2": 1}))
    for day in range(1, 4):
        store.history.record(scan(START + day * DAY, {"2": day}))
    _prune(store, START + 2 * DAY)
    back = store.history.record(scan(START + 4 * DAY, {"1": 2, "2": 5}))
    last = store.history.last("w", back.scan_id, back.products, [SALES, "rank"])
    expected = np.array([[np.nan, np.nan], [3, 1]])
    assert np.array_equal(last.values, expected, equal_nan=True)
    assert last.at.tolist() == [0, START + 3 * DAY]
    assert back.first_seen.tolist() == [False, False]


def test_each_watch_keeps_its_newest_scan(store: Database) -> None:
    """Or its timer would buy anew what is not due; and it has had a complete one."""
    store.history.record(scan(START, {"1": 1}, watch="paused"))
    store.history.record(scan(START + 1, {"1": 1}))
    _prune(store, START + 900 * DAY)
    last = store.history.last_complete("paused")
    assert last is not None
    assert last.at == START
    assert store.history.record(scan(START + 999 * DAY, {"1": 1}, watch="paused")).had_complete


def test_old_records_go_and_live_ones_stay(store: Database) -> None:
    """Finished notifications with tries and message, ended alerts with transitions, told."""
    one, two, three = with_products(store)
    inactive = AlertState.INACTIVE
    ended = replace(firing("r", one), state=inactive, resolved_at=START + 1)
    old, live, late = store.alerts.save(
        [ended, firing("r", two), replace(ended, product=three, resolved_at=START + 5 * DAY)]
    )
    store.alerts.record(
        Transition(alert.id, START, inactive, AlertState.FIRING) for alert in (old, live, late)
    )
    store.alerts.mark_told(
        Told("r", alert.product, "me", alert.id, START) for alert in (old, live, late)
    )
    sent, waiting = store.outbox.add("me", ["a/1", "b/1"], MESSAGE, START)
    store.outbox.sent(sent, START + 1)
    (dead,) = store.outbox.add("me", ["a/1"], MESSAGE, START)
    store.outbox.dead(dead, START + 2, "404")
    _prune(store, START, START + DAY, step=1)
    assert {row.alert.id for row in store.alerts.list()} == {live.id, late.id}
    assert store.alerts.transitions(old.id) == []
    assert [told.product for told in store.alerts.told_of(["r"])] == [two]
    assert [row.id for row in store.outbox.list()] == [waiting]
    assert store.number("SELECT count(*) FROM messages") == 1
    assert store.number("SELECT count(*) FROM tries") == 0


def test_space_is_given_back(tmp_path: Path) -> None:
    """The file shrinks, and the store is sound after it."""
    with Database.open(tmp_path / "w.db") as store:
        for day in range(40):
            store.history.record(scan(START + day * DAY, {str(n): n + day for n in range(100)}))
        before = store.upkeep.stats()
        _prune(store, START + 39 * DAY, step=500)
        after = store.upkeep.stats()
        assert after.bytes < before.bytes / 3
        assert after.free == 0
        assert (before.observations, after.observations) == (4_000, 200)
        assert store.upkeep.check() == ()


def test_stats_of_an_empty_store(store: Database) -> None:
    """Nothing yet is no error."""
    stats = store.upkeep.stats()
    assert (stats.products, stats.scans, stats.oldest, stats.newest) == (0, 0, None, None)


@pytest.mark.parametrize("readonly", [True, False])
def test_backup_while_in_use(tmp_path: Path, *, readonly: bool) -> None:
    """From either kind of connection, even inside a transaction; a second one replaces it."""
    with Database.open(tmp_path / "w.db") as store:
        store.history.record(scan(START, {"1": 1}))
        copy = tmp_path / "copy 'x'.db"
        for _ in range(2):
            with Database.open(tmp_path / "w.db", readonly=readonly) as other, other.snapshot():
                other.upkeep.backup(copy)
        store.history.record(scan(START + 1, {"1": 2}))
    with Database.open(copy) as restored:
        assert len(restored.history.scans()) == 1
        assert restored.number("PRAGMA auto_vacuum") == 2
        assert restored.upkeep.check() == ()
    assert not list(tmp_path.glob("*.part"))


def test_backup_replaces_nothing_else(tmp_path: Path) -> None:
    """A file that is no backup of ours stays; a folder that is not there is an error."""
    other = tmp_path / "letters.db"
    with closing(sqlite3.connect(other)) as conn:
        conn.execute("CREATE TABLE letters (text)")
    note = tmp_path / "note.txt"
    note.write_text("mine")
    with Database.open(tmp_path / "w.db") as store:
        for target in (other, note):
            with pytest.raises(StoreError, match="not replaced"):
                store.upkeep.backup(target)
        with pytest.raises(StoreError, match=r"can.t be opened|unable to open"):
            store.upkeep.backup(tmp_path / "nowhere" / "copy.db")
    assert note.read_text() == "mine"
