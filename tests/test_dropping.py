"""The dropping proxy before a real server: what it cuts is cut where it says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, nullcontext
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.dropping import Dropping, How, Moment, Reader

PATIENCE = 20.0

Connects = Callable[..., "psycopg.Connection"]


@pytest.fixture
def proxy(postgres_url: str) -> Iterator[Dropping]:
    """A proxy before a database with a table ``t`` of one number."""
    with psycopg.connect(postgres_url, autocommit=True) as conn:
        conn.execute("CREATE TABLE t (n int)")
    with Dropping(urlsplit(postgres_url).port or 5432) as made:
        yield made


@pytest.fixture
def through(proxy: Dropping, postgres_url: str) -> Iterator[Connects]:
    """Connects through the proxy; all is closed at the end."""
    parts = urlsplit(postgres_url)
    url = parts._replace(netloc=f"{parts.username}@127.0.0.1:{proxy.port}").geturl()
    with ExitStack() as stack:
        yield lambda **how: stack.enter_context(closing(psycopg.connect(url, **how)))


def numbers(url: str) -> list[int]:
    """The table's rows, read directly."""
    with psycopg.connect(url) as conn:
        return [row[0] for row in conn.execute("SELECT n FROM t ORDER BY n")]


def settled(url: str) -> None:
    """Wait until no other session of the database is left that might still commit."""
    with psycopg.connect(url, autocommit=True) as conn:
        for _ in range(400):
            left = conn.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            ).fetchone()
            if left == (0,):
                return
            conn.execute("SELECT pg_sleep(0.02)")
    raise AssertionError("a session is left")


def test_all_passes(through: Connects, postgres_url: str) -> None:
    """Statements, copies and answers of any size, as without it."""
    with through() as conn:
        conn.execute("INSERT INTO t SELECT generate_series(1, 3)")
        with conn.cursor().copy("COPY t FROM STDIN") as copy:
            for n in range(4, 6):
                copy.write_row((n,))
        large = conn.execute("SELECT repeat('x', 3000000)").fetchone()
        assert large is not None
        assert len(large[0]) == 3_000_000
    assert numbers(postgres_url) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("prepared", [False, True], ids=["plain", "prepared"])
@pytest.mark.parametrize(
    ("how", "there"), [(How.BEFORE, []), (How.AFTER, [1]), (How.LATE, [1])], ids=str
)
def test_a_commit_is_cut(
    proxy: Dropping,
    through: Connects,
    postgres_url: str,
    how: How,
    there: list[int],
    prepared: bool,
) -> None:
    """The client sees a dead connection each time; whether it was committed it can't know."""
    trap = proxy.trap(Moment.COMMIT, how, count=2)
    conn = through(autocommit=True)
    conn.execute("BEGIN")
    conn.execute("COMMIT", prepare=prepared)
    assert not trap.sprung.is_set()
    conn.execute("BEGIN")
    conn.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(psycopg.OperationalError):
        conn.execute("COMMIT", prepare=prepared)
    assert trap.sprung.is_set()
    if how is How.LATE:
        assert numbers(postgres_url) == []
    assert trap.ended.wait(PATIENCE)
    settled(postgres_url)
    assert numbers(postgres_url) == there


def insert(conn: psycopg.Connection, *, pipelined: bool) -> None:
    """A row, committed by the library."""
    with conn.pipeline() if pipelined else nullcontext():
        conn.execute("INSERT INTO t VALUES (1)")
        conn.commit()


def test_a_commit_of_the_library_is_seen(
    proxy: Dropping, through: Connects, postgres_url: str
) -> None:
    """``Connection.commit`` and a pipeline's, too."""
    for pipelined in (False, True):
        proxy.trap(Moment.COMMIT, How.BEFORE)
        conn = through()
        with pytest.raises(psycopg.OperationalError):
            insert(conn, pipelined=pipelined)
    settled(postgres_url)
    assert numbers(postgres_url) == []


def copy_many(conn: psycopg.Connection) -> None:
    """More rows than go into one piece."""
    with conn.cursor().copy("COPY t FROM STDIN") as copy:
        for n in range(100_000):
            copy.write_row((n,))


def test_a_copy_is_cut_in_its_middle(proxy: Dropping, through: Connects, postgres_url: str) -> None:
    """Of a piece of its data the server has half, and keeps nothing."""
    trap = proxy.trap(Moment.COPY, How.HALF, count=2)
    with pytest.raises(psycopg.OperationalError):
        copy_many(through())
    assert trap.sprung.is_set()
    settled(postgres_url)
    assert numbers(postgres_url) == []


def test_only_the_named_connection_is_cut(
    proxy: Dropping, through: Connects, postgres_url: str
) -> None:
    """A trap and a cut may be for some only; another's begin counts for nobody."""
    mine, other = (
        through(autocommit=True, application_name=name) for name in ("watcher/1/mine", "else")
    )
    trap = proxy.trap(Moment.BEGIN, How.BEFORE, of=lambda name: name.endswith("mine"))
    other.execute("BEGIN")
    assert not trap.sprung.is_set()
    with pytest.raises(psycopg.OperationalError):
        mine.execute("BEGIN")
    assert proxy.cut(lambda name: name == "else") == 1
    with pytest.raises(psycopg.OperationalError):
        other.execute("COMMIT")


def test_a_moment_may_only_be_told(proxy: Dropping, through: Connects, postgres_url: str) -> None:
    """``act`` is called while the message is held: the server has not got it yet."""
    seen: list[list[int]] = []
    proxy.trap(Moment.COMMIT, How.PASS, act=lambda: seen.append(numbers(postgres_url)))
    with through() as conn:
        conn.execute("INSERT INTO t VALUES (1)")
    assert seen == [[]]
    assert numbers(postgres_url) == [1]


def test_a_black_hole(proxy: Dropping, through: Connects) -> None:
    """Nothing passes and nothing closes; once it is healed, all comes as if it had been slow."""
    conn = through(autocommit=True)
    proxy.swallow()
    answers: list[object] = []
    asking = threading.Thread(
        target=lambda: answers.append(conn.execute("SELECT 1").fetchone()), daemon=True
    )
    asking.start()
    with pytest.raises(psycopg.errors.ConnectionTimeout):
        through(connect_timeout=2)
    assert asking.is_alive()
    proxy.heal()
    asking.join(PATIENCE)
    assert answers == [(1,)]


def test_a_server_that_is_away(proxy: Dropping, through: Connects) -> None:
    """Connections are cut, and new ones refused, until it is back."""
    conn = through(autocommit=True)
    proxy.refusing = True
    proxy.cut()
    for ask in (lambda: conn.execute("SELECT 1"), through):
        with pytest.raises(psycopg.OperationalError):
            ask()
    proxy.refusing = False
    with through() as again:
        assert again.execute("SELECT 1").fetchone() == (1,)


def test_slow_is_all_the_same(proxy: Dropping, through: Connects, postgres_url: str) -> None:
    """Each piece waits, and none is lost."""
    proxy.pause = 0.002
    with through() as conn:
        conn.execute("INSERT INTO t VALUES (1)")
    assert numbers(postgres_url) == [1]


def test_messages_in_pieces() -> None:
    """A message is whole when its last byte has come, wherever it is split."""
    startup = b"\0\0\0\x28\0\3\0\0application_name\0watcher/1/a\0\0\0\0"
    startup = len(startup).to_bytes(4, "big") + startup[4:]
    ssl = b"\0\0\0\x08\x04\xd2\x16\x2f"
    query = b"Q" + (4 + 7).to_bytes(4, "big") + b"COMMIT\0"
    stream = ssl + startup + query
    for cut in range(len(stream)):
        reader = Reader()
        found = [*reader.feed(stream[:cut]), *reader.feed(stream[cut:])]
        assert [each.whole for each in found] == [ssl, startup, query]
        assert reader.name == "watcher/1/a"
        assert [reader.moment(each) for each in found] == [None, None, Moment.COMMIT]
