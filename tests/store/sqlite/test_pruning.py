"""Pruning: what goes, what stays, in which steps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np

from tests.store.making import DAY, SALES, START, firing, scan, told_of, with_products
from watcher.alert import AlertState, NotificationLogEntry
from watcher.message import Message
from watcher.model import Doubt, ScanState, Severity
from watcher.store.records import Transition
from watcher.store.sqlite.database import Database
from watcher.store.sqlite.pruning import SqlitePruner
from watcher.units import format_instant

MESSAGE = Message("operator", "t", Severity.INFO, START)


def _prune(store: Database, observations: int, notifications: int = 0, step: int = 7) -> int:
    """Prunes in small steps to the end; how many it took."""
    steps = 1
    while store.pruner.step(observations, notifications, rows=step).more:
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


def test_each_watch_keeps_its_newest_complete_scan(store: Database) -> None:
    """What came after it was cut off or failed: absences are proved against the complete one."""
    store.history.record(scan(START, {"1": 1, "2": 1}, watch="old"))
    store.history.record(scan(START + DAY, {"1": 1, "2": 1}, watch="old"))
    store.history.record(scan(START + 2 * DAY, {"1": 1}, watch="old", state=ScanState.PARTIAL))
    store.history.record(scan(START + 3 * DAY, {}, watch="old", state=ScanState.FAILED))
    store.history.record(scan(START + 4 * DAY, {}, watch="old", state=ScanState.FAILED))
    _prune(store, START + 900 * DAY)
    assert [each.at for each in store.history.scans("old")] == [START + 4 * DAY, START + DAY]
    last = store.history.last_complete("old")
    assert last is not None
    assert last.at == START + DAY


def test_what_is_noted_of_a_scan_goes_with_it(store: Database) -> None:
    """What is doubted of it, that it jumped, how deep it was read; and the texts of before."""
    noted = ("doubts", "jumps", "depths", "former_texts")

    def see(day: int, name: str) -> None:
        """Three scans of a day, of each kind one."""
        at = START + day * DAY
        store.history.record(replace(scan(at, {"1": 1}), doubt=Doubt("a gap", at)))
        jumped = store.history.record(scan(at + 1, {"1": 9}, names={"1": name}))
        store.jumps.doubt(jumped.scan_id)
        page = {str(n): 1.0 for n in range(1, 11)}
        store.history.record(scan(at + 2, page, state=ScanState.PARTIAL))

    store.history.record(scan(START - DAY, {"1": 1}))
    for day in (0, 90):
        see(day, f"name of day {day}")
    before = [store.number(f"SELECT count(*) FROM {table}") for table in noted]
    _prune(store, START + 60 * DAY)
    after = [store.number(f"SELECT count(*) FROM {table}") for table in noted]
    assert (before, after) == ([2, 2, 2, 4], [1, 1, 1, 2])


def test_old_records_go_and_live_ones_stay(store: Database) -> None:
    """Finished notifications with tries and message, ended alerts with transitions, told."""
    one, two, three = with_products(store)
    inactive = AlertState.INACTIVE
    ended = msgspec.structs.replace(firing("r", one), state=inactive, resolved_at=START + 1)
    old, live, late = store.alerts.save(
        [
            ended,
            firing("r", two),
            msgspec.structs.replace(ended, product=three, resolved_at=START + 5 * DAY),
        ]
    )
    store.alerts.record(
        Transition(alert.id, START, inactive, AlertState.FIRING) for alert in (old, live, late)
    )
    store.alerts.mark_told(
        NotificationLogEntry("r", alert.product, "me", alert.id, START)
        for alert in (old, live, late)
    )
    sent, waiting = store.outbox.add("me", ["a/1", "b/1"], MESSAGE, START)
    store.outbox.sent(sent, START + 1)
    (dead,) = store.outbox.add("me", ["a/1"], MESSAGE, START)
    store.outbox.dead(dead, START + 2, "404")
    _prune(store, START, START + DAY, step=1)
    assert {row.alert.id for row in store.alerts.list()} == {live.id, late.id}
    assert store.alerts.transitions(old.id) == []
    assert [told.product for told in told_of(store, ["r"])] == [two]
    assert [row.id for row in store.outbox.list()] == [waiting]
    assert store.number("SELECT count(*) FROM messages") == 1
    assert store.number("SELECT count(*) FROM tries") == 0


def test_space_is_given_back(tmp_path: Path) -> None:
    """The file shrinks, and the store is sound after it."""
    with Database.open(tmp_path / "w.db") as store:
        for day in range(60):
            store.history.record(scan(START + day * DAY, {str(n): n + day for n in range(100)}))
        before = store.upkeep.stats()
        _prune(store, START + 59 * DAY, step=500)
        after = store.upkeep.stats()
        assert after.bytes < before.bytes / 2.5  # each empty table takes a page or two
        assert after.free == 0
        assert (before.observations, after.observations) == (6_000, 200)
        assert store.upkeep.check() == ()


def test_a_slow_disk_gets_smaller_steps(store: Database) -> None:
    """A step that held the lock too long is halved, down to a few rows; a quick one doubled."""
    for day in range(30):
        store.history.record(scan(START + day * DAY, {str(n): n + day for n in range(100)}))
    elapsed = iter(range(10_000))
    slow = SqlitePruner(store, clock=lambda: float(next(elapsed)))
    steps = [slow.step(START + 20 * DAY, 0) for _ in range(8)]
    assert [step.rows for step in steps] == [500, 250, 125, 62, 31, 15, 10, 10]
    assert {step.seconds for step in steps} == {1.0}
    quick = SqlitePruner(store, clock=lambda: 0.0)
    rows = []
    while (step := quick.step(START + 20 * DAY, 0)).more:
        rows.append(step.rows)
    assert rows[:2] == [500, 397]
    assert store.number("SELECT count(*) FROM observations") == 1_100


def test_others_write_between_the_steps(tmp_path: Path) -> None:
    """A second connection that waits for no lock at all gets in after every step."""
    path = tmp_path / "w.db"
    with Database.open(path) as store, Database.open(path, timeout=0) as other:
        for day in range(30):
            store.history.record(scan(START + day * DAY, {str(n): n + day for n in range(50)}))
        writes = 0
        while store.pruner.step(START + 29 * DAY, 0, rows=50).more:
            other.ledger.charge("w", 1, START)
            writes += 1
        assert writes > 20
        assert other.ledger.spent(START).day == writes


def test_credits_outlive_a_month(store: Database) -> None:
    """The caps of a month that began before the limit are reckoned by them: 31 days stay."""
    for ago in (0, 1, 30, 31, 32, 400):
        store.ledger.charge("w", 1, START - ago * DAY)
    _prune(store, START)
    kept = [day for (day,) in store.rows("SELECT day FROM credits ORDER BY day DESC")]
    assert kept == [format_instant(START - ago * DAY)[:10] for ago in (0, 1, 30, 31)]


def test_ids_that_were_taken_out_are_forgotten(store: Database) -> None:
    """With the last scan of a time when they were asked for; those that are asked for stay."""
    for day, asked in enumerate(("ab", "a", "a", "a")):
        made = scan(START + day * DAY, {"a": 1}, ranked=False)
        store.history.record(replace(made, asked=tuple(asked), of_market=False))
    _prune(store, START)
    assert {each for (each,) in store.rows("SELECT product_id FROM asked")} == {"a", "b"}
    _prune(store, START + 3 * DAY)
    assert {each for (each,) in store.rows("SELECT product_id FROM asked")} == {"a"}
