"""Messages on their way: what is written together is one statement, for each is a way to the server
and back."""

from __future__ import annotations

import builtins
from collections.abc import Sequence

from watcher.message import Message
from watcher.model import Instant
from watcher.store.sql.dialect import TEXT
from watcher.store.sql.outbox import INSERT_MESSAGE, Outbox, message_row


class PostgresOutbox(Outbox):
    """The outbox of a book on a server."""

    def _queue(
        self, channel: str, targets: Sequence[str], message: Message, now: Instant, due: Instant
    ) -> builtins.list[int]:
        rows = self._db.rows(
            f"WITH stored AS ({INSERT_MESSAGE}) "
            "INSERT INTO notifications (message, channel, target, state, created, next_try, tries) "
            "SELECT stored.id, ?, w.value, 'waiting', ?, ?, 0 "
            f"FROM stored, {self._sql.rows_of(sort=TEXT)} ORDER BY w.key RETURNING id",
            (*message_row(message, now), channel, now, due, self._sql.listed(targets)),
        )
        return sorted(row[0] for row in rows)

    def _tried(
        self, outcome: str, change: str, where: str = "state = 'waiting'", **values: object
    ) -> None:
        noted, changed = self._of_try(change, where)
        self._db.execute(
            f"WITH noted AS ({noted}) {changed}", {"outcome": outcome, "first": None, **values}
        )
