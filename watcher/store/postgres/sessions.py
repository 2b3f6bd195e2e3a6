"""Sessions on a server: how one is begun and looked at."""

from __future__ import annotations

from typing import Any, LiteralString, TypeAlias

import psycopg
from msgspec import Struct
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from watcher.errors import NoSuchBook, StoreError
from watcher.store.control import refuse_name
from watcher.store.places import Server, shown
from watcher.store.postgres.failures import explained

Session: TypeAlias = psycopg.Connection[Any]

_LONGEST_NAME = 63  # PostgreSQL cuts the rest off
OLDEST = 15  # of PostgreSQL's versions
# A peer that is gone without a word (a cable, a firewall) is noticed within seconds.
_TCP: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 3,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 6_000,
}


class BookNames(Struct, frozen=True):
    """A book's schema, and the role that owns it and nothing else."""

    schema: str
    role: str


def application_name(daemon: str, book: str) -> str:
    """The name of a daemon's sessions for a book; at a takeover they are ended by it."""
    return f"watcher/{daemon}/{book}"[:_LONGEST_NAME]


def parameters(place: Server, name: str) -> dict[str, Any]:
    """The arguments of ``psycopg.connect``; what the URL says itself stays."""
    try:
        given = conninfo_to_dict(place.url)
    except psycopg.ProgrammingError as error:
        # libpq's words would show a part of the URL, and perhaps of the password.
        words = f"{shown(place.url)}: this is no URL of a PostgreSQL database; write it as "
        raise StoreError(f"{words}postgresql://USER@HOST/DATABASE", place) from error
    return {**_TCP, "fallback_application_name": "watcher", **given, "application_name": name}


def begin(place: Server, name: str, settings: dict[str, str] | None = None) -> Session:
    """A session of the URL's own user, in autocommit, in UTC; raises ``StoreError`` where the
    server can't be reached, is too old or gives each transaction another session."""
    asked = parameters(place, name)
    with explained(place):
        session: Session = psycopg.connect(**asked, autocommit=True, prepare_threshold=None)
    try:
        with explained(place):
            _refuse_old(session, place)
            _refuse_pooler(session, place, asked)
            put(session, {"timezone": "UTC", **(settings or {})})
    except BaseException:
        session.close()
        raise
    return session


def put(session: Session, settings: dict[str, str]) -> None:
    """Settings of a session, in one round trip; those of the book's role last."""
    calls = sql.SQL(", ").join(
        sql.SQL("set_config({}, {}, false)").format(sql.Literal(name), sql.Literal(value))
        for name, value in settings.items()
    )
    psycopg.Cursor(session).execute(sql.SQL("SELECT {}").format(calls))


def row_of(session: Session, asked: LiteralString, *values: object) -> tuple[Any, ...]:
    """The row of a statement that always gives one."""
    for row in rows_of(session, asked, *values):
        return row
    raise LookupError(asked)


def rows_of(session: Session, asked: LiteralString, *values: object) -> list[tuple[Any, ...]]:
    """The rows of a statement, whatever kind of cursor the session makes by itself."""
    return psycopg.Cursor(session).execute(asked, values).fetchall()


def is_readonly(session: Session) -> bool:
    """Whether nothing can be written in this session: a replica's, or one set so."""
    asked = "SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::bool"
    return bool(row_of(session, asked)[0])


def names_of(session: Session, book: str, place: Server) -> BookNames:
    """A book's schema and role; ``StoreError`` where there is no such book."""
    refuse_name(book)
    if has_control(session):
        asked = "SELECT schema, role FROM watcher.books WHERE name = %s"
        for row in rows_of(session, asked, book):
            return BookNames(*row)
    raise NoSuchBook(f"{shown(place.url)}: {no_book(book)}", place)


def no_book(book: str) -> str:
    """The words about a book that is not there."""
    return (
        f"there is no book {book}; `watcher books list` shows those that are, "
        f"`watcher books add {book}` makes it"
    )


def has_control(session: Session) -> bool:
    """Whether the database has what all books share."""
    return bool(row_of(session, "SELECT to_regclass('watcher.books') IS NOT NULL")[0])


def _refuse_old(session: Session, place: Server) -> None:
    version = session.info.server_version // 10_000
    if version < OLDEST:
        words = f"{shown(place.url)}: the server is PostgreSQL {version}, and watcher needs"
        raise StoreError(f"{words} {OLDEST} or newer", place)


def _refuse_pooler(session: Session, place: Server, asked: dict[str, Any]) -> None:
    """A pooler makes up the process id that it greets with. One that gives each transaction
    whichever session is idle gives two clients the same one."""
    mine = _process(session)
    if mine == session.info.backend_pid:
        return
    with psycopg.connect(**asked, autocommit=True, prepare_threshold=None) as other:
        theirs = _process(other)
        shared = theirs == _process(session) or mine == theirs
    if shared:
        words = f"{shown(place.url)}: this is a connection pooler in transaction mode, where no "
        raise StoreError(
            f"{words}session stays one's own; use the server's own port, or the pooler's session "
            "mode", place,
        )  # fmt: skip


def _process(session: Session) -> int:
    return int(row_of(session, "SELECT pg_backend_pid()")[0])
