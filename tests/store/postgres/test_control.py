"""The control plane: leases, daemons, events, and a schema that two versions share."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing

import psycopg
import pytest

from tests.postgres import cluster, needed
from watcher.errors import StoreError, WatcherError
from watcher.store.control import DaemonState, Lease, LeaseLost, new_daemon
from watcher.store.engine import ControlThread, listen, open_control
from watcher.store.places import Server
from watcher.store.postgres import control_schema
from watcher.store.postgres.book_session import become
from watcher.store.postgres.control import PostgresControl
from watcher.store.postgres.failures import explained
from watcher.store.postgres.sessions import Session, application_name, begin


@pytest.fixture
def control(postgres_url: str) -> Iterator[PostgresControl]:
    """A server's control plane with a book ``a``."""
    with PostgresControl(postgres_url) as opened:
        opened.books.create("a")
        yield opened


def expire(url: str) -> None:
    """All leases have run out."""
    with psycopg.connect(url) as conn:
        conn.execute("UPDATE watcher.leases SET until = clock_timestamp() - interval '1 second'")


def session_of(url: str, book: str, daemon: str = "d") -> Session:
    """A session of a daemon for a book, with the book's rights."""
    session = begin(Server(url), application_name(daemon, book))
    try:
        become(session, book, Server(url, book))
    except StoreError:
        session.close()
        raise
    return session


def fenced(session: Session, fence: int) -> None:
    """As a transaction of a daemon with this fence begins."""
    session.execute("SELECT watcher.fenced(%s)", (fence,))


def test_a_lease_is_taken_by_one(control: PostgresControl, postgres_url: str) -> None:
    """Of many that race for it, again and again; the fence rises each time."""
    racers = [PostgresControl(postgres_url) for _ in range(8)]
    barrier = threading.Barrier(len(racers))
    last = 0

    def race(at: int) -> Lease | None:
        barrier.wait()
        return racers[at].leases.take("a", f"d{at}", 30)

    with ThreadPoolExecutor(len(racers)) as pool:
        for _ in range(25):
            won = [each for each in pool.map(race, range(len(racers))) if each is not None]
            assert len(won) == 1
            assert won[0].fence == last + 1
            last = won[0].fence
            expire(postgres_url)
    for each in racers:
        each.close()


def test_a_lease_holds_until_it_runs_out(control: PostgresControl, postgres_url: str) -> None:
    """Nobody takes it meanwhile; afterwards its first holder has it no more."""
    first = control.leases.take("a", "one", 30)
    assert first == Lease("a", "one", 1)
    assert control.leases.take("a", "two", 30) is None
    assert control.leases.take("a", "one", 30) is None
    assert list(control.leases.renew([first], 60, {"a": "no key"})) == [first]
    (state,) = control.leases.all()
    assert (state.holder, state.fence, state.ill, state.held) == ("one", 1, "no key", True)
    assert 58 < state.left <= 60
    expire(postgres_url)
    assert not control.leases.all()[0].held
    second = control.leases.take("a", "two", 30)
    assert second == Lease("a", "two", 2)
    assert list(control.leases.renew([first], 30, {})) == []
    control.leases.release(first)  # of no effect
    assert control.leases.all()[0].holder == "two"


def test_one_that_ran_out_and_was_not_taken_goes_on(
    control: PostgresControl, postgres_url: str
) -> None:
    """Its fence is the newest still: nothing was written by another."""
    held = control.leases.take("a", "one", 30)
    assert held is not None
    expire(postgres_url)
    assert list(control.leases.renew([held], 30, {})) == [held]


def test_a_released_one_is_free_at_once(control: PostgresControl) -> None:
    """And nothing more can be written under it."""
    held = control.leases.take("a", "one", 30)
    assert held is not None
    control.leases.release(held)
    state = control.leases.all()[0]
    assert (state.holder, state.held) == (None, False)
    assert list(control.leases.renew([held], 30, {})) == []
    assert control.leases.take("a", "two", 30) == Lease("a", "two", 2)


def test_the_fence_is_checked(control: PostgresControl, postgres_url: str) -> None:
    """For the book whose role asks; no other's fence is good for it."""
    control.books.create("b")
    held = control.leases.take("a", "d", 30)
    for _ in range(3):
        control.leases.take("b", "d", 30)
        expire(postgres_url)
    assert held is not None
    with session_of(postgres_url, "a") as a, session_of(postgres_url, "b") as b:
        fenced(a, 1)
        fenced(b, 3)
        for session, fence in ((a, 0), (a, 2), (a, 3), (b, 1)):
            with pytest.raises(psycopg.Error) as lost:
                fenced(session, fence)
            assert lost.value.sqlstate == "WL001"
        control.leases.release(held)
        with pytest.raises(psycopg.Error, match="lost"):
            fenced(a, 1)


def test_a_transaction_is_renewed_beside(control: PostgresControl, postgres_url: str) -> None:
    """The holder's own transaction, which has the fence, never holds up the renewal."""
    held = control.leases.take("a", "d", 30)
    assert held is not None
    with session_of(postgres_url, "a") as session, session.transaction():
        fenced(session, held.fence)
        session.execute("CREATE TABLE t (x int)")
        assert list(control.leases.renew([held], 30, {})) == [held]
        fenced(session, held.fence)
        assert list(control.leases.renew([held], 30, {})) == [held]


def test_a_takeover_ends_what_the_holder_left_open(
    control: PostgresControl, postgres_url: str
) -> None:
    """A holder that stands still inside its transaction writes nothing any more."""
    held = control.leases.take("a", "d", 30)
    assert held is not None
    stuck = session_of(postgres_url, "a")
    other = session_of(postgres_url, "a", "cli")
    stuck.execute("BEGIN")
    fenced(stuck, held.fence)
    stuck.execute("CREATE TABLE t (x int)")
    expire(postgres_url)
    assert control.leases.take("a", "two", 30) == Lease("a", "two", 2)
    with pytest.raises(psycopg.OperationalError):
        stuck.execute("COMMIT")
    assert other.execute("SELECT to_regclass('t')").fetchone() == (None,)  # alive, and nothing was
    other.close()


def test_a_takeover_waits_for_a_commit(control: PostgresControl, postgres_url: str) -> None:
    """Where the holder's session can't be ended: the fence changes after it, never beside it."""
    held = control.leases.take("a", "d", 30)
    assert held is not None
    with session_of(postgres_url, "a", "elsewhere") as session, ThreadPoolExecutor(1) as pool:
        session.execute("BEGIN")
        fenced(session, held.fence)
        expire(postgres_url)
        taking = pool.submit(control.leases.take, "a", "two", 30)
        _until(postgres_url, "SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event_type = "
               "'Lock' AND datname = current_database()")  # fmt: skip
        assert not taking.done()
        session.execute("COMMIT")
        assert taking.result() == Lease("a", "two", 2)


def _until(url: str, question: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        for _ in range(1_000):
            if conn.execute(question).fetchone() == (True,):
                return
            conn.execute("SELECT pg_sleep(0.01)")
    raise AssertionError(question)


def test_one_that_is_being_taken_holds_up_no_other(
    control: PostgresControl, postgres_url: str
) -> None:
    """A renewal of several passes over the one, and keeps the others."""
    control.books.create("b")
    leases = [each for book in "ab" if (each := control.leases.take(book, "d", 30))]
    with psycopg.connect(postgres_url) as taker:
        taker.execute("SELECT FROM watcher.leases WHERE book = 'a' FOR NO KEY UPDATE")
        assert list(control.leases.renew(leases, 30, {})) == leases[1:]


def test_daemons_come_and_go(control: PostgresControl, postgres_url: str) -> None:
    """One is listed from its first beat on, until it leaves or was not heard of for long."""
    one = DaemonState(new_daemon(), "host", 1, "1.0", None, 100, wanted=("a",))
    two = DaemonState(new_daemon(), "host", 2, "1.1", "http://h", 50)
    for each in (one, two, one):
        control.daemons.beat(each)
    found = control.daemons.all()
    assert [each.id for each in found] == [two.id, one.id]
    assert [each.wanted for each in found] == [None, ("a",)]
    assert 0 <= found[0].seen < 10
    with psycopg.connect(postgres_url) as conn:
        conn.execute("UPDATE watcher.daemons SET seen = seen - interval '20 s' WHERE pid = 1")
    assert [each.id for each in control.daemons.all()] == [two.id]
    control.daemons.leave(two.id)
    assert control.daemons.all() == []


async def test_events_are_heard(control: PostgresControl, postgres_url: str) -> None:
    """From whoever tells them, also after the connection broke."""
    async with aclosing(listen(postgres_url)) as events:
        for told in ("rules", "wake"):
            hearing = asyncio.ensure_future(anext(events))
            listening = (
                "SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = "
                "'watcher/listening' AND query LIKE 'LISTEN%' AND state = 'idle'"
            )
            await asyncio.to_thread(_until, postgres_url, listening)
            control.tell(told, "a")
            assert await hearing == (told, "a")
            with psycopg.connect(postgres_url) as conn:
                conn.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                    " WHERE application_name = 'watcher/listening'"
                )


async def test_beside_a_loop(postgres_url: str) -> None:
    """In a thread of its own; a connection that was cut is made anew."""
    async with ControlThread(postgres_url) as thread:
        assert await thread.run(lambda control: control.now()) > 0
        with psycopg.connect(postgres_url) as conn:
            conn.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE application_name = 'watcher/control'"
            )
        with pytest.raises(StoreError, match=r"hung up|terminat"):
            await thread.run(lambda control: control.books.names())
        assert await thread.run(lambda control: control.books.names()) == []
    await thread.aclose()


async def test_a_server_that_comes_later() -> None:
    """Each job fails until the server is there, in words."""
    needed()
    with cluster() as server:
        server.stop()
        thread = ControlThread(server.url)
        with pytest.raises(StoreError, match="can't be reached"):
            await thread.run(lambda control: control.now())
        server.start()
        assert await thread.run(lambda control: control.books.names()) == []
        await thread.aclose()


def test_migrations_run_once(postgres_url: str) -> None:
    """Of many that open a new database at once; what a newer one added is no matter."""
    with ThreadPoolExecutor(6) as pool:
        opened = list(pool.map(PostgresControl, [postgres_url] * 6))
        list(pool.map(lambda each: each.books.create("a"), opened))
    with psycopg.connect(postgres_url) as conn:
        names = [name for (name,) in conn.execute("SELECT name FROM watcher.migrations")]
        assert sorted(names) == sorted(dict(control_schema.MIGRATIONS))
        conn.execute("INSERT INTO watcher.migrations VALUES ('m999_newer')")
        conn.execute("ALTER TABLE watcher.daemons ADD COLUMN newer text NOT NULL DEFAULT ''")
        conn.execute("ALTER TABLE watcher.leases ADD COLUMN newer text")
    for each in opened:
        each.close()
    with PostgresControl(postgres_url) as older:
        older.daemons.beat(DaemonState("x", "h", 1, "1.0", None, 1))
        assert [each.id for each in older.daemons.all()] == ["x"]
        assert older.leases.take("a", "x", 5) is not None


def test_who_only_reads_makes_nothing(postgres_url: str) -> None:
    """And is told what makes a book."""
    with pytest.raises(StoreError, match=r"no books yet.*watcher books add"):
        open_control(postgres_url, readonly=True)
    with psycopg.connect(postgres_url) as conn:
        found = conn.execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'watcher'")
        assert found.fetchone() == (0,)


def test_where_nothing_can_be_written(control: PostgresControl, postgres_url: str) -> None:
    """As on a replica: it is read, and what writes says why it can't."""
    url = f"{postgres_url}?options=-cdefault_transaction_read_only%3Don"
    with PostgresControl(url) as reader:
        assert reader.books.names() == ["a"]
        assert reader.leases.all()[0].book == "a"
        with pytest.raises(StoreError, match=r"read-only.*primary"):
            reader.books.create("b")


def test_rights_that_are_missing(postgres_server: str, postgres_url: str) -> None:
    """The user is told what an administrator must run; once that was done it works."""
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("DROP ROLE IF EXISTS plain")
        admin.execute("CREATE ROLE plain LOGIN")
        url = postgres_url.replace("watcher@", "plain@")
        with pytest.raises(StoreError, match="an administrator runs once") as refused:
            PostgresControl(url).books.create("a")
        assert 'ALTER ROLE "plain" CREATEROLE;' in str(refused.value)
        for statement in str(refused.value).partition("runs once: ")[2].split(";"):
            if statement.strip():
                admin.execute(statement.encode())
        with PostgresControl(url) as plain:
            plain.books.create("a")
            assert plain.leases.take("a", "x", 5) is not None
            with session_of(url, "a", "x") as session:
                session.execute("CREATE TABLE t (x int)")
                fenced(session, 1)
            expire(postgres_url)
            plain.books.drop("a")
        admin.execute("DROP OWNED BY plain CASCADE")
        admin.execute("DROP ROLE plain")


def test_words(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What can't be used is refused with what to do, and shows no password."""
    for url in ("postgresql://u:s3cret@host:70000000/x", "postgresql://u:s3cret@[::1/x",
                "postgresql://u:s3cret@127.0.0.1:1/x?nonsense=1"):  # fmt: skip
        with pytest.raises(WatcherError, match=r"postgresql://") as refused:
            open_control(url)
        assert "s3cret" not in str(refused.value)
    with pytest.raises(StoreError, match="can't be reached"):
        open_control("postgresql://u:s3cret@127.0.0.1:1/x")
    with pytest.raises(StoreError, match=r"/none: the server has no such database; .* createdb"):
        open_control(postgres_url.rpartition("/")[0] + "/none")
    monkeypatch.setattr("watcher.store.postgres.sessions.OLDEST", 99)
    with pytest.raises(StoreError, match="needs 99 or newer"):
        open_control(postgres_url)


def test_a_pooler_that_shares_sessions(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two clients are in one process of the server, one that neither was greeted by."""
    monkeypatch.setattr("watcher.store.postgres.sessions._process", lambda _: 1)
    with pytest.raises(StoreError, match="pooler in transaction mode"):
        open_control(postgres_url)


def test_lost_in_words(control: PostgresControl, postgres_url: str) -> None:
    """A lost fence is ``LeaseLost`` to whoever asks through the store."""
    with (
        session_of(postgres_url, "a") as session,
        pytest.raises(LeaseLost, match="book a"),
        explained(Server(postgres_url, "a")),
    ):
        fenced(session, 5)


@pytest.mark.long
async def test_a_replica() -> None:
    """All is read there, and what writes says what it needs; once it is promoted it takes leases,
    and what is told there is heard by who listened before."""
    needed()
    with cluster() as primary:
        with PostgresControl(primary.url) as control:
            control.books.create("a")
            control.books.push("a", {"r.yaml": b"#"}, expected=None, by="ann")
            assert control.leases.take("a", "old", 0) is not None
        replica = primary.replica()
        with PostgresControl(replica.url) as reader:
            assert (reader.books.names(), reader.is_readonly()) == (["a"], True)
            assert reader.books.files("a", 1) == {"r.yaml": b"#"}
            with session_of(replica.url, "a") as session:
                assert session.execute("SELECT current_schema()").fetchone() == ("book_a",)
            for write in (
                lambda: reader.leases.take("a", "d", 5),
                lambda: reader.books.create("b"),
                lambda: reader.books.push("a", {"r.yaml": b""}, expected=None, by="bob"),
                lambda: reader.daemons.beat(DaemonState("d", "h", 1, "1", None, 1)),
            ):
                with pytest.raises(StoreError, match=r"read-only.* primary server"):
                    write()
            async with aclosing(listen(replica.url)) as events:
                hearing = asyncio.ensure_future(anext(events))
                primary.stop()
                replica.promote()
                assert reader.leases.take("a", "d", 5) == Lease("a", "d", 2)
                while not hearing.done():  # it tries again and again
                    await asyncio.to_thread(reader.tell, "wake", "a")
                    await asyncio.wait([hearing], timeout=0.2)
                assert hearing.result() == ("wake", "a")
