"""A connection to a book: one writer at a time, the outcome of a commit that was not heard, and a
session that broke."""

# ruff: noqa: PT012 - what ends a block is what raises

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import psycopg
import pytest

from watcher.errors import StoreError
from watcher.store.control import LeaseLost
from watcher.store.engine import open_control, open_store
from watcher.store.places import Server
from watcher.store.postgres.book_session import lock_of
from watcher.store.postgres.connection import PostgresConnection
from watcher.store.sql.dialect import TEXT

COUNT = "SELECT count(*) FROM health"
INSERT = "INSERT INTO health (kind, name, failures) VALUES ('watch', ?, 0)"


@pytest.fixture
def server(postgres_url: str) -> Server:
    """A book that is ready."""
    place = Server(postgres_url)
    open_store(place).close()
    return place


@pytest.fixture
def db(server: Server) -> Iterator[PostgresConnection]:
    """A connection to it."""
    connection = PostgresConnection(server)
    yield connection
    connection.close()


def end(connection: PostgresConnection) -> None:
    """End its session from beside, as a takeover does."""
    pid = connection.conn.info.backend_pid
    with psycopg.connect(connection.server.url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))


class Cutter:
    """A way to the server that is cut at the next COMMIT: once it is done, or unheard."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (str(parts.hostname), int(parts.port or 0))
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.url = parts._replace(netloc=f"{parts.username}@127.0.0.1:{port}").geturl()
        self.cut: str | None = None
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._server)
                threading.Thread(target=self._ask, args=(client, server), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        """A question and its answer by turns, as the driver speaks."""
        with client, server, suppress(OSError):
            threading.Thread(target=self._answer, args=(client, server), daemon=True).start()
            while data := client.recv(65_536):
                if b"COMMIT\0" in data and self.cut == "before":
                    self.cut = None
                    client.shutdown(socket.SHUT_RDWR)
                    return
                server.sendall(data)

    def _answer(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(65_536):
                if b"COMMIT\0" in data and self.cut == "after":
                    self.cut = None
                    client.shutdown(socket.SHUT_RDWR)
                    return
                client.sendall(data)


@pytest.fixture
def cutter(server: Server) -> Iterator[Cutter]:
    """Between a connection and the server."""
    made = Cutter(server.url)
    yield made
    made.close()


def test_a_commit_whose_answer_is_lost_was_one(server: Server, cutter: Cutter) -> None:
    """The caller hears nothing of it, and goes on."""
    db = PostgresConnection(Server(cutter.url))
    cutter.cut = "after"
    with db.atomic():
        db.execute(INSERT, ("a",))
    assert cutter.cut is None
    assert db.number(COUNT) == 1
    db.execute(INSERT, ("b",))
    assert db.number(COUNT) == 2
    db.close()


def test_a_commit_that_was_not_heard_is_none(server: Server, cutter: Cutter) -> None:
    """The caller hears that nothing was kept, and may do it again."""
    db = PostgresConnection(Server(cutter.url))
    cutter.cut = "before"
    with pytest.raises(StoreError, match="nothing was kept"), db.atomic():
        db.execute(INSERT, ("a",))
    assert db.number(COUNT) == 0
    with db.atomic():
        db.execute(INSERT, ("a",))
    assert db.number(COUNT) == 1
    db.close()


def test_a_session_that_ended_is_made_anew(db: PostgresConnection) -> None:
    """Between two uses; inside a transaction it is an error, and what was written goes."""
    end(db)
    assert db.number(COUNT) == 0
    end(db)
    assert db.execute(INSERT, ("a",)).rowcount == 1
    assert db.number(COUNT) == 1
    end(db)
    with db.snapshot():
        assert db.number(COUNT) == 1
    with pytest.raises(StoreError), db.atomic():
        db.execute(INSERT, ("b",))
        end(db)
        db.execute(INSERT, ("c",))
    with pytest.raises(StoreError, match="nothing was kept"), db.atomic():
        db.execute(INSERT, ("b",))
        end(db)
    assert db.number(COUNT) == 1


def test_who_stops_reading_a_dead_stream_hears_nothing(db: PostgresConnection) -> None:
    """It is closed when nobody reads on; the next use of the connection tells what is wrong."""
    with db.snapshot():
        rows = db.stream("SELECT n FROM generate_series(1, ?) AS n", (1_000,))
        assert next(rows) == (1,)
        end(db)
        rows.close()  # type: ignore[attr-defined]
        with pytest.raises(StoreError):
            db.number(COUNT)


def test_inside_is_all_or_nothing(db: PostgresConnection) -> None:
    """Also of what is nested; what is caught inside leaves the rest."""
    with pytest.raises(KeyError), db.atomic():
        db.execute(INSERT, ("a",))
        raise KeyError
    with db.atomic():
        db.execute(INSERT, ("a",))
        with pytest.raises(psycopg.IntegrityError), db.atomic():
            db.execute(INSERT, ("a",))
        with db.atomic():
            db.many(INSERT, [("b",), ("c",)])
    assert db.number(COUNT) == 3
    with pytest.raises(psycopg.IntegrityError):
        db.many(INSERT, [("d",), ("a",)])
    assert db.number(COUNT) == 3


def test_a_failure_that_was_swallowed_keeps_nothing(db: PostgresConnection) -> None:
    """PostgreSQL would roll back, and say nothing."""
    with pytest.raises(StoreError, match="nothing was kept"), db.atomic():
        db.execute(INSERT, ("a",))
        with suppress(psycopg.IntegrityError):
            db.execute(INSERT, ("a",))
    assert db.number(COUNT) == 0


def test_one_writer_at_a_time(db: PostgresConnection, server: Server) -> None:
    """A second one waits, and sees what the first wrote; other books don't."""
    seen: list[int] = []

    def write() -> None:
        other = PostgresConnection(server)
        with other.atomic():
            seen.append(other.number(COUNT))
        other.close()

    waiting = threading.Thread(target=write)
    with psycopg.connect(server.url, autocommit=True) as beside, db.atomic():
        waiting.start()
        asked = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        while beside.execute(asked).fetchone() != (1,):
            pass
        db.execute(INSERT, ("a",))
    waiting.join(30)
    assert seen == [1]
    assert lock_of(server) != lock_of(Server(server.url, "other"))


def test_a_lost_lease_writes_nothing(server: Server) -> None:
    """A statement alone neither; whoever took it does."""
    with open_control(server.url) as control:
        lease = control.leases.take("main", "one", 60)
        assert lease is not None
        first = PostgresConnection(server, lease=lease)
        first.execute(INSERT, ("a",))
        control.leases.release(lease)
        taken = control.leases.take("main", "two", 60)
        second = PostgresConnection(server, lease=taken)
        for write in (lambda: first.execute(INSERT, ("b",)), lambda: first.many(INSERT, [("b",)])):
            with pytest.raises(LeaseLost):
                write()
        second.execute(INSERT, ("c",))
        assert second.all(str, "SELECT name FROM health ORDER BY name") == ["a", "c"]
        first.close()
        second.close()


def test_who_only_reads_writes_nothing(server: Server) -> None:
    """And the words say what to do."""
    db = PostgresConnection(server, readonly=True)
    assert db.number(COUNT) == 0
    with pytest.raises(StoreError, match="primary"):
        db.execute(INSERT, ("a",))
    db.close()


def test_a_snapshot_is_of_one_state(db: PostgresConnection, server: Server) -> None:
    """Whatever is written beside it; nothing is written in it."""
    other = PostgresConnection(server)
    with db.snapshot():
        assert db.number(COUNT) == 0
        other.execute(INSERT, ("a",))
        assert db.number(COUNT) == 0
        assert db.in_transaction
        with pytest.raises(StoreError, match="read-only"):
            db.execute(INSERT, ("b",))
    assert not db.in_transaction
    assert db.number(COUNT) == 1
    other.close()


def test_a_session_is_the_holders(server: Server) -> None:
    """So that it ends with a lease that ran out, wherever it stands."""
    with open_control(server.url) as control:
        lease = control.leases.take("main", "one", 0)
        assert lease is not None
        first = PostgresConnection(server, lease=lease)
        assert first.value("SELECT current_setting('application_name')") == "watcher/one/main"
        assert control.leases.take("main", "two", 60) is not None
        with pytest.raises(psycopg.OperationalError):
            first.conn.execute("SELECT 1")
        first.close()


def test_what_stands_still_inside_is_ended(db: PostgresConnection) -> None:
    """The limit is in force in every session, and so are the others."""
    wanted = {
        "idle_in_transaction_session_timeout": "10s",
        "lock_timeout": "30s",
        "statement_timeout": "10min",
        "jit": "off",
        "tcp_keepalives_idle": "5",
        "TimeZone": "UTC",
    }
    for name, value in wanted.items():
        assert db.value("SELECT current_setting(?)", (name,)) == value


def test_a_server_that_ends_nothing_is_refused(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a pooler that does not pass the limit on: who stands still would block for ever."""
    settings = {"idle_in_transaction_session_timeout": "0"}
    monkeypatch.setattr("watcher.store.postgres.book_session._SETTINGS", settings)
    with pytest.raises(StoreError, match="would block its book for ever"):
        PostgresConnection(server)


def test_parameters_and_values(db: PostgresConnection) -> None:
    """In each of the three ways to write them, and no surprise in what comes back."""
    assert db.one("SELECT ?::text, ?::bigint, '?'", ("a", 1)) == ("a", 1, "?")
    assert db.one("SELECT ? + ?", (30_000, 30_000)) == (60_000,)
    assert db.one("SELECT ?2::bigint - ?1::bigint", (40_000, 80_000)) == (40_000,)
    assert db.one("SELECT :b::text, :a::text, :b::text", {"a": "x", "b": "y"}) == ("y", "x", "y")
    assert db.one("SELECT sum(v), sum(v) / 2.0 FROM unnest(ARRAY[1, 2]) AS u(v)") == (3, 1.5)
    assert db.one("SELECT ?::text", ("a\0b",)) == ("a\ufffdb",)
    assert [*db.stream("SELECT generate_series(1, ?::bigint)", (99,))][-1] == (99,)
    listed, sql = db.dialect.listed, db.dialect
    for values in ([], [7, 1 << 40], range(3)):
        found = db.rows(f"SELECT key, value FROM {sql.rows_of()} ORDER BY key", (listed(values),))
        assert found == [*enumerate(values)]
    texts = ["", "ä", 'q"\\,{}', "NULL"]
    assert [
        text
        for _, text in db.rows(
            f"SELECT key, value FROM {sql.rows_of(sort=TEXT)} ORDER BY key",
            (listed(texts),),
        )
    ] == texts
