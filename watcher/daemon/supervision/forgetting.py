"""What the database keeps of watches, rules and channels that the rule file no longer has."""

from __future__ import annotations

from watcher.daemon.supervision.health import DAEMON
from watcher.incidents.data import forget_jumps
from watcher.incidents.operator import forget_orphans
from watcher.model import Instant
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store


def forget_others(database: Store, book: Rulebook, now: Instant) -> None:
    """Drop what is kept of watches, rules and channels that are no more."""
    database.held.keep_only(book.tellings)
    keys = {watch.key for watch in book.used_watches} | {rule.name for rule in book.rules}
    for health in database.health.list():
        if health.name not in keys and health.kind != DAEMON:
            database.health.forget(health.kind, health.name)
    forget_orphans(database, book, now)
    forget_jumps(database, book, now)
