"""A minute's news without a scan: what nothing holds any more, and silences about to end."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from watcher.incidents.operator import announce_ends
from watcher.model import Instant
from watcher.notification.policy import NotifyPolicy
from watcher.notification.rounds import RoundKeeper
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store


def sweep_all(
    database: Store, book: Rulebook, policies: Mapping[str, NotifyPolicy], now: Instant,
    rounds: RoundKeeper, besides: Collection[str] = (),
) -> list[int]:  # fmt: skip
    """Tell it; the notifications written. The channels ``besides`` wait for no round."""
    rows = rounds.sweep(database, book, policies, now, besides=besides)
    return rows + announce_ends(database, book, policies, now)
