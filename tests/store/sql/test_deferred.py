"""What is held back, remembered."""

from __future__ import annotations

from msgspec.structs import replace

from watcher.identity import BookMarks
from watcher.store.sql.silences import Held, HeldGroup
from watcher.store.sqlite.database import Database

FIRST = Held("r", 1, "me", alert=5, since=100)


def test_the_newest_stands_for_a_product(store: Database) -> None:
    """One row for each rule, product and channel."""
    other = replace(FIRST, product=2, since=90)
    store.held.put([FIRST, other, replace(FIRST, rule="q")])
    newer = replace(FIRST, alert=6, silence=3)
    store.held.put([newer])
    assert store.held.of_rule("r") == [newer, other]
    store.held.release([newer])
    assert store.held.of_rule("r") == [other]


def test_groups(store: Database) -> None:
    """By rule, channel and silence, with the oldest time and how many there are."""
    store.held.put(
        [
            FIRST,
            replace(FIRST, product=2, since=50),
            replace(FIRST, product=3, silence=1),
            replace(FIRST, channel="you"),
        ]
    )
    assert sorted(store.held.groups(), key=str) == sorted(
        [
            HeldGroup("r", "me", None, 50, 2),
            HeldGroup("r", "me", 1, 100, 1),
            HeldGroup("r", "you", None, 100, 1),
        ],
        key=str,
    )


def test_keep_only(store: Database) -> None:
    """What rules and channels that are no more would have told is forgotten."""
    store.held.put([FIRST, replace(FIRST, channel="you"), replace(FIRST, rule="q")])
    store.held.keep_only([("r", "me"), ("q", "you")])
    assert store.held.of_rule("r") == [FIRST]
    assert store.held.of_rule("q") == []
    store.held.keep_only([])
    assert store.held.groups() == []


def test_a_renamed_rule_takes_it_along(store: Database) -> None:
    """As it does what was told."""
    store.rules.sync(BookMarks.of(("r", "f")), 1)
    store.held.put([FIRST])
    store.rules.sync(BookMarks.of(("s", "f")), 2)
    assert store.held.of_rule("s") == [replace(FIRST, rule="s")]
