"""A dead target is told to the operator by the other targets, once, and so is its end."""

from __future__ import annotations

import pytest

from tests.store.making import START
from tests.store.sql.test_outbox import MESSAGE
from watcher.incidents.delivery_hooks import Post
from watcher.message import Notification
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook
from watcher.store.sqlite.database import Database
from watcher.text.incidents import incident_text
from watcher.text.messages import title_of

CHANNELS = """
channels:
  me: {url: ["json://localhost/1", "json://localhost/2"]}
  boss: {url: "json://localhost/3"}
  growth: {url: "json://localhost/4"}
defaults: {region: US, notify: [growth]}
rules:
  - name: r
    watch: {sort: total_sale_7d_cnt desc}
    when: {total_sale_7d_cnt: {at_least: 20}}
"""


def _post(operator: str) -> tuple[Post, Rulebook]:
    book = load_text(f"{CHANNELS}operator: [{operator}]\n")
    return Post(lambda: book, lambda: START), book


def _die(store: Database, post: Post, row: Notification) -> None:
    store.outbox.dead(row.id, START, "404")
    post.died(store, row, "HTTP 404")


def _first(store: Database, target: str) -> Notification:
    row = store.outbox.next_for(target)
    assert row is not None
    return row


def _waiting(store: Database) -> list[tuple[str, str]]:
    found = []
    for target, _, count in store.outbox.due_targets(START):
        found += [(row.target, title_of(row.message)) for row in store.outbox.waiting_for(target)]
        assert count
    return sorted(found)


@pytest.mark.parametrize(
    ("operator", "dead", "told"),
    [
        ("me", "me/1", ["me/2"]),
        ("me, boss", "me/1", ["boss/1", "me/2"]),
        ("boss", "boss/1", []),
        ("boss", "growth/1", ["boss/1"]),
    ],
)
def test_it_is_told_by_the_others(
    store: Database, operator: str, dead: str, told: list[str]
) -> None:
    """Not by itself; where there is no other, to nobody: the page and the metrics show it."""
    post, _ = _post(operator)
    store.outbox.add(dead.partition("/")[0], [dead], MESSAGE, START)
    row = _first(store, dead)
    _die(store, post, row)
    post.died(store, row, "HTTP 404")
    title = f"watcher: dead message {dead}"
    assert _waiting(store) == [(target, title) for target in told]
    (cause,) = store.health.incidents()
    assert (store.health.incidents()[0].subject, incident_text(cause)) == (
        dead,
        f'the message "Title" could not be delivered to {dead}: HTTP 404',
    )
    post.took(store, row)
    post.took(store, row)
    over = f"watcher: over: dead message {dead}"
    assert _waiting(store) == sorted((target, text) for target in told for text in (title, over))
    assert store.health.incidents() == []


def test_two_dead_targets_do_not_tell_each_other_for_ever(store: Database) -> None:
    """That a message about the one is dead at the other is told to neither."""
    post, _ = _post("me")
    store.outbox.add("me", ["me/1", "me/2"], MESSAGE, START)
    _die(store, post, _first(store, "me/1"))
    _die(store, post, _first(store, "me/2"))
    while rows := [_first(store, target) for target, _, _ in store.outbox.due_targets(START)]:
        for row in rows:
            _die(store, post, row)
    assert len(store.outbox.list()) == 4  # the message at both, and each told by the other once
    assert [each.cause for each in store.health.incidents()] == [
        "dead message me/1",
        "dead message me/2",
    ]


def test_a_message_about_a_dead_target_that_is_dead(store: Database) -> None:
    """The third target hears of both."""
    post, _ = _post("me, boss")
    store.outbox.add("me", ["me/1"], MESSAGE, START)
    _die(store, post, _first(store, "me/1"))
    _die(store, post, _first(store, "me/2"))
    assert _waiting(store) == [
        ("boss/1", "watcher: dead message me/1"),
        ("boss/1", "watcher: dead message me/2"),
    ]


def test_a_target_that_is_no_more(store: Database) -> None:
    """It is told once, and nothing goes on: nobody could end it."""
    post, _ = _post("boss")
    store.outbox.add("old", ["old/1"], MESSAGE, START)
    _die(store, post, _first(store, "old/1"))
    assert _waiting(store) == [("boss/1", "watcher: dead message old/1")]
    assert store.health.incidents() == []
