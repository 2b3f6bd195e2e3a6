"""Messages on their way: a row for each target, and every try."""

# ruff: noqa: S608 - statements are put together from our own names only, never from values

from __future__ import annotations

import builtins
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from watcher.model import Instant, Message, Notification, NotificationState
from watcher.store.sqlite.connection import Connection, Row, listed
from watcher.store.sqlite.dialect import among

_WAITING, _DEAD = NotificationState.WAITING.value, NotificationState.DEAD.value
OUTCOMES = ("sent", "failed", "dead")
_SET_BACK = 60  # seconds that a clock may be set back before what is planned by it counts no more

# When a row's next try was planned: at its last try, else when it was written.
_PLANNED = (
    "coalesce((SELECT at FROM tries WHERE notification = n.id ORDER BY id DESC LIMIT 1), n.created)"
)
_SELECT = (
    "SELECT n.id, n.channel, n.target, n.state, n.created, n.next_try, n.tries, m.body, n.error, "
    f"n.finished, n.first_try, {_PLANNED}, n.joined, n.taken "
    "FROM notifications AS n JOIN messages AS m ON m.id = n.message"
)
_decode_message = msgspec.json.Decoder(Message).decode
_decode_marks = msgspec.json.Decoder(list[str]).decode


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt to send: ``outcome`` is sent, failed or dead."""

    at: Instant
    outcome: str
    detail: str | None


def is_due(notification: Notification, now: Instant) -> bool:
    """Whether one that waits is to be tried now.

    Also where the clock was set back since: it would wait until that is where it was.
    """
    return notification.next_try <= now or notification.planned > now + _SET_BACK


class SqlOutbox:
    """``ports.Outbox`` in SQL."""

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
        return next(iter(self.waiting_for(target, 1)), None)

    def waiting_for(self, target: str, limit: int = 1_000) -> builtins.list[Notification]:
        rows = self._db.rows(
            f"{_SELECT} WHERE n.target = ? AND n.state = 'waiting' ORDER BY n.id LIMIT ?",
            (target, limit),
        )
        return [_notification(row) for row in rows]

    def due_targets(self, now: Instant) -> builtins.list[tuple[str, Instant, int]]:
        return [
            (target, next_try, count)
            for target, next_try, count in self._db.rows(
                f"SELECT w.target, CASE WHEN {_PLANNED} > ?1 + {_SET_BACK} "
                "THEN min(?1, n.next_try) ELSE n.next_try END AS due, w.count "
                "FROM (SELECT target, min(id) AS head, "
                "count(*) AS count FROM notifications WHERE state = 'waiting' GROUP BY target) AS w"
                " JOIN notifications AS n ON n.id = w.head ORDER BY due, n.id",
                (now,),
            )
        ]

    def sent(self, notification: int, now: Instant, detail: str | None = None) -> None:
        with self._db.atomic():
            self._note(notification, now, "sent", detail)
            self._db.execute(
                "UPDATE notifications SET state = 'sent', tries = tries + 1, "
                "first_try = coalesce(first_try, ?1), error = NULL, finished = ?1 "
                "WHERE id = ?2 AND state <> 'sent'",
                (now, notification),
            )

    def failed(
        self,
        notification: int,
        now: Instant,
        error: str,
        next_try: Instant,
        *,
        first_try: Instant | None = None,
        taken: Iterable[str] = (),
    ) -> None:
        with self._db.atomic():
            self._note(notification, now, "failed", error)
            self._db.execute(
                "UPDATE notifications SET tries = tries + 1, "
                "first_try = coalesce(?, first_try, ?), next_try = ?, error = ?, taken = ? "
                "WHERE id = ? AND state = 'waiting'",
                (first_try, now, next_try, error, _marks(taken), notification),
            )

    def postpone(self, notification: int, next_try: Instant) -> None:
        self._db.execute(
            "UPDATE notifications SET next_try = ? WHERE id = ? AND state = 'waiting'",
            (next_try, notification),
        )

    def dead(
        self, notification: int, now: Instant, error: str, *, taken: Iterable[str] = ()
    ) -> None:
        with self._db.atomic():
            self._note(notification, now, "dead", error)
            self._db.execute(
                "UPDATE notifications SET state = 'dead', tries = tries + 1, "
                "first_try = coalesce(first_try, ?1), error = ?2, finished = ?1, taken = ?3 "
                "WHERE id = ?4 AND state = 'waiting'",
                (now, error, _marks(taken), notification),
            )

    def give_up(
        self, notification: int, now: Instant, error: str, *, taken: Iterable[str] = ()
    ) -> None:
        with self._db.atomic():
            self._db.execute(
                "UPDATE notifications SET state = 'waiting', joined = NULL, finished = NULL, "
                "next_try = ?1 WHERE joined = ?2 "
                "AND created > (SELECT first_try FROM notifications WHERE id = ?2)",
                (now, notification),
            )
            self.dead(notification, now, error, taken=taken)

    def bury(self, target: str, now: Instant, error: str) -> int:
        return self._db.execute(
            "UPDATE notifications SET state = 'dead', error = ?, finished = ? "
            "WHERE target = ? AND state = 'waiting'",
            (error, now, target),
        ).rowcount

    def tries(self, notification: int) -> builtins.list[Try]:
        rows = self._db.rows(
            "SELECT at, outcome, detail FROM tries WHERE notification = ? ORDER BY id",
            (notification,),
        )
        return [Try(*row) for row in rows]

    def retry(
        self, ids: Sequence[int] | None, now: Instant, target: str | None = None
    ) -> builtins.list[int]:
        states = [_DEAD] if ids is None and target is None else [_DEAD, _WAITING]
        return self._move(
            "state = 'waiting', next_try = ?, tries = 0, first_try = NULL, finished = NULL",
            now, ids, target, states,
        )  # fmt: skip

    def drop(
        self, ids: Sequence[int] | None, now: Instant, target: str | None = None
    ) -> builtins.list[int]:
        change = "state = 'dropped', finished = ?"
        return self._move(change, now, ids, target, [_WAITING, _DEAD])

    def counts(self) -> dict[NotificationState, int]:
        rows: dict[str, int] = dict(
            self._db.rows("SELECT state, count(*) FROM notifications GROUP BY state")
        )
        return {state: rows.get(state.value, 0) for state in NotificationState}

    def held_up(self, now: Instant) -> int:
        return self._db.number(
            "SELECT max(0, ?1 - min(coalesce(first_try, next_try))) FROM notifications WHERE id IN "
            "(SELECT min(id) FROM notifications WHERE state = 'waiting' GROUP BY target) "
            "AND (first_try NOTNULL OR next_try <= ?1)",
            (now,),
        )

    def put_off(self, now: Instant) -> builtins.list[tuple[str, Instant, Instant, int]]:
        return self._db.rows(
            "SELECT channel, created, next_try, count(DISTINCT message) FROM notifications "
            "WHERE state = 'waiting' AND tries = 0 AND next_try > max(created, ?) "
            "GROUP BY channel, created, next_try",
            (now,),
        )

    def tried(self, since: Instant) -> dict[str, int]:
        rows: dict[str, int] = dict(
            self._db.rows(
                "SELECT outcome, count(*) FROM tries WHERE at >= ? GROUP BY outcome", (since,)
            )
        )
        return {outcome: rows.get(outcome, 0) for outcome in OUTCOMES}

    def list(
        self,
        states: Sequence[NotificationState] = (),
        limit: int = 100,
        target: str | None = None,
    ) -> builtins.list[Notification]:
        wanted = [state.value for state in states or NotificationState]
        rows = self._db.rows(
            f"{_SELECT} WHERE n.state IN {among('?1')} "
            "AND (?2 IS NULL OR n.target = ?2) ORDER BY n.id DESC LIMIT ?3",
            (listed(wanted), target, limit),
        )
        return [_notification(row) for row in rows]

    def _note(self, notification: int, now: Instant, outcome: str, detail: str | None) -> None:
        self._db.execute(
            "INSERT INTO tries (notification, at, outcome, detail) SELECT id, ?2, ?3, ?4 "
            "FROM notifications WHERE id = ?1",
            (notification, now, outcome, detail),
        )

    def _move(
        self,
        change: str,
        now: Instant,
        ids: Sequence[int] | None,
        target: str | None,
        states: Sequence[str],
    ) -> builtins.list[int]:
        with self._db.atomic():
            rows = self._db.rows(
                f"UPDATE notifications SET {change} WHERE state IN "
                f"{among()} "
                f"AND (? OR id IN {among()}) "
                "AND target = coalesce(?, target) RETURNING id",
                (now, listed(states), ids is None, listed(ids or ()), target),
            )
        return sorted(row[0] for row in rows)


def _marks(taken: Iterable[str]) -> str | None:
    """Marks of recipients as they are stored; None where there are none."""
    marks = sorted(taken)
    return listed(marks) if marks else None


def _notification(row: Row) -> Notification:
    row_id, channel, target, state, created, next_try, tries, body, error, finished, first = row[
        :11
    ]
    planned, joined, taken = row[11:]
    return Notification(
        row_id, channel, target, NotificationState(state), created, next_try, tries,
        _decode_message(body), error, finished, first, planned, joined,
        frozenset(_decode_marks(taken)) if taken else frozenset(),
    )  # fmt: skip
