"""Links of messages, by which who has one may act; and what was done by them.

A link holds a token of 128 random bits, of which only the digest is stored: who reads the database
can act on nothing.
"""

from __future__ import annotations

import builtins
import secrets
from collections.abc import Iterable
from hashlib import sha256
from string import ascii_letters, digits

from msgspec import Struct

from watcher.model import Instant
from watcher.store.sql.connection import Face
from watcher.units import DAY

LIFETIME = 14 * DAY
REMEMBERED = 14 * DAY  # for which an expired one is told from one that never was
_BITS = 128
# In an address, and in any markup, these mean nothing else; no service takes one for the end of it.
_SIGNS = ascii_letters + digits
TOKEN_LENGTH = 22  # of these signs hold so many bits
_LINK = (
    "SELECT l.id, l.notification, n.channel, n.target, l.made, l.expires, l.revoked "
    "FROM links AS l JOIN notifications AS n ON n.id = l.notification"
)
_DEED = "SELECT d.id, d.at, d.number, d.what, d.rule, d.silence, d.undone FROM deeds AS d"


def new_token() -> str:
    """A token that nobody can guess, of letters and digits, always of the same length."""
    number, signs = secrets.randbits(_BITS), list[str]()
    for _ in range(TOKEN_LENGTH):
        number, sign = divmod(number, len(_SIGNS))
        signs.append(_SIGNS[sign])
    return "".join(signs)


def digest_of(token: str) -> str:
    """The digest of a token, which says nothing of it."""
    return sha256(token.encode("utf-8", "replace")).hexdigest()


class Link(Struct, frozen=True):
    """A link of the message that a ``notification`` had told to a target. It holds from ``made``
    until before ``expires``, unless it was ``revoked``."""

    id: int
    notification: int
    channel: str
    target: str
    made: Instant
    expires: Instant
    revoked: Instant | None = None

    def holds(self, now: Instant) -> bool:
        """Whether one may act by it."""
        return self.revoked is None and now < self.expires

    def state(self, now: Instant) -> str:
        """The state in a word."""
        if self.revoked is not None:
            return "revoked"
        return "open" if now < self.expires else "expired"


class Deed(Struct, frozen=True):
    """Something that was done by a link: ``what`` with the product of that ``number`` in the
    message, by that ``rule`` where it is about one; the ``silence`` that it made."""

    id: int
    at: Instant
    number: int
    what: str
    rule: str = ""
    silence: int | None = None
    undone: Instant | None = None


class Links(Face):
    """Links by the digest of their token. They go with their notification."""

    def add(self, digest: str, notification: int, now: Instant) -> None:
        """Keep a new one; those of the same message that there are hold as before."""
        self._db.execute(
            "INSERT INTO links (digest, notification, made, expires) VALUES (?, ?, ?, ?)",
            (digest, notification, now, now + LIFETIME),
        )

    def find(self, digest: str) -> Link | None:
        """The link whose token has the digest, whether it holds or not."""
        row = self._db.one(f"{_LINK} WHERE l.digest = ?", (digest,))
        return Link(*row) if row else None

    def list(self) -> builtins.list[Link]:
        """All, the newest first."""
        return self._db.all(Link, f"{_LINK} ORDER BY l.id DESC")

    def revoke(self, ids: Iterable[int], now: Instant) -> int:
        """Have these hold no more; how many of them did."""
        done = self._db.execute(
            f"UPDATE links SET revoked = ?2 WHERE id IN {self._sql.among('?1')} "
            "AND revoked IS NULL AND expires > ?2",
            (self._sql.listed(ids), now),
        )
        return done.rowcount

    def prune(self, now: Instant) -> int:
        """Forget those that expired long ago, and what was done by them; how many went."""
        before = now - REMEMBERED
        return self._db.execute("DELETE FROM links WHERE expires < ?", (before,)).rowcount

    def deeds(self, notification: int) -> builtins.list[Deed]:
        """Return what was done by the links of a message, the oldest first: one that was sent twice
        has two, and each shows what was done by the other."""
        return self._db.all(
            Deed,
            f"{_DEED} JOIN links AS l ON l.id = d.link WHERE l.notification = ? ORDER BY d.id",
            (notification,),
        )

    def used(self) -> dict[int, tuple[int, Instant]]:
        """Return how often each link that was used was, and when last."""
        sql = "SELECT link, count(*), max(at) FROM deeds GROUP BY link"
        return {link: (times, last) for link, times, last in self._db.rows(sql)}

    def was_sent(self, link: int, form: str) -> bool:
        """Whether that form of the link's page was sent before."""
        return self._db.has("SELECT 1 FROM deeds WHERE link = ? AND form = ?", (link, form))

    def note(
        self, link: int, form: str, now: Instant, number: int, what: str, *,
        rule: str = "", silence: int | None = None, undone: Instant | None = None,
    ) -> None:  # fmt: skip
        """Remember that it was done, by that form."""
        self._db.execute(
            "INSERT INTO deeds (link, form, at, number, what, rule, silence, undone) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (link, form, now, number, what, rule, silence, undone),
        )

    def undo(self, deed: int, now: Instant) -> bool:
        """Note that it was undone; False where it was before."""
        sql = "UPDATE deeds SET undone = ? WHERE id = ? AND undone IS NULL"
        return bool(self._db.execute(sql, (now, deed)).rowcount)
