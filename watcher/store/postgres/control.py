"""The control plane on a PostgreSQL server: books, leases and daemons over one connection."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Self

import psycopg

from watcher.store.control import NoBooks
from watcher.store.places import Server
from watcher.store.postgres.books import PostgresBooks
from watcher.store.postgres.control_schema import migrate
from watcher.store.postgres.daemons import PostgresDaemons
from watcher.store.postgres.failures import explained
from watcher.store.postgres.leases import PostgresLeases
from watcher.store.postgres.sessions import Session, begin, has_control, is_readonly, row_of

# Nothing here takes long; what waits for a session that stands still must not wait for ever.
_SETTINGS = {
    "statement_timeout": "20s",
    "lock_timeout": "8s",
    "idle_in_transaction_session_timeout": "10s",
    "search_path": "pg_catalog, pg_temp",
}


class PostgresControl:
    """A server's part that all books share. A broken connection is made anew at the next use."""

    def __init__(self, url: str, *, readonly: bool = False) -> None:
        self._place = Server(url, "")  # no single book
        self._readonly = readonly
        self._session: Session | None = None
        self.books = PostgresBooks(self._begin, self._tell, self._place)
        self.leases = PostgresLeases(self._reach)
        self.daemons = PostgresDaemons(self._reach)

    def now(self) -> float:
        with self._begin() as session:
            asked = "SELECT extract(epoch FROM clock_timestamp())::float8"
            return float(row_of(session, asked)[0])

    def is_readonly(self) -> bool:
        with self._begin() as session:
            return is_readonly(session)

    def tell(self, event: str, book: str) -> None:
        with self._begin() as session:
            self._tell(session, event, book)

    def abort(self) -> None:
        session = self._session
        if session is not None and not session.closed:
            with suppress(OSError, psycopg.Error):
                end = socket.socket(fileno=os.dup(session.fileno()))
                with end:
                    end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _begin(self) -> Iterator[Session]:
        """A transaction."""
        with self._reach() as session, session.transaction():
            yield session

    @contextmanager
    def _reach(self) -> Iterator[Session]:
        """A session in which each statement is a transaction."""
        with explained(self._place):
            yield self._live()

    def _live(self) -> Session:
        if self._session is None or self._session.closed:
            self._session = None
            opened = begin(self._place, "watcher/control", _SETTINGS)
            try:
                self._prepare(opened)
            except BaseException:
                opened.close()
                raise
            self._session = opened
        return self._session

    def _prepare(self, session: Session) -> None:
        """Whoever only reads makes nothing."""
        if not self._readonly and not is_readonly(session):
            migrate(session, self._place)
        elif not has_control(session):
            raise NoBooks(
                f"{self._place}: there are no books yet in this database; "
                "`watcher books add NAME` makes one",
                self._place,
            )

    @staticmethod
    def _tell(session: Session, event: str, book: str) -> None:
        session.execute(
            "SELECT pg_notify(value, %s) FROM watcher.settings WHERE name = 'channel'",
            (f"{event} {book}",),
        )


def open_control(url: str, *, readonly: bool = False) -> PostgresControl:
    """The control plane of the server's database, made where there is none; raises
    ``StoreError``. Who only reads makes nothing, and may have a replica's URL."""
    control = PostgresControl(url, readonly=readonly)
    control.now()
    return control
