"""The rules of the page: every version of their text, of which the newest is in force. None is
changed or removed by whoever writes; of very many the oldest go."""

from __future__ import annotations

import zlib
from hashlib import sha256

from msgspec import Struct

from watcher.errors import WatcherError
from watcher.model import Instant
from watcher.page_text import PageText
from watcher.store.sql.connection import Face

KEPT = 500  # versions


class PageVersion(Struct, frozen=True):
    """A text as somebody saved it: ``who``, and of which older version it is a copy (None: none).
    ``size`` is in bytes."""

    number: int
    at: Instant
    who: str
    restores: int | None
    size: int
    digest: str


_NONE = PageVersion(0, 0, "", None, 0, sha256().hexdigest())  # of before anybody wrote any


class Outdated(WatcherError):
    """Somebody saved another version since the one that a change began from."""


class PageRules(Face):
    """The versions, each with a number of its own, one more than the one before."""

    def is_there(self) -> bool:
        """Whether this store keeps any: one of an older version does not."""
        return self._db.has(self._sql.finds_table("page_rules"))

    def newest(self) -> int:
        """The number of the one in force; 0 where there is none."""
        return self._db.number("SELECT max(number) FROM page_rules")

    def current(self) -> PageText:
        """The text in force."""
        row = self._db.one("SELECT number, packed FROM page_rules ORDER BY number DESC LIMIT 1")
        return PageText() if row is None else PageText(_unpacked(row[1]), row[0])

    def text(self, number: int) -> str | None:
        """The text of a version; None where it is not kept. That of 0 is empty."""
        packed = self._db.value("SELECT packed FROM page_rules WHERE number = ?", (number,))
        if packed is None:
            return None if number else ""
        return _unpacked(packed)

    def versions(self, before: int | None = None, limit: int = 20) -> list[PageVersion]:
        """The newest first; only those ``before`` a number."""
        return self._db.all(
            PageVersion,
            "SELECT v.number, v.at, v.who, v.restores, v.size, v.digest FROM page_rules AS v "
            "WHERE CAST(?1 AS BIGINT) IS NULL OR v.number < ?1 ORDER BY v.number DESC LIMIT ?2",
            (before, limit),
        )

    def save(
        self, text: str, now: Instant, *, base: int, who: str, restores: int | None = None
    ) -> PageVersion:
        """Have a text in force from now on, that was made of version ``base``; the version, which
        is that of before where the text is the same (0 where nothing is there, and nothing comes).
        Raises ``Outdated`` where another one is in force by now."""
        content = text.encode()
        digest = sha256(content).hexdigest()
        with self._db.atomic():
            newest = next(iter(self.versions(limit=1)), _NONE)
            if newest.number != base:
                raise Outdated(f"version {newest.number} is in force, not {base}")
            if newest.digest == digest:
                return newest
            made = PageVersion(base + 1, now, who, restores, len(content), digest)
            self._db.execute(
                "INSERT INTO page_rules (number, at, who, restores, size, digest, packed) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (made.number, now, who, restores, made.size, digest, zlib.compress(content)),
            )
            self._db.execute("DELETE FROM page_rules WHERE number <= ?", (made.number - KEPT,))
        return made


def _unpacked(packed: bytes) -> str:
    return zlib.decompress(packed).decode()
