"""What the database keeps of watches, rules and channels that the rule file no longer has."""

from __future__ import annotations

from watcher.daemon.supervision.health import DAEMON
from watcher.evaluation.jumps import forget_jumps
from watcher.incidents import troubles
from watcher.model import Instant
from watcher.notification.delivery_hooks import dead_target, targets_named
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store


def forget_others(database: Store, book: Rulebook, now: Instant) -> None:
    """Drop what is kept of watches, rules and channels that are no more."""
    database.held.keep_only(book.tellings)
    keys = {watch.key for watch in book.used_watches} | {rule.name for rule in book.rules}
    for health in database.health.list():
        if health.name not in keys and health.kind != DAEMON:
            database.health.forget(health.kind, health.name)
    targets = targets_named(book)
    for cause in database.health.causes():
        target = dead_target(cause.cause)
        if troubles.is_orphan(cause.cause, book) or (target is not None and target not in targets):
            database.health.clear_cause(cause.cause, now)
    forget_jumps(database, book, now)
