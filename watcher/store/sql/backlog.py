"""What has piled up for one target, and how it becomes one notification.

A notification that is joined stays in the store: it names the one that tells its message in its
place, and fares as that one does.
"""

# ruff: noqa: S608 - statements are put together from our own names only, never from values

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from watcher.incident import Incident
from watcher.model import Instant, Message
from watcher.store.sqlite.connection import Connection, listed
from watcher.store.sqlite.dialect import among

_HEAD = (
    "SELECT id, channel, next_try, tries, first_try, "
    "EXISTS (SELECT 1 FROM notifications AS c WHERE c.joined = n.id) "
    "FROM notifications AS n WHERE target = ? AND state = 'waiting' ORDER BY id LIMIT 1"
)
_OF_TARGET = "n.target = ?1 AND n.state = 'waiting'"


class Gist(msgspec.Struct, frozen=True):
    """Of a message only what it tells of: see ``Message``."""

    kind: str
    alerts: Mapping[str, tuple[int, ...]] = {}
    cause: str = ""
    over: bool = False
    text: str = ""
    incident: Incident | None = None


_decode = msgspec.json.Decoder(Gist).decode


@dataclass(frozen=True, slots=True)
class Head:
    """The first that waits for a target; ``joins``: it tells what others were to tell."""

    id: int
    channel: str
    next_try: Instant
    tries: int
    first_try: Instant | None
    joins: bool


@dataclass(frozen=True, slots=True)
class Piled:
    """A message that the target has not had, and when it was written.

    ``row`` is the notification that waits with it: its own, or the one that it was joined with.
    """

    row: int
    created: Instant
    gist: Gist


class SqlBacklog:
    """``ports.Backlog`` in SQL."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def head(self, target: str) -> Head | None:
        row = self._db.one(_HEAD, (target,))
        return Head(row[0], row[1], row[2], row[3], row[4], joins=bool(row[5])) if row else None

    def size(self, target: str, most: int) -> int:
        return self._db.number(
            f"SELECT count(*) FROM (SELECT 1 FROM notifications AS n WHERE {_OF_TARGET} LIMIT ?2)",
            (target, most),
        )

    def joins(self, target: str) -> bool:
        return bool(
            self._db.number(
                "SELECT EXISTS (SELECT 1 FROM notifications AS n WHERE "
                f"{_OF_TARGET} AND EXISTS (SELECT 1 FROM notifications WHERE joined = n.id))",
                (target,),
            )
        )

    def messages(self, target: str) -> list[Piled]:
        rows = self._db.rows(
            "SELECT n.id, n.id, n.created, m.body FROM notifications AS n "
            f"JOIN messages AS m ON m.id = n.message WHERE {_OF_TARGET} "
            "AND NOT EXISTS (SELECT 1 FROM notifications WHERE joined = n.id) "
            "UNION ALL SELECT c.id, n.id, c.created, m.body FROM notifications AS n "
            "CROSS JOIN notifications AS c ON c.joined = n.id "
            f"JOIN messages AS m ON m.id = c.message WHERE {_OF_TARGET} ORDER BY 1",
            (target,),
        )
        return [Piled(row, created, _decode(body)) for _, row, created, body in rows]

    def join(self, target: str, rows: Iterable[int], message: Message, now: Instant) -> int | None:
        with self._db.atomic():
            head, ids = self.head(target), set(rows)
            if head is None or head.id not in ids:
                return None
            stored = self._store(message, now)
            row = head.id if head.joins else self._insert(target, head, stored, now)
            others = listed(ids - {row})
            self._db.execute(
                "UPDATE notifications SET message = ?, next_try = ?, taken = NULL WHERE id = ?",
                (stored, min(head.next_try, now), row),
            )
            self._db.execute(
                f"UPDATE notifications SET joined = ?2 WHERE joined IN {among('?1')}",
                (others, row),
            )
            self._db.execute(
                "UPDATE notifications SET state = 'joined', joined = ?2, finished = ?3 "
                f"WHERE id IN {among('?1')} AND state = 'waiting'",
                (others, row, now),
            )
        return row

    def _store(self, message: Message, now: Instant) -> int:
        body = msgspec.json.encode(message).decode()
        return self._inserted(
            "INSERT INTO messages (rule, about, created, body) VALUES (?, ?, ?, ?)",
            (message.rule, message.data_at or now, now, body),
        )

    def _insert(self, target: str, head: Head, message: int, now: Instant) -> int:
        return self._inserted(
            "INSERT INTO notifications (message, channel, target, state, created, next_try, tries, "
            "first_try) VALUES (?, ?, ?, 'waiting', ?, ?, ?, ?)",
            (message, head.channel, target, now, now, head.tries, head.first_try),
        )

    def _inserted(self, statement: str, values: tuple[object, ...]) -> int:
        row_id = self._db.execute(statement, values).lastrowid
        if row_id is None:
            raise LookupError("nothing was inserted")
        return row_id
