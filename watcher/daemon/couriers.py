"""The courier of a book: its channels' targets, and what the rules say of its messages."""

from __future__ import annotations

from collections.abc import Callable

from watcher.daemon.connections import targets_of, ways_of
from watcher.delivery.courier import Begin, Courier, at_once
from watcher.delivery.covers import CoverDesk, NoCovers
from watcher.delivery.marking import StoreThread
from watcher.incidents.delivery_hooks import Post
from watcher.model import Instant
from watcher.rules.rulebook import Rulebook


def courier_of(
    store: StoreThread,
    book: Callable[[], Rulebook],
    now: Callable[[], Instant],
    *,
    covers: CoverDesk | None = None,
    on_turn: Callable[[], None] = lambda: None,
    begin: Begin = at_once,
) -> Courier:
    """It sends to the channels of the rules in force (``book``), and asks these, whenever they are
    swapped, what a message means; raises ``RulesError`` as ``targets_of`` does."""
    rules = book()
    return Courier(
        store,
        targets_of(rules),
        now=now,
        ways=ways_of(rules),
        keeper=Post(book, now),
        covers=covers or NoCovers(),
        on_turn=on_turn,
        begin=begin,
    )
