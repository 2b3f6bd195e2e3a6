"""Pruning a book on a server: what goes, what stays, and months that are given back whole."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import psycopg
import pytest

from tests.store.making import DAY, SALES, START, scan
from tests.store.postgres.stores import months, opened
from watcher.message import Message
from watcher.model import Severity
from watcher.store.postgres import pruning
from watcher.store.postgres.database import PostgresDatabase
from watcher.store.records import Pruned

MESSAGE = Message("operator", "t", Severity.INFO, START)


@pytest.fixture
def store(postgres_url: str) -> Iterator[PostgresDatabase]:
    """A new book."""
    with opened(postgres_url) as made:
        yield made


def prune(store: PostgresDatabase, observations: int, notifications: int = 0) -> list[Pruned]:
    """To the end, in small steps."""
    steps = [store.pruner.step(observations, notifications, rows=7)]
    while steps[-1].more:
        steps.append(store.pruner.step(observations, notifications, rows=7))
        assert len(steps) < 500
    return steps


def test_what_is_in_force_stays_and_empty_months_go(store: PostgresDatabase) -> None:
    """One that changes daily, one that never did, one long gone: all keep their newest value. The
    month that nobody needs is no more, its neighbours are."""
    for day in range(90):  # from November to February
        gone = {"gone": float(day)} if 20 <= day < 40 else {}
        products = {"daily": float(day), "never": 1.0} | gone
        recorded = store.history.record(scan(START + day * DAY, products))
    assert months(store) == [f"observations_{each}" for each in
                             ("2023_11", "2023_12", "2024_01", "2024_02")]  # fmt: skip
    limit = START + 80 * DAY
    steps = prune(store, limit)
    rows = store.rows("SELECT p.product_id, min(o.at), count(*) FROM observations AS o "
                      "JOIN products AS p ON p.id = o.product GROUP BY 1 ORDER BY 1")  # fmt: skip
    days = {name: ((first - START) // DAY, count) for name, first, count in rows}
    assert days == {"daily": (79, 11), "gone": (39, 1), "never": (0, 1)}
    assert store.number("SELECT count(*) FROM scans") == 10
    last = store.history.last("w", recorded.scan_id, recorded.products, [SALES])
    assert last.values[:, 0].tolist() == [88, 1]
    ago = store.history.ago("w", recorded.products, limit, limit, [SALES])
    assert ago.values[:, 0].tolist() == [80, 1]
    assert not store.upkeep.check()
    # December has the one that is gone, November the one that never changed.
    assert months(store) == [f"observations_{each}" for each in ("2023_11", "2023_12", "2024_02")]
    assert sum(step.given_back > 0 for step in steps) == 1
    assert prune(store, limit)[-1].given_back == 0
    assert len(months(store)) == 3


def test_a_month_that_somebody_reads_stays_for_now(store: PostgresDatabase) -> None:
    """Nobody waits long for it to go: next time it does."""
    for day in (0, 40, 80):
        store.history.record(scan(START + day * DAY, {"1": float(day)}))
    with opened(store.server.url) as reader:
        with reader.snapshot():
            assert reader.rows("SELECT count(*) FROM observations") == [(3,)]
            assert not any(step.given_back for step in prune(store, START + 80 * DAY))
            assert reader.rows("SELECT count(*) FROM observations") == [(3,)]
        assert len(months(store)) == 3
        assert any(step.given_back for step in prune(store, START + 80 * DAY))
        assert months(store) == ["observations_2023_12", "observations_2024_02"]
        assert reader.rows("SELECT count(*) FROM observations") == [(2,)]


def test_a_pruned_month_can_come_back(store: PostgresDatabase) -> None:
    """The clock is set back: its observations find a place."""
    store.history.record(scan(START, {"1": 1.0}))
    store.history.record(scan(START + 80 * DAY, {"1": 2.0}))
    prune(store, START + 81 * DAY)
    assert months(store) == ["observations_2024_02"]
    late = store.history.record(scan(START + 1, {"1": 3.0}, watch="v"))
    last = store.history.last("v", late.scan_id, late.products, [SALES])
    assert np.isnan(last.values[0, 0])
    assert store.history.facts([1])[1].numbers[SALES] == 3


def test_old_messages_go_with_their_tries(store: PostgresDatabase) -> None:
    """What is finished goes, what waits stays; ids that were used are not used again."""
    done, waits = (
        store.outbox.add("me", ["me/1"], MESSAGE, START + turn * DAY)[0] for turn in range(2)
    )
    store.outbox.sent(done, START + 5)
    prune(store, 0, START + DAY)
    assert store.rows("SELECT id FROM notifications") == [(waits,)]
    assert store.number("SELECT count(*) FROM tries") == 0
    assert store.number("SELECT count(*) FROM messages") == 1
    (third,) = store.outbox.add("me", ["me/1"], MESSAGE, START + 2 * DAY)
    assert third > waits
    assert store.upkeep.ever()["notifications"] == third


def test_a_step_is_short_while_another_reads(store: PostgresDatabase) -> None:
    """Whoever reads sees one state, whatever is removed meanwhile."""
    for day in range(9):
        store.history.record(scan(START + day * DAY, {"1": float(day)}))
    with opened(store.server.url) as reader, reader.snapshot():
        before = reader.rows("SELECT id FROM observations ORDER BY id")
        prune(store, START + 8 * DAY)
        assert reader.rows("SELECT id FROM observations ORDER BY id") == before
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            reader.conn.execute("DELETE FROM observations")


def test_a_month_of_which_little_is_left_is_written_anew(
    store: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No new row would ever use its room; what is in force in it stays."""
    monkeypatch.setattr(pruning, "_SMALL", 200_000)
    many = {str(number): 1.0 for number in range(2_000)}
    store.history.record(scan(START, many | {"gone": 5.0}))
    store.history.record(scan(START + 60 * DAY, dict.fromkeys(many, 2.0)))
    store.history.record(scan(START + 90 * DAY, dict.fromkeys(many, 3.0)))
    before = store.upkeep.sizes().bytes
    steps = [store.pruner.step(START + 80 * DAY, 0)]
    while steps[-1].more:
        steps.append(store.pruner.step(START + 80 * DAY, 0))
    given_back = [step.given_back for step in steps if step.given_back]
    assert len(given_back) == 1
    assert before - store.upkeep.sizes().bytes >= given_back[0] > 200_000
    assert store.rows("SELECT o.at FROM observations AS o JOIN products AS p ON p.id = o.product "
                      "WHERE p.product_id = 'gone'") == [(START,)]  # fmt: skip
    assert store.value("SHOW lock_timeout") == "30s"
    assert store.upkeep.check() == ()
    assert not store.pruner.step(START + 80 * DAY, 0).given_back
