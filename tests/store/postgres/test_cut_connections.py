"""Connections that are cut at each point: what was written is there once or not at all, and the
caller is told which."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.dropping import Dropping, How, Moment
from tests.postgres import Cluster, both, cluster, needed
from watcher.errors import StoreError
from watcher.store.engine import open_control
from watcher.store.places import Server
from watcher.store.postgres.connection import PostgresConnection

BOOK = "amber"
PATIENCE = 30.0

Opens = Callable[[], PostgresConnection]


@pytest.fixture
def book_url(postgres_url: str) -> str:
    """A server with a book that has a table ``t`` of one number."""
    made(postgres_url)
    return postgres_url


def made(url: str) -> None:
    """Make the book and its table."""
    with closing(open_control(url)) as control:
        control.books.create(BOOK)
    with closing(PostgresConnection(Server(url, BOOK))) as conn:
        conn.execute("CREATE TABLE t (n int8)")


@pytest.fixture
def proxy(book_url: str) -> Iterator[Dropping]:
    """A proxy before the server."""
    with Dropping(urlsplit(book_url).port or 5432) as dropping:
        yield dropping


@pytest.fixture
def through(proxy: Dropping, book_url: str) -> Iterator[Opens]:
    """Opens the book through the proxy; all is closed at the end."""
    parts = urlsplit(book_url)
    url = parts._replace(netloc=f"{parts.username}@127.0.0.1:{proxy.port}").geturl()
    with ExitStack() as stack:
        yield lambda: stack.enter_context(closing(PostgresConnection(Server(url, BOOK))))


def numbers(url: str) -> list[int]:
    """The table's rows, read past the proxy."""
    with closing(PostgresConnection(Server(url, BOOK))) as conn:
        return [row[0] for row in conn.execute("SELECT n FROM t ORDER BY n").fetchall()]


def write(conn: PostgresConnection, number: int = 1) -> None:
    """A transaction that writes a row."""
    with conn.atomic():
        conn.execute("INSERT INTO t VALUES (?)", (number,))


@pytest.mark.parametrize("how", [How.AFTER, How.LATE], ids=str)
def test_a_commit_whose_answer_is_lost(
    proxy: Dropping, through: Opens, book_url: str, how: How
) -> None:
    """It is there: the caller goes on as if nothing had been, with the same connection."""
    conn = through()
    trap = proxy.trap(Moment.COMMIT, how, delay=1.0)
    write(conn)
    assert trap.sprung.is_set()
    assert numbers(book_url) == [1]
    write(conn, 2)
    assert numbers(book_url) == [1, 2]


def test_a_commit_that_never_came(proxy: Dropping, through: Opens, book_url: str) -> None:
    """Nothing is there, and the caller hears it; the next one is as ever."""
    conn = through()
    proxy.trap(Moment.COMMIT, How.BEFORE)
    with pytest.raises(StoreError, match="nothing was kept"):
        write(conn)
    assert numbers(book_url) == []
    write(conn, 2)
    assert numbers(book_url) == [2]


def test_a_begin_that_never_came(proxy: Dropping, through: Opens, book_url: str) -> None:
    """A connection that broke while nobody used it: nobody hears of it."""
    conn = through()
    proxy.trap(Moment.BEGIN, How.BEFORE)
    write(conn)
    proxy.cut()
    write(conn, 2)
    proxy.cut()
    assert conn.one("SELECT count(*) FROM t") == (2,)
    assert numbers(book_url) == [1, 2]


def test_a_cut_within_a_transaction(proxy: Dropping, through: Opens, book_url: str) -> None:
    """It is never gone on with on another connection: the caller hears of it at its next word."""
    conn = through()

    def cut_in_the_middle() -> None:
        with conn.atomic():
            conn.execute("INSERT INTO t VALUES (1)")
            proxy.cut()
            conn.execute("INSERT INTO t VALUES (2)")

    def cut_within_a_savepoint() -> None:
        with conn.atomic():
            conn.execute("INSERT INTO t VALUES (1)")
            with conn.atomic():
                proxy.cut()
                conn.execute("INSERT INTO t VALUES (2)")

    def cut_before_the_end() -> None:
        with conn.atomic():
            conn.execute("INSERT INTO t VALUES (1)")
            proxy.cut()

    def cut_within_a_pipeline() -> None:
        with conn.atomic(), conn.pipelined():
            conn.execute("INSERT INTO t VALUES (1)")
            proxy.cut()
            conn.execute("INSERT INTO t VALUES (2)")

    works = cut_in_the_middle, cut_within_a_savepoint, cut_before_the_end, cut_within_a_pipeline
    for work in works:
        with pytest.raises(StoreError):
            work()
        assert numbers(book_url) == []
    write(conn, 3)
    assert numbers(book_url) == [3]


def test_a_cut_whose_error_is_hidden(proxy: Dropping, through: Opens, book_url: str) -> None:
    """Who swallows the error of a savepoint still hears that nothing was kept."""
    conn = through()

    def hide() -> None:
        with conn.atomic():
            conn.execute("INSERT INTO t VALUES (1)")
            try:
                with conn.atomic():
                    proxy.cut()
                    conn.execute("INSERT INTO t VALUES (2)")
            except StoreError:
                pass
            conn.execute("INSERT INTO t VALUES (3)")

    with pytest.raises(StoreError):
        hide()
    assert numbers(book_url) == []


def test_a_copy_that_is_cut(proxy: Dropping, through: Opens, book_url: str) -> None:
    """A part of its data arrived, and nothing of it stays."""
    conn = through()
    proxy.trap(Moment.COPY, How.HALF)

    def copy() -> None:
        with conn.atomic(), conn.conn.cursor().copy("COPY t FROM STDIN") as copying:
            for number in range(1_000):
                copying.write_row((number,))

    with pytest.raises(StoreError):
        copy()
    assert numbers(book_url) == []
    copy()
    assert len(numbers(book_url)) == 1_000


def test_many_rows_are_cut(proxy: Dropping, through: Opens, book_url: str) -> None:
    """They come all, or none."""
    conn = through()
    proxy.trap(Moment.COMMIT, How.BEFORE)
    with pytest.raises(StoreError):
        conn.many("INSERT INTO t VALUES (?)", [(1,), (2,)])
    assert numbers(book_url) == []
    proxy.trap(Moment.COMMIT, How.AFTER)
    conn.many("INSERT INTO t VALUES (?)", [(1,), (2,)])
    assert numbers(book_url) == [1, 2]


def test_a_server_that_stays_away_during_a_commit(
    proxy: Dropping, through: Opens, book_url: str
) -> None:
    """The outcome is asked for until the server is back."""
    conn = through()

    def away() -> None:
        proxy.refusing = True

    proxy.trap(Moment.COMMIT, How.AFTER, act=away)
    back = threading.Timer(2.0, setattr, (proxy, "refusing", False))
    back.start()
    write(conn)
    assert numbers(book_url) == [1]


def test_a_stream_that_is_cut(proxy: Dropping, through: Opens) -> None:
    """Its reader hears of it, and never takes a part for all."""
    conn = through()
    conn.many("INSERT INTO t VALUES (?)", [(number,) for number in range(500)])
    rows = conn.stream("SELECT n FROM t ORDER BY n")
    assert next(rows) == (0,)
    proxy.cut()
    with pytest.raises(StoreError):
        list(rows)


def test_a_slow_network(proxy: Dropping, through: Opens, book_url: str) -> None:
    """All as ever, in the end."""
    proxy.pause = 0.01
    write(through())
    assert numbers(book_url) == [1]


@pytest.mark.parametrize("kept", [False, True], ids=["never came", "answer lost"])
def test_a_promotion_during_a_commit(kept: bool) -> None:
    """The replica gives the transaction's number to another one: a commit that it never had is not
    taken for that one; and one that it has is known, though others came since."""
    needed()
    with cluster() as primary:
        made(primary.url)
        replica = primary.replica()
        with Dropping(primary.port) as dropping:
            url = both(primary, replica, "postgres").replace(
                f":{primary.port}", f":{dropping.port}"
            )
            with closing(PostgresConnection(Server(url, BOOK))) as conn:
                write(conn)
                trapped(dropping, primary, replica, kept=kept)
                if kept:
                    write(conn, 2)
                else:
                    with pytest.raises(StoreError):
                        write(conn, 2)
            assert numbers(replica.url) == ([1, 2] if kept else [1])


def trapped(dropping: Dropping, primary: Cluster, replica: Cluster, *, kept: bool) -> None:
    """At the next COMMIT the primary is gone; the replica goes on, and does much since."""

    def promote() -> None:
        primary.crash()
        dropping.refusing = True
        replica.promote()
        replica.configure(synchronous_standby_names="")
        with psycopg.connect(replica.url, autocommit=True) as conn:
            for _ in range(100):
                conn.execute("SELECT pg_current_xact_id()")

    if kept:
        trap = dropping.trap(Moment.COMMIT, How.AFTER)
        trap.done = promote
    else:
        dropping.trap(Moment.COMMIT, How.BEFORE, act=promote)
