"""Who held which book when, from the server's own clock: written down by a trigger, so that no
holder is missed however short its time was."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import psycopg

_HISTORY = """
CREATE SCHEMA seen;
CREATE TABLE seen.leases (
    id bigserial, at double precision, book text, holder text, fence bigint
);
CREATE TABLE seen.daemons (daemon text PRIMARY KEY, pid int);
CREATE FUNCTION seen.lease() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    INSERT INTO seen.leases (at, book, holder, fence)
        VALUES (extract(epoch FROM clock_timestamp()), NEW.book, NEW.holder, NEW.fence);
    RETURN NULL;
END $$;
CREATE FUNCTION seen.daemon() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    INSERT INTO seen.daemons VALUES (NEW.id, NEW.pid) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER seen AFTER UPDATE ON watcher.leases FOR EACH ROW
    WHEN (OLD.holder IS DISTINCT FROM NEW.holder OR OLD.fence <> NEW.fence)
    EXECUTE FUNCTION seen.lease();
CREATE TRIGGER seen_first AFTER INSERT ON watcher.leases FOR EACH ROW
    WHEN (NEW.holder IS NOT NULL) EXECUTE FUNCTION seen.lease();
CREATE TRIGGER seen AFTER INSERT OR UPDATE ON watcher.daemons FOR EACH ROW
    EXECUTE FUNCTION seen.daemon();
"""


class Spell(NamedTuple):
    """The time for which ``who`` (an incarnation; None: nobody) had a book's lease. ``until`` is
    None for the last one."""

    who: int | None
    fence: int
    since: float
    until: float | None = None


class LeaseHistory:
    """What the server knows of leases and holders, over a connection of its own."""

    def __init__(self, url: str, incarnation_of: Callable[[int], int]) -> None:
        """``incarnation_of`` says which incarnation has a process id."""
        self._url = url
        self._conn = psycopg.connect(url, autocommit=True)
        self._incarnation_of = incarnation_of
        self._known: dict[str, int] = {}

    def begin(self) -> None:
        """Write down what happens from now on; books must have been made."""
        self._conn.execute(_HISTORY)

    def close(self) -> None:
        self._conn.close()

    def _rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """None while the server is away."""
        try:
            if self._conn.closed:
                self._conn = psycopg.connect(self._url, autocommit=True)
            return self._conn.execute(sql, values).fetchall()
        except psycopg.OperationalError:
            self._conn.close()
            return []

    def holder(self, book: str) -> int | None:
        """The incarnation that has the book now."""
        rows = self._rows("SELECT holder FROM watcher.leases WHERE book = %s", book)
        return self._who(rows[0][0]) if rows else None

    def holders(self) -> dict[str, int | None]:
        """Of every book; whoever let it run out does not have it."""
        rows = self._rows("SELECT book, holder, until > clock_timestamp() FROM watcher.leases")
        return {book: self._who(holder) if holds else None for book, holder, holds in rows}

    def spells(self, book: str) -> list[Spell]:
        """All of a book's, in order."""
        rows = self._rows(
            "SELECT holder, fence, at FROM seen.leases WHERE book = %s ORDER BY id", book
        )
        return spells_of((self._who(holder), fence, at) for holder, fence, at in rows)

    def _who(self, daemon: str | None) -> int | None:
        if daemon is None:
            return None
        if daemon not in self._known:
            rows = self._rows("SELECT pid FROM seen.daemons WHERE daemon = %s", daemon)
            if not rows:
                return None
            self._known[daemon] = self._incarnation_of(rows[0][0])
        return self._known[daemon]


def spells_of(changes: Iterable[tuple[int | None, int, float]]) -> list[Spell]:
    """Spells from changes of (holder, fence, at), each of which ends the one before it."""
    found: list[Spell] = []
    for who, fence, at in changes:
        if found:
            found[-1] = found[-1]._replace(until=at)
        found.append(Spell(who, fence, at))
    return found
