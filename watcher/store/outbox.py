"""Messages on their way: a row for each target, and every try."""

# ruff: noqa: S608 - statements are put together from our own names only, never from values

from __future__ import annotations

import builtins
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from watcher.model import Instant, Message, Notification, NotificationState
from watcher.store.connection import Connection, Row, listed

_WAITING, _SENT = NotificationState.WAITING.value, NotificationState.SENT.value
_DEAD, _DROPPED = NotificationState.DEAD.value, NotificationState.DROPPED.value

_SELECT = (
    "SELECT n.id, n.channel, n.target, n.state, n.created, n.next_try, n.tries, m.body, n.error, "
    "n.finished, n.first_try FROM notifications AS n JOIN messages AS m ON m.id = n.message"
)
_decode_message = msgspec.json.Decoder(Message).decode


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt to send: ``outcome`` is sent, failed or dead."""

    at: Instant
    outcome: str
    detail: str | None


class Outbox:
    """Each target's notifications in order; one waits until it is sent, dead or dropped."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def add(
        self,
        channel: str,
        targets: Sequence[str],
        message: Message,
        now: Instant,
        not_before: Instant | None = None,
    ) -> builtins.list[int]:
        """Queues one message for each target; ids in the order of the targets.

        It is not sent before ``not_before``, nor is what is queued after it.
        """
        if not targets:
            return []
        with self._db.atomic():
            body = msgspec.json.encode(message).decode()
            stored = self._db.execute(
                "INSERT INTO messages (rule, about, created, body) VALUES (?, ?, ?, ?)",
                (message.rule, message.data_at or now, now, body),
            ).lastrowid
            ids = [
                self._db.execute(
                    "INSERT INTO notifications (message, channel, target, state, created, "
                    "next_try, tries) VALUES (?, ?, ?, 'waiting', ?, ?, 0)",
                    (stored, channel, target, now, not_before or now),
                ).lastrowid
                for target in targets
            ]
        return [row_id for row_id in ids if row_id is not None]

    def get(self, notification: int) -> Notification | None:
        row = self._db.one(f"{_SELECT} WHERE n.id = ?", (notification,))
        return _notification(row) if row else None

    def next_for(self, target: str) -> Notification | None:
        """The oldest that waits for the target, due or not: the order is kept."""
        return next(iter(self.waiting_for(target, 1)), None)

    def waiting_for(self, target: str, limit: int = 1_000) -> builtins.list[Notification]:
        """Those that wait for the target, the oldest first."""
        rows = self._db.rows(
            f"{_SELECT} WHERE n.target = ? AND n.state = 'waiting' ORDER BY n.id LIMIT ?",
            (target, limit),
        )
        return [_notification(row) for row in rows]

    def due_targets(self) -> builtins.list[tuple[str, Instant, int]]:
        """Targets that something waits for: the next try of the oldest, and how many wait."""
        return [
            (target, next_try, count)
            for target, next_try, count in self._db.rows(
                "SELECT w.target, n.next_try, w.count FROM (SELECT target, min(id) AS head, "
                "count(*) AS count FROM notifications WHERE state = 'waiting' GROUP BY target) AS w"
                " JOIN notifications AS n ON n.id = w.head ORDER BY n.next_try, n.id"
            )
        ]

    def sent(self, notification: int, now: Instant, detail: str | None = None) -> None:
        """The service took it; counts even if it was dropped meanwhile."""
        self._tried(notification, now, (_SENT, "sent", detail), None, f"state <> '{_SENT}'")

    def failed(self, notification: int, now: Instant, error: str, next_try: Instant) -> None:
        """To be tried again at ``next_try``."""
        self._tried(notification, now, (_WAITING, "failed", error), next_try, "state = 'waiting'")

    def postpone(self, notification: int, next_try: Instant) -> None:
        """Not to be tried before ``next_try``; that is no try."""
        self._db.execute(
            "UPDATE notifications SET next_try = ? WHERE id = ? AND state = 'waiting'",
            (next_try, notification),
        )

    def dead(self, notification: int, now: Instant, error: str) -> None:
        """Not to be tried again until somebody asks for it."""
        self._tried(notification, now, (_DEAD, "dead", error), None, "state = 'waiting'")

    def tries(self, notification: int) -> builtins.list[Try]:
        """The oldest first."""
        rows = self._db.rows(
            "SELECT at, outcome, detail FROM tries WHERE notification = ? ORDER BY id",
            (notification,),
        )
        return [Try(*row) for row in rows]

    def retry(self, ids: Sequence[int] | None, now: Instant) -> int:
        """Dead ones (of ``ids``, or all) wait again with a fresh day to be tried in; how many.

        One of ``ids`` that waits for a later try is tried now.
        """
        states = [_DEAD] if ids is None else [_DEAD, _WAITING]
        return self._move(
            "state = 'waiting', next_try = ?, tries = 0, first_try = NULL, finished = NULL",
            now, ids, states,
        )  # fmt: skip

    def drop(self, ids: Sequence[int] | None, now: Instant) -> int:
        """Those that wait or are dead (of ``ids``, or all) are given up; how many."""
        return self._move("state = 'dropped', finished = ?", now, ids, [_WAITING, _DEAD])

    def counts(self) -> dict[NotificationState, int]:
        """How many are in each state; states that none is in count 0."""
        rows: dict[str, int] = dict(
            self._db.rows("SELECT state, count(*) FROM notifications GROUP BY state")
        )
        return {state: rows.get(state.value, 0) for state in NotificationState}

    def list(
        self, states: Sequence[NotificationState] = (), limit: int = 100
    ) -> builtins.list[Notification]:
        """The newest first; of all states where none is given."""
        wanted = [state.value for state in states or NotificationState]
        rows = self._db.rows(
            f"{_SELECT} WHERE n.state IN (SELECT value FROM json_each(?)) "
            "ORDER BY n.id DESC LIMIT ?",
            (listed(wanted), limit),
        )
        return [_notification(row) for row in rows]

    def _tried(
        self, notification: int, now: Instant, outcome: tuple[str, str, str | None],
        next_try: Instant | None, condition: str,
    ) -> None:  # fmt: skip
        state, word, detail = outcome
        with self._db.atomic():
            self._db.execute(
                "INSERT INTO tries (notification, at, outcome, detail) SELECT id, ?2, ?3, ?4 "
                "FROM notifications WHERE id = ?1",
                (notification, now, word, detail),
            )
            self._db.execute(
                "UPDATE notifications SET state = ?, tries = tries + 1, "
                "first_try = coalesce(first_try, ?), next_try = coalesce(?, next_try), "
                f"error = ?, finished = ? WHERE id = ? AND {condition}",
                (
                    state, now, next_try, None if state == _SENT else detail,
                    None if state == _WAITING else now, notification,
                ),
            )  # fmt: skip

    def _move(
        self, change: str, now: Instant, ids: Sequence[int] | None, states: Sequence[str]
    ) -> int:
        with self._db.atomic():
            return self._db.execute(
                f"UPDATE notifications SET {change} WHERE state IN "
                "(SELECT value FROM json_each(?)) "
                "AND (? OR id IN (SELECT value FROM json_each(?)))",
                (now, listed(states), ids is None, listed(ids or ())),
            ).rowcount


def _notification(row: Row) -> Notification:
    row_id, channel, target, state, created, next_try, tries, body, error, finished, first = row
    return Notification(
        row_id, channel, target, NotificationState(state), created, next_try, tries,
        _decode_message(body), error, finished, first,
    )  # fmt: skip
