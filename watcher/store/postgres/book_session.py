"""A session that reads and writes a book: what is set for it, and how values are read."""

from __future__ import annotations

from decimal import Decimal
from hashlib import blake2b
from typing import Any

from psycopg import sql
from psycopg.abc import Buffer
from psycopg.types.numeric import Int8Dumper, NumericBinaryLoader, NumericLoader

from watcher.errors import StoreError
from watcher.store.places import Server, shown
from watcher.store.postgres import arrays, sessions
from watcher.store.postgres.failures import explained

# A holder that stands still inside a transaction blocks its book no longer than this.
_IDLE = "idle_in_transaction_session_timeout"
_SETTINGS = {
    _IDLE: "10s",
    "lock_timeout": "30s",
    "statement_timeout": "10min",
    "client_min_messages": "warning",
    # To compile a statement takes longer than any of ours.
    "jit": "off",
    # The server's end of it: a daemon that is gone without a word keeps no lock.
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}
# Whether there is a role, made for this database, that the session's user may become.
_USABLE = """
SELECT EXISTS (
    SELECT FROM pg_roles, pg_database
    WHERE rolname = %s AND datname = current_database()
    AND starts_with(rolname, 'watcher_' || pg_database.oid || '_')
    AND pg_has_role(pg_roles.oid, 'MEMBER')
)
"""
_PREPARED_FROM = 5  # times that a statement was asked


def lock_of(server: Server) -> int:
    """The number of the lock that a book's writer has."""
    digest = blake2b(f"watcher book {server.book}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def connect(server: Server, name: str, *, readonly: bool) -> sessions.Session:
    """A session with the rights of the book alone, in which only BEGIN begins a transaction. Raises
    ``StoreError``, also where the server does not end transactions that stand still."""
    asked = _SETTINGS | ({"default_transaction_read_only": "on"} if readonly else {})
    conn = sessions.begin(server, name, asked)
    try:
        _refuse_endless(conn, server)
        become(conn, server.book, server)
        conn.prepare_threshold = _PREPARED_FROM
        # Small numbers would be sent as smallint, whose sums overflow.
        conn.adapters.register_dumper(int, Int8Dumper)
        conn.adapters.register_loader("numeric", _Number)
        conn.adapters.register_loader("numeric", _BinaryNumber)
        arrays.register(conn)
    except BaseException:
        conn.close()
        raise
    return conn


def become(session: sessions.Session, book: str, place: Server) -> sessions.BookNames:
    """From now on the session has the rights of the book alone, and finds its tables only. Raises
    ``StoreError`` where there is no such book."""
    with explained(place):
        names = sessions.names_of(session, book, place)
        if not sessions.row_of(session, _USABLE, names.role)[0]:
            raise StoreError(
                f"{shown(place.url)}: the role that keeps the book {book} to itself is not there, "
                f"as after a restore; `watcher books add {book}` makes it",
                place,
            )
        schema = sql.Identifier(names.schema).as_string()
        sessions.put(session, {"role": names.role, "search_path": f"{schema}, pg_temp"})
    return names


def _refuse_endless(conn: sessions.Session, server: Server) -> None:
    (limit,) = sessions.row_of(conn, "SELECT current_setting(%s)", _IDLE)
    if limit in {"", "0"}:
        raise StoreError(
            f"{server}: the server does not keep {_IDLE} (a pooler between?), and so a daemon that "
            "stands still would block its book for ever; use the server's own port",
            server,
        )


def _plain(value: Decimal) -> int | float:
    """A sum of whole numbers, which PostgreSQL gives as numeric, as what was summed."""
    return int(value) if value == value.to_integral_value() else float(value)


class _Number(NumericLoader):
    def load(self, data: Buffer) -> Any:
        return _plain(super().load(data))


class _BinaryNumber(NumericBinaryLoader):
    def load(self, data: Buffer) -> Any:
        return _plain(super().load(data))
