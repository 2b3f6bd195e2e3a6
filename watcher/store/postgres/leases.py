"""Leases of books, by the server's clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager

import psycopg
from psycopg.rows import class_row

from watcher.store.control import Lease, LeaseState
from watcher.store.postgres.sessions import Session, application_name, row_of

Begin = Callable[[], AbstractContextManager[Session]]
Tell = Callable[[Session, str, str], None]

# No waiting: whoever else has the row in hand takes the lease, or goes on holding it. A writer of
# the book holds it FOR KEY SHARE, which this lock does not mind.
_FREE = """
SELECT coalesce(holder, former), holder IS NOT NULL FROM watcher.leases
WHERE book = %s AND (holder IS NULL OR until <= clock_timestamp())
FOR NO KEY UPDATE SKIP LOCKED
"""
# Of a holder that let its lease run out all that it has of the book; of one that handed the book
# over only what it left open.
_END = """
SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = %s AND pid <> pg_backend_pid()
AND (%s OR xact_start IS NOT NULL)
"""
_TAKE = """
UPDATE watcher.leases SET holder = %s, former = NULL, fence = fence + 1, ill = NULL,
    until = clock_timestamp() + make_interval(secs => %s),
    since = extract(epoch FROM clock_timestamp())::bigint
WHERE book = %s RETURNING fence
"""
# A row that is being taken by another is lost: to wait for it would let the others run out.
_RENEW = """
WITH mine AS (
    SELECT leases.book, asked.ill
    FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::text[])
        AS asked (book, holder, fence, ill)
    JOIN watcher.leases USING (book, holder, fence)
    FOR NO KEY UPDATE OF leases SKIP LOCKED
)
UPDATE watcher.leases SET ill = mine.ill,
    until = clock_timestamp() + make_interval(secs => %s)
FROM mine WHERE leases.book = mine.book RETURNING leases.book
"""
_RELEASE = """
UPDATE watcher.leases SET holder = NULL, former = holder, until = clock_timestamp(), ill = NULL
WHERE book = %s AND holder = %s AND fence = %s
"""
_ALL = """
SELECT book, holder, fence, since, ill,
    extract(epoch FROM until - clock_timestamp())::float8 AS left
FROM watcher.leases ORDER BY book COLLATE "C"
"""


class PostgresLeases:
    """At most one daemon a book."""

    def __init__(self, begin: Begin, tell: Tell) -> None:
        self._begin = begin
        self._tell = tell

    def take(self, book: str, holder: str, seconds: float) -> Lease | None:
        with self._begin() as session:
            found = session.execute(_FREE, (book,)).fetchone()
            if found is None:
                return None
            before, ran_out = found
            if before is not None:
                end(session, application_name(before, book), whole=ran_out)
            fence = row_of(session, _TAKE, holder, seconds, book)[0]
            self._tell(session, "lease", book)
            return Lease(book, holder, fence)

    def renew(
        self, leases: Sequence[Lease], seconds: float, ill: Mapping[str, str | None]
    ) -> Sequence[Lease]:
        if not leases:
            return []
        columns = (
            [each.book for each in leases],
            [each.holder for each in leases],
            [each.fence for each in leases],
            [_storable(ill.get(each.book)) for each in leases],
        )
        with self._begin() as session:
            renewed = {book for (book,) in session.execute(_RENEW, (*columns, seconds))}
        return [each for each in leases if each.book in renewed]

    def release(self, lease: Lease) -> None:
        with self._begin() as session:
            session.execute(_RELEASE, (lease.book, lease.holder, lease.fence))
            self._tell(session, "lease", lease.book)

    def all(self) -> Sequence[LeaseState]:
        with self._begin() as session, session.cursor(row_factory=class_row(LeaseState)) as cursor:
            return cursor.execute(_ALL).fetchall()


def end(session: Session, name: str, *, whole: bool) -> None:
    """End the sessions of this name, or of them only those inside a transaction; where another user
    began them, they are left to the server's idle_in_transaction_session_timeout."""
    try:
        with session.transaction():
            session.execute(_END, (name, whole))
    except psycopg.errors.InsufficientPrivilege:
        return


def _storable(text: str | None) -> str | None:
    return None if text is None else text.replace("\0", "")
