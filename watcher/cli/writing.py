"""Writes of commands, each with a record of who gave the command."""

from __future__ import annotations

from watcher.audited import Audited
from watcher.cli.server_options import pusher
from watcher.model import Instant
from watcher.people import Author, Via
from watcher.store.ports import Store


def audited(database: Store, now: Instant) -> Audited:
    """The database as the user of this machine writes it."""
    return Audited(database, Author(pusher(), Via.COMMAND), now)
