"""The rules that are in force from now on, as the store is to know them."""

from __future__ import annotations

from watcher.daemon.supervision.health import DAEMON
from watcher.incidents.data import forget_jumps
from watcher.incidents.operator import forget_orphans
from watcher.incidents.own_files import adopt_files
from watcher.model import Instant
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store


def adopt(database: Store, book: Rulebook, now: Instant) -> None:
    """Write down the rules; drop what is kept of watches, rules and channels that are no more."""
    with database.atomic():
        database.rules.sync(book.marks, now)
        adopt_files(database, book, now)
        database.held.keep_only(book.tellings)
        if any(watch.query.of_ids for watch in book.used_watches):
            database.lookups.keep_watches(watch.key for watch in book.used_watches)
        kept = {watch.key for watch in book.used_watches} | {rule.name for rule in book.enabled}
        for health in database.health.list():
            if health.name not in kept and health.kind != DAEMON:
                database.health.forget(health.kind, health.name)
        forget_orphans(database, book, now)
        forget_jumps(database, book, now)
