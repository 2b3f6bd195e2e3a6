"""People who may open a book's page, by the digests of their tokens; and the record of all that
people wrote, by whatever way."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from watcher.model import Instant
from watcher.people import AuditRecord, Author, Role, Via, folded
from watcher.store.sql.connection import Face
from watcher.store.sql.dialect import TEXT
from watcher.units import DAY

KEPT = 400 * DAY  # for which it is known who wrote what
_STEP = 1_000  # records that are removed at one go
_PERSON = "SELECT id, name, role, digest, made, revoked FROM people"
_RECORD = "SELECT id, at, who, via, what, subject, before, after FROM audit"


class Person(Struct, frozen=True):
    """Somebody with a token, of which the ``digest`` is kept. It opens the page from when it was
    ``made`` until it is ``revoked``."""

    id: int
    name: str
    role: Role
    digest: str
    made: Instant
    revoked: Instant | None = None

    @property
    def is_known(self) -> bool:
        """Whether the token opens anything."""
        return self.revoked is None


class People(Face):
    """The people of a book; one whose token was revoked is remembered until somebody forgets them.
    Their names differ from each other but for capitals."""

    def list(self) -> builtins.list[Person]:
        """All, the newest first."""
        return self._db.all(_person, f"{_PERSON} ORDER BY id DESC")

    def find(self, name: str) -> Person | None:
        """The one of that name whose token holds, else the last one whose token did."""
        return min(self._called(name), key=lambda each: not each.is_known, default=None)

    def add(self, name: str, role: Role, digest: str, now: Instant) -> Person:
        """A new one; ``ValueError`` where somebody of that name is there."""
        if (known := self.find(name)) is not None and known.is_known:
            raise ValueError(f'there is "{known.name}" already')
        number = self._db.number(
            "INSERT INTO people (name, role, digest, made) VALUES (?, ?, ?, ?) RETURNING id",
            (name, role.word, digest, now),
        )
        return Person(number, name, role, digest, now)

    def revoke(self, person: int, now: Instant) -> bool:
        """Have a token open nothing any more; False where it did not."""
        sql = "UPDATE people SET revoked = ? WHERE id = ? AND revoked IS NULL"
        return bool(self._db.execute(sql, (now, person)).rowcount)

    def forget(self, name: str) -> builtins.list[Person]:
        """Remove those of that name whose tokens were revoked; return them, the newest first."""
        gone = [each for each in self._called(name) if not each.is_known]
        self._db.many("DELETE FROM people WHERE id = ?", ((each.id,) for each in gone))
        return gone

    def _called(self, name: str) -> builtins.list[Person]:
        """Return those of that name, whose tokens hold or not, the newest first."""
        wanted = folded(name)
        return [each for each in self.list() if folded(each.name) == wanted]


class Audit(Face):
    """The record of what people wrote, the newest last."""

    def note(
        self,
        author: Author,
        now: Instant,
        what: str,
        subject: str,
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any] | None,
    ) -> None:
        """Record one write; inside the transaction of what was written."""
        self._db.execute(
            "INSERT INTO audit (at, who, via, what, subject, before, after) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (now, author.name, author.via.value, what, subject, _text(before), _text(after)),
        )

    def list(
        self,
        *,
        who: str | None = None,
        what: str | None = None,
        since: Instant | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> builtins.list[AuditRecord]:
        """The newest first; ``before`` is the last id of the page before."""
        given = {"who = ?": who, "what = ?": what, "at >= ?": since, "id < ?": before}
        asked = {text: value for text, value in given.items() if value is not None}
        where = f" WHERE {' AND '.join(asked)}" if asked else ""  # only those, or no index is used
        sql = f"{_RECORD}{where} ORDER BY id DESC LIMIT ?"
        return self._db.all(_record, sql, [*asked.values(), limit])

    def within(
        self, begin: Instant, end: Instant, kinds: Sequence[str], limit: int
    ) -> builtins.list[AuditRecord]:
        """Read what was done of these kinds from one time to another, the oldest first; of very
        much the newest."""
        rows = self._db.rows(
            f"{_RECORD} WHERE at BETWEEN ? AND ? AND what IN {self._sql.among(sort=TEXT)} "
            "ORDER BY at DESC, id DESC LIMIT ?",
            (begin, end, self._sql.listed(kinds), limit),
        )
        return [_record(*row) for row in reversed(rows)]

    def names(self) -> builtins.list[str]:
        """Whoever wrote something, by name."""
        return self._db.all(str, "SELECT DISTINCT who FROM audit ORDER BY who")

    def changes(self) -> builtins.list[str]:
        """Return what was ever done."""
        return self._db.all(str, "SELECT DISTINCT what FROM audit ORDER BY what")

    def prune(self, now: Instant) -> int:
        """Forget what was done long ago, as many as one go takes; how many went."""
        return self._db.execute(
            "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < ? ORDER BY at LIMIT ?)",
            (now - KEPT, _STEP),
        ).rowcount


def _person(*row: Any) -> Person:
    number, name, role, digest, made, revoked = row
    return Person(number, name, Role.of(role), digest, made, revoked)


def _record(*row: Any) -> AuditRecord:
    number, at, who, via, what, subject, before, after = row
    return AuditRecord(number, at, who, Via(via), what, subject, _values(before), _values(after))


def _text(values: Mapping[str, Any] | None) -> str | None:
    return None if values is None else msgspec.json.encode(values).decode()


def _values(text: str | None) -> dict[str, Any] | None:
    return None if text is None else msgspec.json.decode(text, type=dict[str, Any])
