"""Notifications: queued, tried, sent, dead, retried, dropped."""

from __future__ import annotations

import pytest

from tests.store.making import START
from watcher.message import Item, Message, NotificationState
from watcher.model import Severity
from watcher.store.records import Try
from watcher.store.sqlite.database import Database

WAITING, SENT = NotificationState.WAITING, NotificationState.SENT
DEAD, DROPPED = NotificationState.DEAD, NotificationState.DROPPED
JOINED = NotificationState.JOINED

MESSAGE = Message(
    "alerts", "Title", Severity.WARNING, START, rule="r", more=("x",),
    items=(Item("A1", "firing", "US", "1", "Name 🎃", START, facts={"price": None, "rank": 2.0}),),
)  # fmt: skip


def _state(store: Database, notification: int) -> NotificationState:
    found = store.outbox.get(notification)
    assert found is not None
    return found.state


def test_a_row_for_each_target(store: Database) -> None:
    """One message is stored once and shared; it comes back as it was."""
    ids = store.outbox.add("growth", ["growth/1", "growth/2"], MESSAGE, START)
    assert store.number("SELECT count(*) FROM messages") == 1
    found = store.outbox.get(ids[1])
    assert found is not None
    assert (found.channel, found.target, found.state) == ("growth", "growth/2", WAITING)
    assert (found.created, found.next_try, found.tries, found.first_try) == (START, START, 0, None)
    assert found.message == MESSAGE
    assert store.outbox.get(99) is None
    assert store.outbox.add("empty", [], MESSAGE, START) == []
    assert store.number("SELECT count(*) FROM messages") == 1


def test_not_before_a_time(store: Database) -> None:
    """It waits from the beginning, and what comes after it keeps its place behind."""
    first, *_ = store.outbox.add("me", ["me/1"], MESSAGE, START, not_before=START + 50)
    store.outbox.add("me", ["me/1"], MESSAGE, START + 1)
    found = store.outbox.next_for("me/1")
    assert found is not None
    assert (found.id, found.created, found.next_try) == (first, START, START + 50)


def test_a_target_is_served_in_order(store: Database) -> None:
    """The oldest comes first even while it waits for a later try."""
    first, other = store.outbox.add("growth", ["growth/1", "growth/2"], MESSAGE, START)
    (second,) = store.outbox.add("growth", ["growth/1"], MESSAGE, START + 1)
    store.outbox.failed(first, START + 2, "503", START + 12)
    head = store.outbox.next_for("growth/1")
    assert head is not None
    assert (head.id, head.next_try, head.tries, head.first_try) == (first, START + 12, 1, START + 2)
    assert (head.error, head.finished) == ("503", None)
    assert [n.id for n in store.outbox.waiting_for("growth/1")] == [first, second]
    assert store.outbox.due_targets(START) == [("growth/2", START, 1), ("growth/1", START + 12, 2)]
    store.outbox.sent(first, START + 12)
    store.outbox.sent(other, START + 12)
    assert store.outbox.due_targets(START) == [("growth/1", START + 1, 1)]
    assert store.outbox.next_for("nobody") is None


def test_every_try_is_kept(store: Database) -> None:
    """Failed, failed, sent: three rows, and the error is gone at the end."""
    (one,) = store.outbox.add("me", ["me/1"], MESSAGE, START)
    store.outbox.failed(one, START + 1, "timeout", START + 11)
    store.outbox.failed(one, START + 11, "500", START + 31)
    store.outbox.sent(one, START + 31, "200 OK")
    found = store.outbox.get(one)
    assert found is not None
    assert (found.state, found.tries, found.error) == (SENT, 3, None)
    assert (found.first_try, found.finished) == (START + 1, START + 31)
    assert store.outbox.tries(one) == [
        Try(START + 1, "failed", "timeout"),
        Try(START + 11, "failed", "500"),
        Try(START + 31, "sent", "200 OK"),
    ]


def test_dead_ones_are_retried_from_the_begin(store: Database) -> None:
    """With a fresh day to be tried in; of the ids given, or all."""
    one, two, three = store.outbox.add("me", ["a/1", "b/1", "c/1"], MESSAGE, START)
    for dead in (one, two):
        store.outbox.dead(dead, START + 5, "404")
    assert store.outbox.counts() == {WAITING: 1, SENT: 0, DEAD: 2, DROPPED: 0, JOINED: 0}
    assert store.outbox.retry([one], START + 9) == [one]
    again = store.outbox.get(one)
    assert again is not None
    assert (again.state, again.next_try, again.tries) == (WAITING, START + 9, 0)
    assert (again.first_try, again.finished, again.error) == (None, None, "404")
    assert store.outbox.retry(None, START + 10) == [two]
    assert store.outbox.retry(None, START + 11) == []
    assert store.outbox.retry([three, 99], START + 12) == [three]
    assert _state(store, three) is WAITING


def test_dropped_ones_are_given_up(store: Database) -> None:
    """Waiting or dead ones; what was sent stays sent."""
    one, two, three = store.outbox.add("me", ["a/1", "b/1", "c/1"], MESSAGE, START)
    store.outbox.dead(one, START, "404")
    store.outbox.sent(two, START)
    assert store.outbox.drop([one, two, three], START + 1) == [one, three]
    states = [_state(store, row) for row in (one, two, three)]
    assert states == [DROPPED, SENT, DROPPED]
    assert store.outbox.due_targets(START) == []
    assert store.outbox.retry(None, START + 2) == []


@pytest.mark.parametrize(
    ("outcome", "expected"), [("sent", SENT), ("failed", DROPPED), ("dead", DROPPED)]
)
def test_dropped_while_on_its_way(
    store: Database, outcome: str, expected: NotificationState
) -> None:
    """A failure does not bring it back, but what the service took was sent."""
    (one,) = store.outbox.add("me", ["me/1"], MESSAGE, START)
    store.outbox.drop([one], START)
    if outcome == "sent":
        store.outbox.sent(one, START + 1)
    elif outcome == "failed":
        store.outbox.failed(one, START + 1, "500", START + 2)
    else:
        store.outbox.dead(one, START + 1, "404")
    assert _state(store, one) is expected


def test_list_by_state(store: Database) -> None:
    """The newest first; all states where none is named."""
    ids = store.outbox.add("me", ["a/1", "b/1", "c/1"], MESSAGE, START)
    store.outbox.sent(ids[1], START)
    assert [row.id for row in store.outbox.list()] == ids[::-1]
    assert [row.id for row in store.outbox.list([WAITING])] == [ids[2], ids[0]]
    assert [row.id for row in store.outbox.list([WAITING, SENT], limit=1)] == [ids[2]]


def test_a_try_of_nothing_is_no_error(store: Database) -> None:
    """The row may have been pruned meanwhile."""
    store.outbox.sent(99, START)
    assert store.number("SELECT count(*) FROM tries") == 0


def test_what_is_held_up(store: Database) -> None:
    """From when the next one of a target was due or first tried; not what is kept back, nor what
    waits behind it."""
    assert store.outbox.held_up(START) == 0
    store.outbox.add("calm", ["calm/1"], MESSAGE, START, not_before=START + 100)
    store.outbox.add("calm", ["calm/1"], MESSAGE, START + 1)
    assert store.outbox.held_up(START + 50) == 0
    assert store.outbox.held_up(START + 130) == 30
    (refused,) = store.outbox.add("me", ["me/1"], MESSAGE, START + 10)
    store.outbox.failed(refused, START + 20, "503", START + 4_000)
    assert store.outbox.held_up(START + 60) == 40
    store.outbox.dead(refused, START + 60, "410")
    assert store.outbox.held_up(START + 60) == 0


def test_tries_by_outcome(store: Database) -> None:
    """Since a time; each outcome is named."""
    first, second = store.outbox.add("me", ["me/1", "me/2"], MESSAGE, START)
    store.outbox.sent(first, START, "200")
    store.outbox.failed(second, START + 10, "503", START + 20)
    store.outbox.dead(second, START + 20, "410")
    assert store.outbox.tried(START) == {"sent": 1, "failed": 1, "dead": 1}
    assert store.outbox.tried(START + 15) == {"sent": 0, "failed": 0, "dead": 1}


def test_what_was_tried_in_vain_is_not_put_off(store: Database) -> None:
    """Only what was queued for a later time, as the end of quiet hours, is counted as that."""
    store.outbox.add("me", ["me/1"], MESSAGE, START, START + 100)
    (tried,) = store.outbox.add("me", ["me/2"], MESSAGE, START)
    store.outbox.failed(tried, START, "busy", START + 100)
    assert store.outbox.put_off(START) == [("me", START, START + 100, 1)]
