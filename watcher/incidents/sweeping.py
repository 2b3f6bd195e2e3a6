"""What a minute brings without a scan: what nothing holds any more, and silences about to end."""

from __future__ import annotations

from collections.abc import Mapping

from watcher.incidents.silence_ends import announce_ends
from watcher.model import Instant
from watcher.notification.flush_deferred import sweep
from watcher.notification.policy import NotifyPolicy
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store


def sweep_all(
    database: Store, book: Rulebook, policies: Mapping[str, NotifyPolicy], now: Instant,
    rounds: Mapping[str, Instant],
) -> list[int]:  # fmt: skip
    """Tell it; the notifications written. ``rounds`` are as those of ``sweep``."""
    rows = sweep(database, book, policies, now, rounds=rounds)
    return rows + announce_ends(database, book, policies, now)
