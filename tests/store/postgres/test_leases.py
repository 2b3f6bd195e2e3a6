"""Leases in detail: whose they are, what ends with them, and what is found of a commit's mark."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from watcher.errors import StoreError
from watcher.store.control import Lease
from watcher.store.engine import hold, open_store
from watcher.store.places import Server
from watcher.store.postgres import holding
from watcher.store.postgres.book_session import become
from watcher.store.postgres.control import PostgresControl
from watcher.store.postgres.sessions import Session, application_name, begin, row_of


@pytest.fixture
def control(postgres_url: str) -> Iterator[PostgresControl]:
    """A control plane with two books."""
    with PostgresControl(postgres_url) as opened:
        for book in "ab":
            opened.books.create(book)
        yield opened


def expire(url: str) -> None:
    """All leases have run out."""
    with psycopg.connect(url) as conn:
        conn.execute("UPDATE watcher.leases SET until = clock_timestamp() - interval '1 second'")


def session_of(url: str, book: str, daemon: str = "d") -> Session:
    """A daemon's session for a book."""
    session = begin(Server(url), application_name(daemon, book))
    become(session, book, Server(url, book))
    return session


def is_alive(session: Session) -> bool:
    """Whether the server still has it."""
    try:
        session.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def taken(control: PostgresControl, holder: str, book: str = "a") -> Lease:
    """The book's lease, which is free."""
    lease = control.leases.take(book, holder, 30)
    assert lease is not None
    return lease


@pytest.mark.parametrize("ran_out", [True, False], ids=["ran out", "handed over"])
def test_what_ends_with_a_lease(
    control: PostgresControl, postgres_url: str, *, ran_out: bool
) -> None:
    """Of a holder that let it run out all sessions of the book; of one that handed it over those
    inside a transaction. Never those of its other books, of others, or of another database."""
    lease = taken(control, "d")
    idle, inside = session_of(postgres_url, "a"), session_of(postgres_url, "a")
    inside.execute("BEGIN")
    others = [session_of(postgres_url, "b"), session_of(postgres_url, "a", "other")]
    elsewhere = f"{postgres_url.rpartition('/')[0]}/postgres"
    others.append(psycopg.connect(elsewhere, application_name=application_name("d", "a")))
    for each in others:
        each.execute("SELECT 1")  # and is inside a transaction, where it began one
    if ran_out:
        expire(postgres_url)
    else:
        control.leases.release(lease)
    taken(control, "two")
    assert (is_alive(idle), is_alive(inside)) == (not ran_out, False)
    assert all(map(is_alive, others))
    for each in (idle, inside, *others):
        each.close()


def test_a_long_name_is_ended_too(control: PostgresControl, postgres_url: str) -> None:
    """The server cuts the names of sessions off."""
    book = "b" * 40
    control.books.create(book)
    daemon = "d" * 30
    taken(control, daemon, book)
    session = session_of(postgres_url, book, daemon)
    expire(postgres_url)
    taken(control, "two", book)
    assert not is_alive(session)
    session.close()


def test_another_users_sessions_are_left(control: PostgresControl, postgres_url: str) -> None:
    """They can't be ended: the lease is taken all the same."""
    taken(control, "d")
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("CREATE ROLE mightier LOGIN SUPERUSER")
        admin.execute("CREATE ROLE weaker LOGIN CREATEROLE NOINHERIT")
        admin.execute("GRANT USAGE ON SCHEMA watcher TO weaker")
        admin.execute("GRANT ALL ON ALL TABLES IN SCHEMA watcher TO weaker")
    mighty = psycopg.connect(
        postgres_url, user="mightier", application_name=application_name("d", "a"), autocommit=True
    )
    expire(postgres_url)
    weak = postgres_url.replace("://watcher@", "://weaker@")
    with PostgresControl(weak) as other:
        assert other.leases.take("a", "two", 30) == Lease("a", "two", 2)
    assert is_alive(mighty)
    mighty.close()
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("DROP OWNED BY weaker CASCADE")
        admin.execute("DROP ROLE weaker")
        admin.execute("DROP ROLE mightier")


def test_an_old_lease_releases_and_renews_nothing(
    control: PostgresControl, postgres_url: str
) -> None:
    """Not the next one of the same daemon either, nor another's of the same fence."""
    old = taken(control, "d")
    expire(postgres_url)
    new = taken(control, "d")
    forged = Lease("a", "two", new.fence)
    for each in (old, forged):
        assert list(control.leases.renew([each], 90, {"a": "forged"})) == []
        control.leases.release(each)
        (state, _) = control.leases.all()
        assert (state.holder, state.fence, state.ill) == ("d", new.fence, None)
        assert state.left < 31


def test_trouble_is_the_holders(control: PostgresControl) -> None:
    """It is said with the renewal, on one line of any text, and goes with the lease."""
    lease = taken(control, "d")
    control.leases.renew([lease], 30, {"a": "no\0 key"})
    assert control.leases.all()[0].ill == "no key"
    control.leases.release(lease)
    assert control.leases.all()[0].ill is None
    lease = taken(control, "d")
    control.leases.renew([lease], 0, {"a": "no key"})
    taken(control, "two")
    assert control.leases.all()[0].ill is None


def test_marks_are_a_books_own(control: PostgresControl, postgres_url: str) -> None:
    """Several are kept, for others write before one can ask; and of its own only."""
    with session_of(postgres_url, "a") as a, session_of(postgres_url, "b") as b:
        marks = [uuid4() for _ in range(10)]

        def known(session: Session) -> list[bool]:
            return [row_of(session, "SELECT watcher.marked(%s)", each)[0] for each in marks]

        for each in marks:
            a.execute("SELECT watcher.mark(%s)", (each,))
        assert known(a) == [False] * 2 + [True] * 8
        assert known(b) == [False] * 10
        b.execute("SELECT watcher.mark(%s)", (uuid4(),))
        assert known(b) == [False] * 10
        for session in (a, b):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute("TABLE watcher.marks")


def test_a_command_renews_what_it_holds(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """For as long as it takes, and says at its end where it was lost meanwhile."""
    place = Server(postgres_url)
    open_store(place).close()
    monkeypatch.setattr(holding, "RENEW_SECONDS", 0.02)
    asked = "SELECT until FROM watcher.leases"
    with psycopg.connect(postgres_url, autocommit=True) as beside:

        def until() -> object:
            row = beside.execute(asked).fetchone()
            assert row is not None
            return row[0]

        with hold(place):
            for _ in range(3):
                before = until()
                while until() == before:
                    pass
        assert beside.execute("SELECT holder FROM watcher.leases").fetchone() == (None,)
        with pytest.raises(StoreError, match="another daemon has the book"), hold(place):
            beside.execute("UPDATE watcher.leases SET holder = 'two', fence = fence + 1")
        assert beside.execute("SELECT holder FROM watcher.leases").fetchone() == ("two",)
