"""Marks of what changes: each change is seen, as of its kind, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from tests.store.making import DAY, START, firing, scan
from watcher.alert import AlertState
from watcher.incident import Incident, IncidentKind
from watcher.incidents.operator import Operator
from watcher.message import Message
from watcher.model import Severity
from watcher.store.records import Transition
from watcher.store.sql.news import KINDS, SQL
from watcher.store.sqlite.database import Database

MESSAGE = Message("test", "Title", Severity.INFO, START, text="x")


def _fire(store: Database) -> None:
    (alert,) = store.alerts.save([firing("r", 1)])
    store.alerts.record([Transition(alert.id, START, AlertState.INACTIVE, AlertState.FIRING)])


def _end(store: Database) -> None:
    (alert,) = store.alerts.live(["r"])
    store.alerts.save([replace(alert, state=AlertState.INACTIVE, resolved_at=START + DAY)])
    store.alerts.record([Transition(alert.id, START, AlertState.FIRING, AlertState.INACTIVE)])


def _end_silence(store: Database) -> None:
    assert store.silences.end(1, START + 60)


def _incident(store: Database) -> None:
    Operator(store, [], START).begin(Incident(IncidentKind.RULE_FILE).with_details(text="broken"))


def _incident_over(store: Database) -> None:
    Operator(store, [], START + 60).end(Incident(IncidentKind.RULE_FILE))


# In this order, one after the other: what is done, and the kinds of it.
CHANGES: list[tuple[Callable[[Database], object], set[str]]] = [
    (lambda store: store.history.record(scan(START, {"1": 5.0})), {"scans"}),
    (lambda store: store.history.record(scan(START + DAY, {"1": 5.0})), {"scans"}),
    (lambda store: store.followed.add(["1"], START), {"scans"}),
    (_fire, {"alerts"}),
    (_end, {"alerts"}),
    (lambda store: store.silences.add(begins=START, ends=START + DAY, rule="r"), {"alerts"}),
    (_end_silence, {"alerts"}),
    (lambda store: store.outbox.add("me", ["me/1", "me/2"], MESSAGE, START), {"messages"}),
    (lambda store: store.outbox.sent(1, START, "200"), {"messages"}),
    (lambda store: store.outbox.dead(2, START, "404"), {"messages"}),
    (lambda store: store.outbox.retry([2], START + 9), {"messages"}),
    (lambda store: store.outbox.drop([2], START + 9), {"messages"}),
    (lambda store: store.health.failing("watch", "w", "503", START), {"health"}),
    (lambda store: store.health.ok("watch", "w", START), {"health"}),
    (_incident, {"health"}),
    (_incident_over, {"health"}),
]


def test_each_change_is_seen(store: Database) -> None:
    """As of its kind, and of no other; where nothing changed, nothing is."""
    before = store.news.marks()
    assert tuple(before) == KINDS
    for number, (change, kinds) in enumerate(CHANGES):
        assert store.news.marks() == before
        change(store)
        after = store.news.marks()
        changed = {kind for kind in KINDS if after[kind] != before[kind]}
        assert changed - ({"messages"} if "health" in kinds else set()) == kinds, number
        before = after


@pytest.mark.sqlite
def test_no_table_that_grows_is_read(store: Database) -> None:
    """It is asked for every other second: only ends of indexes, and what never is much."""
    few = ("silences", "followed", "causes", "health")
    steps = [str(row[-1]) for row in store.rows(f"EXPLAIN QUERY PLAN {SQL}")]
    read = [each for each in steps if each.startswith("SCAN ") and "CONSTANT" not in each]
    assert {each.split()[1] for each in read} == {*few}
    assert len([each for each in steps if each.startswith("SEARCH ")]) == 10
