"""Books: kept apart from each other by the server, and their rules with a history."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import psycopg
import pytest
from psycopg import errors

from tests.postgres import cluster, create_database, needed, run
from tests.store.postgres.test_control import session_of
from watcher.errors import StoreError, WatcherError
from watcher.store.control import Raced, Revision, digest_of
from watcher.store.engine import open_control, open_store
from watcher.store.places import Server
from watcher.store.postgres import partitions
from watcher.store.postgres.book_session import become
from watcher.store.postgres.control import PostgresControl
from watcher.store.postgres.database import PostgresDatabase
from watcher.store.postgres.sessions import begin, row_of

RULES = {"rules.yaml": b"watches: []\n", "ids.csv": b"1\n2\n"}
HOSTILE_NAMES = (
    '"; DROP SCHEMA watcher CASCADE; --', "a'; DROP TABLE x; --", "bücher", "książka", "pg_cat ",
    "../x", "a/b", "a b", "a\n", "a\0", "", "-a", "1a", "_a", "A", "main.", "b" * 41, "b" * 64,
    "%s", "{schema}", "\udcff", "а",
)  # fmt: skip
# Names that would be somebody else's if a book's schema were not called book_NAME.
ODD_NAMES = ("pg_catalog", "public", "watcher", "information_schema", "select", "b" * 40, "a-_-")


@pytest.fixture
def control(postgres_url: str) -> Iterator[PostgresControl]:
    """A server's control plane with the books ``a`` and ``b``, of which ``b`` has a table."""
    with PostgresControl(postgres_url) as opened:
        for book in "ab":
            opened.books.create(book)
            with session_of(postgres_url, book) as session:
                session.execute("CREATE TABLE secret AS SELECT 'of ' || %s AS text", (book,))
        yield opened


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_no_name_of_a_book(control: PostgresControl, name: str) -> None:
    """Refused before anything is asked of the server, whatever is to be done with it."""
    for ask in (
        control.books.create, control.books.drop, control.books.current, control.books.history,
        lambda book: control.books.files(book, 1),
        lambda book: control.books.push(book, RULES, expected=None, by="ann"),
    ):  # fmt: skip
        with pytest.raises(WatcherError, match="is no name of a book"):
            ask(name)
    assert list(control.books.names()) == ["a", "b"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names(control: PostgresControl, postgres_url: str, name: str) -> None:
    """A book that is called like something else has a schema of its own all the same."""
    control.books.create(name)
    with session_of(postgres_url, name) as session:
        session.execute("CREATE TABLE secret AS SELECT 1 AS x")
        assert session.execute("SELECT current_schema()").fetchone() == (f"book_{name}",)
    control.books.drop(name)
    assert list(control.books.names()) == ["a", "b"]
    with psycopg.connect(postgres_url) as conn:
        assert conn.execute("SELECT text FROM book_b.secret").fetchone() == ("of b",)
        roles = conn.execute(
            "SELECT count(*) FROM pg_roles JOIN pg_database ON datname = current_database() "
            "WHERE rolname = 'watcher_' || pg_database.oid || '_' || %s",
            (name,),
        )
        assert roles.fetchone() == (0,)


FORBIDDEN = (
    "SELECT * FROM book_b.secret",
    "INSERT INTO book_b.secret VALUES ('x')",
    "UPDATE book_b.secret SET text = 'x'",
    "DELETE FROM book_b.secret",
    "TRUNCATE book_b.secret",
    "COPY book_b.secret TO STDOUT",
    "LOCK TABLE book_b.secret IN ACCESS SHARE MODE",
    "SELECT * FROM book_b.secret FOR UPDATE",
    "DROP TABLE book_b.secret",
    "ALTER TABLE book_b.secret ADD COLUMN x int",
    "CREATE TABLE book_b.mine (x int)",
    "CREATE VIEW mine AS SELECT * FROM book_b.secret",
    "CREATE TABLE mine (LIKE book_b.secret)",
    "CREATE TABLE mine () INHERITS (book_b.secret)",
    "ALTER TABLE secret SET SCHEMA book_b",
    "GRANT USAGE ON SCHEMA book_a TO PUBLIC; GRANT USAGE ON SCHEMA book_b TO PUBLIC",
    "DROP SCHEMA book_b CASCADE",
    "ALTER SCHEMA book_b RENAME TO book_c",
    "CREATE SCHEMA book_c",
    "CREATE SCHEMA pg_watcher",
    "CREATE TABLE public.mine (x int)",
    "CREATE ROLE mine",
    "DROP EXTENSION plpgsql",
    "COPY secret TO PROGRAM 'true'",
    "SELECT pg_read_file('postgresql.conf')",
    "SELECT * FROM watcher.books",
    "SELECT * FROM watcher.leases",
    "SELECT * FROM watcher.daemons",
    "SELECT * FROM watcher.revisions",
    "SELECT * FROM watcher.contents",
    "SELECT * FROM watcher.files",
    "SELECT * FROM watcher.settings",
    "SELECT * FROM watcher.marks",
    "SELECT * FROM watcher.migrations",
    "UPDATE watcher.leases SET holder = 'me', fence = 99",
    "LOCK TABLE watcher.leases IN ACCESS SHARE MODE",
    "CREATE FUNCTION watcher.fenced(int) RETURNS int LANGUAGE sql RETURN 1",
    "CREATE OR REPLACE FUNCTION watcher.fenced(bigint) RETURNS bool LANGUAGE sql RETURN true",
    "DROP FUNCTION watcher.fenced(bigint)",
    "DELETE FROM pg_authid",
)


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_no_book_sees_another(control: PostgresControl, postgres_url: str, statement: str) -> None:
    """A session of a book can't read, write, lock or change what is another's, nor the leases."""
    refused = pytest.raises((errors.InsufficientPrivilege, errors.ReservedName))
    with session_of(postgres_url, "a") as session:
        with refused, session.transaction():
            session.execute(statement.encode())
        assert session.execute("SELECT text FROM secret").fetchone() == ("of a",)
    assert list(control.books.names()) == ["a", "b"]


def test_nor_what_another_does(control: PostgresControl, postgres_url: str) -> None:
    """Statements that run for it, its tables' statistics, the name of the channel: all hidden; its
    sessions can't be ended."""
    with session_of(postgres_url, "b") as other, session_of(postgres_url, "a") as session:
        other.execute("ANALYZE secret")
        pid = other.info.backend_pid
        found = session.execute("SELECT query FROM pg_stat_activity WHERE pid = %s", (pid,))
        assert found.fetchone() == ("<insufficient privilege>",)
        asked = "SELECT count(*) FROM pg_stats WHERE schemaname = 'book_b'"
        assert session.execute(asked).fetchone() == (0,)
        for end in ("pg_terminate_backend", "pg_cancel_backend"):
            with pytest.raises(errors.InsufficientPrivilege):
                session.execute(f"SELECT {end}(%s)".encode(), (pid,))
        assert session.execute("SELECT * FROM pg_listening_channels()").fetchall() == []
        assert other.execute("SELECT text FROM secret").fetchone() == ("of b",)


def test_no_trick_on_the_fence(control: PostgresControl, postgres_url: str) -> None:
    """What a book calls like the tables and functions behind it is not taken for them."""
    control.leases.take("b", "d", 30)
    with session_of(postgres_url, "a") as session:
        for script in (
            "CREATE TEMP TABLE leases AS SELECT 'a' AS book, 1::bigint AS fence, 'd' AS holder",
            "CREATE TABLE leases AS SELECT 'a' AS book, 1::bigint AS fence, 'd' AS holder",
            "CREATE TABLE books AS SELECT 'b' AS name, current_user AS role",
            "CREATE FUNCTION current_setting(text) RETURNS text LANGUAGE sql RETURN 'x'",
            "SET search_path = pg_temp, book_a, pg_catalog",
        ):
            session.execute(script.encode())
        with pytest.raises(psycopg.Error, match="lost"):
            session.execute("SELECT watcher.fenced(1)")


def test_a_login_for_one_book(control: PostgresControl, postgres_url: str) -> None:
    """Somebody who is given a book's role has that book alone, and can become no other."""
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        roles = [role for (role,) in admin.execute("SELECT role FROM watcher.books ORDER BY name")]
        admin.execute("DROP ROLE IF EXISTS ann")
        admin.execute(f'CREATE ROLE ann LOGIN IN ROLE "{roles[0]}"'.encode())
    with psycopg.connect(postgres_url.replace("watcher@", "ann@"), autocommit=True) as ann:
        assert ann.execute("SELECT text FROM book_a.secret").fetchone() == ("of a",)
        for statement in (f'SET ROLE "{roles[1]}"', "SET ROLE watcher", "TABLE book_b.secret",
                          "TABLE watcher.books"):  # fmt: skip
            with pytest.raises(errors.InsufficientPrivilege):
                ann.execute(statement.encode())
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("DROP ROLE ann")


def test_two_databases_of_a_server(postgres_server: str, postgres_url: str) -> None:
    """Books of the same name in two of them have roles of their own; either can go alone."""
    url = create_database(postgres_server, f"{postgres_url.rpartition('/')[2]}_two")
    with PostgresControl(postgres_url) as one, PostgresControl(url) as two:
        one.books.create("a")
        two.books.create("a")
        one.books.drop("a")
        with session_of(url, "a") as session:
            session.execute("CREATE TABLE t (x int)")


def test_a_book_that_is_held_is_not_dropped(control: PostgresControl) -> None:
    """It says who holds it; afterwards it goes with all that it has, and can be made anew."""
    held = control.leases.take("a", "d1", 30)
    assert held is not None
    with pytest.raises(StoreError, match=r"d1 holds the book a"):
        control.books.drop("a")
    control.books.drop("b", held=True)  # nobody need hold it
    control.books.create("b")
    control.books.push("a", RULES, expected=None, by="ann")
    control.leases.release(held)
    control.books.drop("a")
    assert list(control.books.names()) == ["b"]
    with pytest.raises(StoreError, match=r"there is no book a;.*watcher books add a"):
        control.books.history("a")
    control.books.create("a")
    assert control.books.current("a") is None


def test_a_held_book_is_dropped_on_purpose(control: PostgresControl, postgres_url: str) -> None:
    """Its holder, though it stands still inside a transaction, keeps nobody waiting: that
    transaction is undone, and its lease is lost."""
    held = control.leases.take("a", "d1", 30)
    assert held is not None
    writer = session_of(postgres_url, "a", "d1")
    writer.execute("BEGIN")
    writer.execute("SELECT watcher.fenced(%s)", (held.fence,))
    writer.execute("INSERT INTO secret VALUES ('late')")
    control.books.drop("a", held=True)
    assert list(control.books.names()) == ["b"]
    assert not control.leases.renew([held], 30, {})
    with pytest.raises(psycopg.OperationalError):
        writer.execute("COMMIT")
    control.leases.release(held)  # as it says goodbye


def test_nobody_logs_in_as_a_book(control: PostgresControl, postgres_url: str) -> None:
    """Its role may do nothing but own its schema."""
    with psycopg.connect(postgres_url) as conn:
        rights = conn.execute(
            "SELECT rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolreplication, "
            "rolbypassrls FROM pg_roles JOIN watcher.books ON rolname = role WHERE name = 'a'"
        )
        assert rights.fetchone() == (False,) * 6


def test_a_session_of_no_book(control: PostgresControl, postgres_url: str) -> None:
    """It is told how the book is made."""
    place = Server(postgres_url, "none")
    with (
        begin(place, "watcher/x/none") as session,
        pytest.raises(StoreError, match="watcher books add none"),
    ):
        become(session, "none", place)


def test_restored_elsewhere() -> None:
    """A dump has no roles: in another database ``books add`` gives each book one, also beside the
    database that was dumped."""
    needed()
    with cluster() as server, cluster() as other:
        with PostgresControl(server.url) as control:
            for book in "ab":
                control.books.create(book)
                with session_of(server.url, book) as session:
                    session.execute("CREATE TABLE secret AS SELECT 1 AS id")
            control.books.push("a", RULES, expected=None, by="ann")
        dumped = run("pg_dump", "--no-owner", "--no-privileges", server.url).stdout
        for url in (server.create_database(), other.url):
            run("psql", "-qX", "-v", "ON_ERROR_STOP=1", url, input=dumped)
            _mended(url)
        with session_of(server.url, "a") as session:
            session.execute("TABLE secret")


def test_all_that_a_book_has_is_its_roles_again(
    control: PostgresControl, postgres_url: str
) -> None:
    """Tables, months, views: as ``books add`` finds them after a restore."""
    place = Server(postgres_url, "a")
    with open_store(place) as store:
        role = row_of(control._live(), "SELECT role FROM watcher.books WHERE name = 'a'")[0]  # noqa: SLF001
        partitions.ensure(cast("PostgresDatabase", store), [0])
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f'REASSIGN OWNED BY "{role}" TO CURRENT_USER'.encode())
        admin.execute(f'DROP OWNED BY "{role}"'.encode())
        admin.execute(f'DROP ROLE "{role}"'.encode())
        with pytest.raises(StoreError, match="the role that keeps the book a to itself"):
            open_store(place)
        control.books.create("a")
        others = admin.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'book_a'::regnamespace "
            "AND relowner <> %s::regrole",
            (f'"{role}"',),
        )
        assert others.fetchall() == []
    with open_store(place) as store:
        cast("PostgresDatabase", store).execute("DROP TABLE observations_1970_01")
    control.books.drop("a")


def _mended(url: str) -> None:
    with PostgresControl(url) as restored:
        with pytest.raises(StoreError, match=r"watcher books add a. makes it"):
            session_of(url, "a")
        for book in restored.books.names():
            restored.books.create(book)
        with session_of(url, "a") as session:
            session.execute("INSERT INTO secret VALUES (2)")
            with pytest.raises(errors.InsufficientPrivilege):
                session.execute("TABLE book_b.secret")
            with pytest.raises(psycopg.Error, match="lost"):
                session.execute("SELECT watcher.fenced(1)")
        assert restored.books.files("a", 1) == RULES


def test_rules_have_a_history(control: PostgresControl) -> None:
    """Each push is a revision, by whom and why; the same files again are none."""
    first = control.books.push("a", RULES, expected=None, by="ann@laptop", comment="to begin")
    assert (first.number, first.digest, first.by, first.comment) == (
        1, digest_of(RULES), "ann@laptop", "to begin",
    )  # fmt: skip
    assert control.books.push("a", RULES, expected=first.digest, by="bob") == first
    assert control.books.push("a", RULES, expected=None, by="bob") == first  # CI that runs again
    changed = {**RULES, "rules.yaml": b"watches: [x]\n"}
    second = control.books.push("a", changed, expected=first.digest, by="bob")
    back = control.books.push("a", control.books.files("a", 1), expected=second.digest, by="ann")
    assert (back.number, back.digest) == (3, first.digest)
    assert [each.number for each in control.books.history("a")] == [3, 2, 1]
    assert control.books.current("a") == back
    assert control.books.files("a", 2) == changed
    assert control.books.files("a", 3) == RULES
    assert control.books.current("b") is None
    with pytest.raises(StoreError, match=r"no revision 4; `watcher rules history --book a`"):
        control.books.files("a", 4)


def test_one_that_does_not_know_the_newest(control: PostgresControl) -> None:
    """It is told who pushed what, when and why, and changes nothing."""
    first = control.books.push("a", RULES, expected=None, by="ann@laptop", comment="less noise")
    other = {"rules.yaml": b"other\n"}
    for expected in (None, "0" * 64):
        with pytest.raises(Raced, match=r"revision 1 \(.*ann@laptop at .* UTC \(.less noise.\)"):
            control.books.push("a", other, expected=expected, by="bob")
    with pytest.raises(Raced, match="has no rules yet"):
        control.books.push("b", other, expected=first.digest, by="bob")
    assert control.books.history("a") == [first]


def test_pushes_that_race(control: PostgresControl, postgres_url: str) -> None:
    """Of many with the same expectation exactly one is the next revision."""
    racers = [open_control(postgres_url) for _ in range(6)]
    barrier = threading.Barrier(len(racers))
    newest: list[Revision] = []

    def race(at: int) -> Revision | Raced:
        files = {"rules.yaml": b"# %d of %d\n" % (at, len(newest))}
        barrier.wait()
        try:
            expected = newest[-1].digest if newest else None
            return racers[at].books.push("a", files, expected=expected, by=f"p{at}")
        except Raced as raced:
            return raced

    with ThreadPoolExecutor(len(racers)) as pool:
        for _ in range(10):
            found = list(pool.map(race, range(len(racers))))
            (won,) = [each for each in found if isinstance(each, Revision)]
            assert all(
                f"revision {won.number} " in str(each) and won.by in str(each)
                for each in found if isinstance(each, Raced)
            )  # fmt: skip
            newest.append(won)
    assert [each.number for each in control.books.history("a")] == list(range(10, 0, -1))
    for each in racers:
        each.close()


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("../rules.yaml", "another folder"), ("/etc/passwd", "another folder"),
        ("a/b.yaml", "another folder"), ("a\\b.yaml", "another folder"), ("..", "dot"),
        (".", "dot"), (".env", "dot"), ("", "empty"), ("a\0.yaml", "printed"),
        ("a\n.yaml", "printed"), ("\x1b[2J.yaml", "printed"), ("\udcff.yaml", "printed"),
        ("\u202elmay.yaml", "printed"), ("a" * 300 + ".yaml", "200 bytes"),
        ("ü" * 120 + ".yaml", "200 bytes"),
    ],
)  # fmt: skip
def test_no_name_of_a_file(control: PostgresControl, name: str, what: str) -> None:
    """What would lead out of a daemon's folder, or could not be shown, is refused."""
    with pytest.raises(WatcherError, match=what):
        control.books.push("a", {**RULES, name: b""}, expected=None, by="ann")
    assert control.books.current("a") is None


def test_too_much(control: PostgresControl) -> None:
    """A hundred megabytes, ten thousand files, or none: what is allowed is said."""
    with pytest.raises(WatcherError, match=r"more than the 32 MiB .* the largest is big\.csv"):
        control.books.push("a", {**RULES, "big.csv": bytes(100 << 20)}, expected=None, by="ann")
    many = {f"{number}.yaml": b"" for number in range(10_000)}
    with pytest.raises(WatcherError, match=r"10,000 files are too many: .* at most 1,000"):
        control.books.push("a", many, expected=None, by="ann")
    with pytest.raises(WatcherError, match="no file to push"):
        control.books.push("a", {}, expected=None, by="ann")
    most = {f"{number}.yaml": b"" for number in range(1_000)}
    assert control.books.push("a", most, expected=None, by="ann").number == 1


def test_contents_are_bytes(control: PostgresControl) -> None:
    """Whatever a file holds comes back, NUL and broken UTF-8 too; so do names in any letters."""
    files = {"规则.yaml": b"\0\xff\r\n'; DROP TABLE x; --", "%s {x} $1 ?.txt": bytes(range(256))}
    made = control.books.push("a", files, expected=None, by="a\0n\nn", comment="\0'; --\n%s")
    assert control.books.files("a", made.number) == files
    assert (made.by, made.comment) == ("a n n", "'; -- %s")


def test_kept_once(control: PostgresControl, postgres_url: str) -> None:
    """A large list that stays the same over many revisions is stored once a book."""
    expected, ids = None, b"7495\n" * 100_000
    for number in range(5):
        files = {"rules.yaml": b"# %d" % number, "ids.csv": ids}
        expected = control.books.push("a", files, expected=expected, by="ann").digest
    with psycopg.connect(postgres_url) as conn:
        assert conn.execute("SELECT count(*) FROM watcher.contents").fetchone() == (6,)


def test_told(control: PostgresControl, postgres_url: str) -> None:
    """Whoever listens hears of a push once it is there, and of none that was refused."""
    with psycopg.connect(postgres_url, autocommit=True) as conn:
        row = conn.execute("SELECT value FROM watcher.settings WHERE name = 'channel'").fetchone()
        assert row is not None
        conn.execute(f"LISTEN {row[0]}".encode())
        control.books.push("a", RULES, expected=None, by="ann")
        with pytest.raises(Raced):
            control.books.push("a", {"x.yaml": b""}, expected=None, by="ann")
        assert [each.payload for each in conn.notifies(timeout=0.2)] == ["rules a"]
