"""Messages on their way: a row for each target, and every try."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
from msgspec import Struct

from watcher.incident import Incident
from watcher.message import Message, Notification, NotificationState
from watcher.model import Instant
from watcher.store.nul import without_nul
from watcher.store.records import SET_BACK, Row, Try
from watcher.store.sql.connection import Connection, Face
from watcher.store.sql.dialect import TEXT
from watcher.units import DAY

_WAITING, _DEAD = NotificationState.WAITING.value, NotificationState.DEAD.value
OUTCOMES = ("sent", "failed", "dead")
# When a row's next try was planned: at its last try, else when it was written.
_PLANNED = (
    "coalesce((SELECT at FROM tries WHERE notification = n.id ORDER BY id DESC LIMIT 1), n.created)"
)
_SELECT = (
    "SELECT n.id, n.channel, n.target, n.state, n.created, n.next_try, n.tries, m.body, n.error, "
    f"n.finished, n.first_try, {_PLANNED}, n.joined, n.taken "
    "FROM notifications AS n JOIN messages AS m ON m.id = n.message"
)
INSERT_MESSAGE = (
    "INSERT INTO messages (rule, about, created, body) VALUES (?, ?, ?, ?) RETURNING id"
)
_INSERT_TRY = (
    "INSERT INTO tries (notification, at, outcome, detail) "
    "SELECT id, :now, :outcome, :detail FROM notifications WHERE id = :id"
)
_decode_message = msgspec.json.Decoder(Message).decode
_decode_marks = msgspec.json.Decoder(list[str]).decode
_OF_TARGET = "n.target = ?1 AND n.state = 'waiting'"
# What the target was tried with in vain for a day, and that was given up from a time on.
_GIVEN_UP = (
    f"n.target = ?1 AND n.state = 'dead' AND n.finished >= ?2 AND n.finished - n.first_try >= {DAY}"
)
_HEAD = (
    "SELECT n.id, n.channel, n.next_try, n.tries, n.first_try, "
    "(SELECT count(*) FROM (SELECT 1 FROM notifications AS w WHERE w.target = ?1 "
    "AND w.state = 'waiting' LIMIT ?2) AS few), "
    "EXISTS (SELECT 1 FROM tries WHERE notification = n.id), "
    "EXISTS (SELECT 1 FROM notifications AS c WHERE c.joined = n.id), "
    "(SELECT since FROM causes WHERE cause = ?3 AND ended IS NULL) "
    f"FROM notifications AS n WHERE {_OF_TARGET} ORDER BY n.id LIMIT 1"
)


class Head(Struct, frozen=True):
    """The first that waits for a target, and how many do (``waiting``, counted up to a number).
    ``tried``: in vain, be it long ago. ``joins``: it tells what others were to tell. ``gone_since``
    is when an incident of the target began that is on."""

    id: int
    channel: str
    next_try: Instant
    tries: int
    first_try: Instant | None
    waiting: int
    tried: bool
    joins: bool
    gone_since: Instant | None


class Piled(Struct, frozen=True):
    """A message that the target has not had, and when it was written. ``row`` is the notification
    that has it: its own, or the one that it was joined with. One that does not wait (``waits``) was
    given up."""

    row: int
    created: Instant
    summary: MessageSummary
    waits: bool = True


class MessageSummary(Struct, frozen=True):
    """The part of a ``Message`` that says what it tells of."""

    kind: str
    alerts: Mapping[str, tuple[int, ...]] = {}
    cause: str = ""
    over: bool = False
    text: str = ""
    incident: Incident | None = None


_decode = msgspec.json.Decoder(MessageSummary).decode


class Outbox(Face):
    """Each target's notifications in order; one waits until it is sent, dead or dropped."""

    def add(
        self,
        channel: str,
        targets: Sequence[str],
        message: Message,
        now: Instant,
        not_before: Instant | None = None,
    ) -> builtins.list[int]:
        """Queues one message for each target; ids in the order of the targets. It is not sent
        before ``not_before``, nor is what is queued after it."""
        return self._queue(channel, targets, message, now, not_before or now) if targets else []

    def _queue(
        self, channel: str, targets: Sequence[str], message: Message, now: Instant, due: Instant
    ) -> builtins.list[int]:
        with self._db.atomic():
            stored = _store(self._db, message, now)
            return [
                self._db.number(
                    "INSERT INTO notifications (message, channel, target, state, created, "
                    "next_try, tries) VALUES (?, ?, ?, 'waiting', ?, ?, 0) RETURNING id",
                    (stored, channel, target, now, due),
                )
                for target in targets
            ]

    def get(self, notification: int) -> Notification | None:
        row = self._db.one(f"{_SELECT} WHERE n.id = ?", (notification,))
        return _notification(row) if row else None

    def next_for(self, target: str) -> Notification | None:
        """The oldest that waits for the target, due or not: the order is kept."""
        return next(iter(self.waiting_for(target, 1)), None)

    def waiting_for(self, target: str, limit: int = 1_000) -> builtins.list[Notification]:
        """Return what waits for the target, the oldest first."""
        rows = self._db.rows(
            f"{_SELECT} WHERE n.target = ? AND n.state = 'waiting' ORDER BY n.id LIMIT ?",
            (target, limit),
        )
        return [_notification(row) for row in rows]

    def due_targets(self, now: Instant) -> builtins.list[tuple[str, Instant, int]]:
        """Targets that something waits for: when the oldest is due, and how many wait."""
        return self._db.rows(
            f"SELECT w.target, CASE WHEN {_PLANNED} > ?1 + {SET_BACK} "
            f"THEN {self._sql.least('?1', 'n.next_try')} ELSE n.next_try END AS due, w.count "
            "FROM (SELECT target, min(id) AS head, "
            "count(*) AS count FROM notifications WHERE state = 'waiting' GROUP BY target) AS w"
            " JOIN notifications AS n ON n.id = w.head ORDER BY due, n.id",
            (now,),
        )

    def sent(self, notification: int, now: Instant, detail: str | None = None) -> None:
        """The service took it; counts even if it was dropped meanwhile."""
        change, where = "state = 'sent', error = NULL, finished = :now", "state <> 'sent'"
        self._tried("sent", change, where, id=notification, now=now, detail=detail)

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
        """To be tried again at ``next_try``. ``first_try`` is from when its day counts, if not from
        its first try. ``taken`` marks the recipients that have it already."""
        self._tried(
            "failed", "next_try = :next, error = :detail, taken = :taken", id=notification, now=now,
            detail=error, next=next_try, first=first_try, taken=_marks(taken),
        )  # fmt: skip

    def postpone(self, notification: int, next_try: Instant) -> None:
        """Not to be tried before ``next_try``; that is no try."""
        self._db.execute(
            "UPDATE notifications SET next_try = ? WHERE id = ? AND state = 'waiting'",
            (next_try, notification),
        )

    def dead(
        self, notification: int, now: Instant, error: str, *, taken: Iterable[str] = ()
    ) -> None:
        """Not to be tried again until somebody asks for it."""
        change = "state = 'dead', error = :detail, finished = :now, taken = :taken"
        self._tried("dead", change, id=notification, now=now, detail=error, taken=_marks(taken))

    def give_up(
        self, notification: int, now: Instant, error: str, *, taken: Iterable[str] = ()
    ) -> None:
        """Dead after its day; those joined with it after its first try wait again, for a day."""
        with self._db.atomic():
            self._db.execute(
                "UPDATE notifications SET state = 'waiting', joined = NULL, finished = NULL, "
                "next_try = ?1 WHERE joined = ?2 "
                "AND created > (SELECT first_try FROM notifications WHERE id = ?2)",
                (now, notification),
            )
            self.dead(notification, now, error, taken=taken)

    def bury(self, target: str, now: Instant, error: str) -> int:
        """All that waits for ``target`` is dead, untried; how many."""
        return self._db.execute(
            "UPDATE notifications SET state = 'dead', error = ?, finished = ? "
            "WHERE target = ? AND state = 'waiting'",
            (error, now, target),
        ).rowcount

    def tries(self, notification: int) -> builtins.list[Try]:
        """The oldest first."""
        sql = "SELECT at, outcome, detail FROM tries WHERE notification = ? ORDER BY id"
        return self._db.all(Try, sql, (notification,))

    def retry(
        self, ids: Sequence[int] | None, now: Instant, target: str | None = None
    ) -> builtins.list[int]:
        """Dead ones (of ``ids``, or all; of ``target``) wait again with a fresh day to be tried in;
        the ids. Of ``ids`` and ``target`` those that wait for a later try are tried now."""
        states = [_DEAD] if ids is None and target is None else [_DEAD, _WAITING]
        return self._move(
            "state = 'waiting', next_try = ?, tries = 0, first_try = NULL, finished = NULL",
            now, ids, target, states,
        )  # fmt: skip

    def drop(
        self, ids: Sequence[int] | None, now: Instant, target: str | None = None
    ) -> builtins.list[int]:
        """Give up those that wait or are dead (of ``ids``, or all; of ``target``); the ids."""
        change = "state = 'dropped', finished = ?"
        return self._move(change, now, ids, target, [_WAITING, _DEAD])

    def open_states(self, ids: Sequence[int] | None, target: str | None = None) -> dict[int, str]:
        """Return the states of those that wait or are dead (of ``ids``, or all; of ``target``)."""
        given: dict[str, object] = {}
        if ids is not None:
            given[f"id IN {self._sql.among()}"] = self._sql.listed(ids)
        if target is not None:
            given["target = ?"] = target
        where = " AND ".join(["state IN ('waiting', 'dead')", *given])
        sql = f"SELECT id, state FROM notifications WHERE {where} ORDER BY id"
        return dict(self._db.rows(sql, [*given.values()]))

    def counts(self) -> dict[NotificationState, int]:
        """Count the notifications in each state; states that none is in count 0."""
        rows: dict[str, int] = dict(
            self._db.rows("SELECT state, count(*) FROM notifications GROUP BY state")
        )
        return {state: rows.get(state.value, 0) for state in NotificationState}

    def held_up(self, now: Instant) -> int:
        """For how many seconds the next one of some target has been due or tried in vain, at most;
        not what waits for the end of quiet hours or for a digest, nor what is behind."""
        late = "?1 - min(coalesce(first_try, next_try))"
        return self._db.number(
            f"SELECT {self._sql.greatest('0', late)} FROM notifications WHERE id IN "
            "(SELECT min(id) FROM notifications WHERE state = 'waiting' GROUP BY target) "
            "AND (first_try NOTNULL OR next_try <= ?1)",
            (now,),
        )

    def put_off(self, now: Instant) -> builtins.list[tuple[str, Instant, Instant, int]]:
        """Messages that were queued for a later time than ``now`` and not tried since: channel,
        when they were written, when they are due, and how many."""
        return self._db.rows(
            "SELECT channel, created, next_try, count(DISTINCT message) FROM notifications "
            "WHERE state = 'waiting' AND tries = 0 "
            f"AND next_try > {self._sql.greatest('created', '?')} "
            "GROUP BY channel, created, next_try ORDER BY channel, created, next_try",
            (now,),
        )

    def told_since(self, channel: str, since: Instant) -> int:
        """Count the messages of rules that the channel was queued since then; not its digests, nor
        what joined others while the service was down."""
        rows = self._db.rows(
            "SELECT m.body FROM messages AS m WHERE m.id IN "
            "(SELECT message FROM notifications WHERE channel = ? AND created >= ?)",
            (channel, since),
        )
        return sum(_decode(body).kind == "alerts" for (body,) in rows)

    def alerts_delivered(
        self, since: Instant, until: Instant
    ) -> Iterator[Mapping[str, tuple[int, ...]]]:
        """Yield the ids of alerts, by the decision that has them told, of each message that some
        target took first after ``since``, and up to ``until``."""
        # The notifications are gone through once, not all messages with those of each.
        sent = f"{self._sql.unindexed('n.state')} = 'sent' AND n.finished"
        rows = self._db.rows(
            "SELECT m.body FROM messages AS m WHERE m.id IN (SELECT n.message FROM notifications "
            f"AS n WHERE {sent} > ?1 AND n.finished <= ?2) AND NOT EXISTS (SELECT 1 FROM "
            f"notifications AS n WHERE n.message = m.id AND {sent} <= ?1) ORDER BY m.id",
            (since, until),
        )
        return (_decode(body).alerts for (body,) in rows)

    def tried(self, since: Instant) -> dict[str, int]:
        """Count the tries since then that ended as sent, failed or dead."""
        rows: dict[str, int] = dict(
            self._db.rows(
                "SELECT outcome, count(*) FROM tries WHERE at >= ? GROUP BY outcome", (since,)
            )
        )
        return {outcome: rows.get(outcome, 0) for outcome in OUTCOMES}

    def list(
        self, states: Sequence[NotificationState] = (), limit: int = 100, target: str | None = None
    ) -> builtins.list[Notification]:
        """The newest first; of all states and targets where none is given."""
        wanted = [state.value for state in states or NotificationState]
        rows = self._db.rows(
            f"{_SELECT} WHERE n.state IN {self._sql.among('?1', TEXT)} "
            "AND (CAST(?2 AS TEXT) IS NULL OR n.target = ?2) ORDER BY n.id DESC LIMIT ?3",
            (self._sql.listed(wanted), target, limit),
        )
        return [_notification(row) for row in rows]

    def _tried(
        self, outcome: str, change: str, where: str = "state = 'waiting'", **values: object
    ) -> None:
        given: dict[str, object] = {"outcome": outcome, "first": None}
        given |= {name: without_nul(value) for name, value in values.items()}  # a service's words
        with self._db.atomic():
            for statement in self._of_try(change, where):
                self._db.execute(statement, given)

    @staticmethod
    def _of_try(change: str, where: str) -> tuple[str, str]:
        """Statements that note a try, and what became of the notification by it."""
        changed = (
            "UPDATE notifications SET tries = tries + 1, first_try = coalesce(:first, "
            f"first_try, :now), {change} WHERE id = :id AND {where}"
        )
        return _INSERT_TRY, changed

    def _move(
        self,
        change: str,
        now: Instant,
        ids: Sequence[int] | None,
        target: str | None,
        states: Sequence[str],
    ) -> builtins.list[int]:
        of_state, of_ids = self._sql.among(sort=TEXT), self._sql.among()
        with self._db.atomic():
            rows = self._db.rows(
                f"UPDATE notifications SET {change} WHERE state IN {of_state} "
                f"AND (? = 1 OR id IN {of_ids}) AND target = coalesce(?, target) RETURNING id",
                (
                    now,
                    self._sql.listed(states),
                    int(ids is None),
                    self._sql.listed(ids or ()),
                    target,
                ),
            )
        return sorted(row[0] for row in rows)


def _marks(taken: Iterable[str]) -> str | None:
    """Marks of recipients as they are stored; None where there are none."""
    marks = sorted(taken)
    return msgspec.json.encode(marks).decode() if marks else None


def _notification(row: Row) -> Notification:
    values = [*row]
    values[3], values[7] = NotificationState(values[3]), _decode_message(values[7])
    values[13] = frozenset(_decode_marks(values[13] or "[]"))
    return Notification(*values)


class Backlog(Face):
    """One target's waiting notifications as a whole."""

    def head(self, target: str, most: int = 1, cause: str = "") -> Head | None:
        """The first that waits, with how many do, counted up to ``most``; those joined with them
        are none of them. ``cause`` is the key of the incident."""
        row = self._db.one(_HEAD, (target, most, cause))
        if row is None:
            return None
        tried, joins = map(bool, row[6:8])
        return Head(row[0], row[1], row[2], row[3], row[4], row[5], tried, joins, row[8])

    def joins(self, target: str) -> bool:
        """Whether one of those that wait tells what others were to tell."""
        return self._db.has(
            f"SELECT 1 FROM notifications AS n WHERE {_OF_TARGET} "
            "AND EXISTS (SELECT 1 FROM notifications WHERE joined = n.id) LIMIT 1",
            (target,),
        )

    def messages(self, target: str, gone_since: Instant | None = None) -> list[Piled]:
        """All that wait, and what was given up ``gone_since`` a time, the oldest first; in the
        place of those that join others, these."""
        if gone_since is None:
            return [Piled(*each) for each in self._piled(_OF_TARGET, (target,))]
        given_up = self._piled(_GIVEN_UP, (target, gone_since))
        found = [Piled(*each, waits=False) for each in given_up]
        found += (Piled(*each) for each in self._piled(_OF_TARGET, (target,)))
        return sorted(found, key=lambda each: each.created)

    def _piled(
        self, which: str, values: Sequence[object]
    ) -> Iterator[tuple[int, Instant, MessageSummary]]:
        rows = self._db.rows(
            "SELECT n.id, n.id, n.created, m.body FROM notifications AS n "
            f"JOIN messages AS m ON m.id = n.message WHERE {which} "
            "AND NOT EXISTS (SELECT 1 FROM notifications WHERE joined = n.id) "
            "UNION ALL SELECT c.id, n.id, c.created, m.body FROM notifications AS n "
            f"{self._sql.join} notifications AS c ON c.joined = n.id "
            f"JOIN messages AS m ON m.id = c.message WHERE {which} ORDER BY 1",
            values,
        )
        return ((row, created, _decode(body)) for _, row, created, body in rows)

    def settle(self, row: int, target: str, gone_since: Instant, now: Instant) -> None:
        """Note that ``row`` told what was given up ``gone_since`` a time, as what was joined with
        it."""
        given_up = f"SELECT n.id FROM notifications AS n WHERE {_GIVEN_UP}"
        with self._db.atomic():
            values = (target, gone_since, row)
            self._db.execute(
                f"UPDATE notifications SET joined = ?3 WHERE joined IN ({given_up})", values
            )
            self._db.execute(
                "UPDATE notifications SET state = 'joined', joined = ?3, finished = ?4 "
                f"WHERE id IN ({given_up})",
                (*values, now),
            )

    def join(self, target: str, rows: Iterable[int], message: Message, now: Instant) -> int | None:
        """Have ``message`` tell what ``rows`` were to tell, as one that waits in their place and is
        due; its id.

        Where the first that waits for ``target`` joins others already, it is that one, brought up
        to date. Else it is a new one, which goes on with the tries of the first: the service has
        failed so long. Nothing is done, and None, where the first is none of ``rows``."""
        with self._db.atomic():
            head, ids = self.head(target), set(rows)
            if head is None or head.id not in ids:
                return None
            stored = _store(self._db, message, now)
            row = head.id
            if not head.joins:
                row = self._db.number(
                    "INSERT INTO notifications (message, channel, target, state, created, "
                    "next_try, tries, first_try) VALUES (?, ?, ?, 'waiting', ?, ?, ?, ?) "
                    "RETURNING id",
                    (stored, head.channel, target, now, now, head.tries, head.first_try),
                )
            others = self._sql.listed(ids - {row})
            self._db.execute(
                "UPDATE notifications SET message = ?, next_try = ?, taken = NULL WHERE id = ?",
                (stored, min(head.next_try, now), row),
            )
            self._db.execute(
                f"UPDATE notifications SET joined = ?2 WHERE joined IN {self._sql.among('?1')}",
                (others, row),
            )
            self._db.execute(
                "UPDATE notifications SET state = 'joined', joined = ?2, finished = ?3 "
                f"WHERE id IN {self._sql.among('?1')} AND state = 'waiting'",
                (others, row, now),
            )
        return row


def message_row(message: Message, now: Instant) -> Row:
    """The values of ``INSERT_MESSAGE``."""
    body = msgspec.json.encode(message).decode()
    return message.rule, message.data_at or now, now, body


def _store(db: Connection, message: Message, now: Instant) -> int:
    return db.number(INSERT_MESSAGE, message_row(message, now))
