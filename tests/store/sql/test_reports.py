"""The times of reports that were dealt with, and what was delivered since."""

from __future__ import annotations

from tests.store.making import START
from watcher.message import Message
from watcher.model import Severity
from watcher.store.ports import Store
from watcher.store.sql.operations import ReportState


def test_states(store: Store) -> None:
    """Begun, told, skipped; begun anew what was told is still known; forgotten."""
    reports = store.reports
    reports.begin("a", "x", START)
    reports.begin("b", "x", START)
    assert reports.states()["a"] == ReportState("a", "x", START)
    assert reports.states()["a"].after == START
    reports.told("a", START + 5, START + 9)
    reports.skipped("b", START + 6)
    assert reports.states() == {
        "a": ReportState("a", "x", START, START + 5, START + 9),
        "b": ReportState("b", "x", START, START + 6, None, START + 6),
    }
    assert reports.states()["a"].after == START + 5
    reports.begin("a", "y", START + 20)
    assert reports.states()["a"] == ReportState("a", "y", START + 20, START + 5, START + 9)
    assert reports.states()["a"].after == START + 20
    reports.forget(["a", "none"])
    assert [*reports.states()] == ["b"]


def test_alerts_delivered(store: Store) -> None:
    """Each message once, by when the first target took it."""
    message = Message("alerts", "", Severity.INFO, START, alerts={"firing": (1, 2)})
    first, second = store.outbox.add("me", ["me/1", "me/2"], message, START)
    assert [*store.outbox.alerts_delivered(0, START + 99)] == []
    store.outbox.sent(first, START + 10, "ok")
    store.outbox.sent(second, START + 30, "ok")
    found = [
        [*store.outbox.alerts_delivered(since, until)]
        for since, until in ((START, START + 10), (START + 10, START + 40), (START, START + 9))
    ]
    assert found == [[{"firing": (1, 2)}], [], []]
