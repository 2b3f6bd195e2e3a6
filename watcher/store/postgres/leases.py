"""Leases of books, by the server's clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress

import psycopg
from psycopg.rows import class_row

from watcher.store.control import LONGEST_LEASE, Lease, LeaseState
from watcher.store.postgres.sessions import Session, application_name

Reach = Callable[[], AbstractContextManager[Session]]  # each statement is a transaction
Begin = Callable[[], AbstractContextManager[Session]]  # a transaction
Tell = Callable[[Session, str, str], None]

# Each of these is a statement of its own, and so a transaction: a daemon that is stopped between
# two of them keeps no row from the others. One that has longer to run than any lease does was
# granted by another clock: the server is a replica of before.
_IS_FREE = f"""(holder IS NULL OR until <= clock_timestamp()
    OR until > clock_timestamp() + interval '{LONGEST_LEASE} s')"""
_FREE = f"""
SELECT coalesce(holder, former), holder IS NOT NULL FROM watcher.leases
WHERE book = %s AND {_IS_FREE}
"""
# Of a holder that let its lease run out all that it has of the book; of one that handed the book
# over only what it left open. Nobody waits for their end here: who takes the lease does, as long as
# one of them may still commit.
_END = f"""
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = %s AND pid <> pg_backend_pid()
AND (%s OR xact_start IS NOT NULL)
AND EXISTS (SELECT FROM watcher.leases WHERE book = %s AND {_IS_FREE})
"""
_TOLD = """(SELECT pg_notify(value, 'lease ' || book)
    FROM watcher.settings WHERE name = 'channel')"""
_TAKE = f"""
WITH taken AS (
    UPDATE watcher.leases SET holder = %s, former = NULL, fence = fence + 1, ill = NULL,
        until = clock_timestamp() + make_interval(secs => %s),
        since = extract(epoch FROM clock_timestamp())::bigint
    WHERE book = %s AND {_IS_FREE} RETURNING book, fence
)
SELECT fence, {_TOLD} FROM taken
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
_RELEASE = f"""
WITH released AS (
    UPDATE watcher.leases SET holder = NULL, former = holder, until = clock_timestamp(), ill = NULL
    WHERE book = %s AND holder = %s AND fence = %s RETURNING book
)
SELECT {_TOLD} FROM released
"""
_ALL = """
SELECT book, holder, fence, since, ill,
    extract(epoch FROM until - clock_timestamp())::float8 AS left
FROM watcher.leases ORDER BY book COLLATE "C"
"""


class PostgresLeases:
    """At most one daemon a book."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach

    def take(self, book: str, holder: str, seconds: float) -> Lease | None:
        with self._reach() as session:
            found = session.execute(_FREE, (book,)).fetchone()
            if found is None:
                return None
            before, ran_out = found
            if before is not None:
                end(session, book, before, whole=ran_out)
            taken = session.execute(_TAKE, (holder, seconds, book)).fetchone()
            return None if taken is None else Lease(book, holder, taken[0])

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
        with self._reach() as session:
            renewed = {book for (book,) in session.execute(_RENEW, (*columns, seconds))}
        return [each for each in leases if each.book in renewed]

    def release(self, lease: Lease) -> None:
        with self._reach() as session:
            session.execute(_RELEASE, (lease.book, lease.holder, lease.fence))

    def all(self) -> Sequence[LeaseState]:
        with self._reach() as session, session.cursor(row_factory=class_row(LeaseState)) as cursor:
            return cursor.execute(_ALL).fetchall()


def end(session: Session, book: str, before: str, *, whole: bool) -> None:
    """End the sessions of who had it before, or of them only those inside a transaction; where
    another user began them, they are left to the server's idle_in_transaction_session_timeout."""
    with suppress(psycopg.errors.InsufficientPrivilege):
        session.execute(_END, (application_name(before, book), whole, book))


def _storable(text: str | None) -> str | None:
    return None if text is None else text.replace("\0", "")
