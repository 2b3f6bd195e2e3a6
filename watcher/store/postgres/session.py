"""A session on the server: how it is opened, and what is set for it."""

from __future__ import annotations

from decimal import Decimal
from hashlib import blake2b

import psycopg
from psycopg import sql
from psycopg.adapt import Buffer
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.types.numeric import Int8Dumper, NumericBinaryLoader, NumericLoader

from watcher.errors import StoreError
from watcher.store.places import Server
from watcher.store.postgres import arrays

# A holder that stands still inside a transaction blocks its book no longer than this.
IDLE_SECONDS = 10
LOCKED_SECONDS = 30
_STATEMENT_SECONDS = 600
_ANSWER_SECONDS = 10  # of a server that is gone without a word
# What the URL does not say otherwise.
_NETWORK = {
    "connect_timeout": "10", "keepalives": "1", "keepalives_idle": "5", "keepalives_interval": "2",
    "keepalives_count": "3", "tcp_user_timeout": f"{_ANSWER_SECONDS * 1000}",
}  # fmt: skip
_SETTINGS = {
    "idle_in_transaction_session_timeout": f"{IDLE_SECONDS}s",
    "lock_timeout": f"{LOCKED_SECONDS}s",
    "statement_timeout": f"{_STATEMENT_SECONDS}s",
    "TimeZone": "UTC",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "client_min_messages": "warning",
}
_NAME_BYTES = 63  # of an application's name: PostgreSQL cuts the rest off
OLDEST = 150_000


def schema_of(book: str) -> str:
    """The schema in which a book's tables are."""
    return f"book_{book}"


def lock_of(server: Server) -> int:
    """The number of the lock that a book's writer has."""
    digest = blake2b(f"watcher book {server.book}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def application_name(holder: str, book: str) -> str:
    """The name under which the server knows a session: ``watcher/<daemon>/<book>``."""
    return f"watcher/{holder}/{book}".encode()[:_NAME_BYTES].decode(errors="ignore")


def connect(server: Server, name: str, *, readonly: bool = False) -> psycopg.Connection:
    """A connection in which only BEGIN begins a transaction, and which sees the book's schema
    only. Raises psycopg's errors, and ``StoreError`` for a server that is too old, or that does not
    end transactions that stand still."""
    conninfo = _NETWORK | conninfo_to_dict(server.url) | {"application_name": name}
    conn = psycopg.connect(
        make_conninfo("", **conninfo), autocommit=True, cursor_factory=psycopg.RawCursor
    )
    try:
        _adapt(conn)
        _set_up(conn, server, readonly=readonly)
    except BaseException:
        conn.close()
        raise
    return conn


def _adapt(conn: psycopg.Connection) -> None:
    # Small numbers would be sent as smallint, whose sums overflow.
    conn.adapters.register_dumper(int, Int8Dumper)
    conn.adapters.register_loader("numeric", _Number)
    conn.adapters.register_loader("numeric", _BinaryNumber)
    arrays.register(conn)


def _set_up(conn: psycopg.Connection, server: Server, *, readonly: bool) -> None:
    if conn.info.server_version < OLDEST:
        version = conn.info.server_version // 10_000
        raise StoreError(f"{server}: PostgreSQL {version}; watcher needs 15 or newer", server)
    given = _SETTINGS | {"default_transaction_read_only": "on" if readonly else "off"}
    settings = [
        sql.SQL("SET {} = {}").format(sql.Identifier(name), sql.Literal(value))
        for name, value in given.items()
    ]
    path = sql.SQL("SET search_path = {}, pg_catalog, pg_temp").format(
        sql.Identifier(schema_of(server.book))
    )
    shown = sql.SQL("SELECT current_setting('idle_in_transaction_session_timeout')")
    text = sql.SQL("; ").join([*settings, path, shown]).as_bytes(conn)
    cursor = conn.execute(text, prepare=False)
    while cursor.nextset():
        pass
    row = cursor.fetchone()
    if row is None or row[0] in {"0", ""}:
        raise StoreError(
            f"{server}: the server does not keep idle_in_transaction_session_timeout (a pooler "
            "between?); without it a daemon that stands still blocks its book; connect to the "
            "server itself",
            server,
        )


def _plain(value: Decimal) -> int | float:
    """A sum of whole numbers, which PostgreSQL gives as numeric, as what was summed."""
    return int(value) if value == value.to_integral_value() else float(value)


class _Number(NumericLoader):
    def load(self, data: Buffer) -> int | float:  # type: ignore[override]
        return _plain(super().load(data))


class _BinaryNumber(NumericBinaryLoader):
    def load(self, data: Buffer) -> int | float:  # type: ignore[override]
        return _plain(super().load(data))
