"""The schema of a book on a server: made once, by whoever comes first, or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from threading import Barrier

import psycopg
import pytest
import sqlite_utils

from tests.store.making import START
from watcher.errors import NewerDatabase, StoreError
from watcher.fields import NUMERIC_NAMES
from watcher.store.places import Server
from watcher.store.postgres import migrations
from watcher.store.postgres.schema import MIGRATIONS
from watcher.store.records import Row
from watcher.store.sqlite import migrations as of_sqlite

PLACE = Server("postgresql://watcher@db.example.com/watcher")


class Session:
    """A bare session as the migrations take it."""

    def __init__(self, url: str) -> None:
        self.conn = psycopg.connect(url, autocommit=True)

    def execute(self, sql: str) -> object:
        return self.conn.execute(sql.encode())

    def rows(self, sql: str) -> Sequence[Row]:
        return self.conn.execute(sql.encode()).fetchall()

    def prepare(self) -> None:
        """Under a lock, as a book is prepared."""
        with self.conn.transaction():
            self.execute("SELECT pg_advisory_xact_lock(15)")
            migrations.prepare(self)


@contextmanager
def session(url: str) -> Iterator[Session]:
    """One that is closed at the end."""
    made = Session(url)
    with closing(made.conn):
        yield made


def test_the_names_are_those_of_sqlite() -> None:
    """A change of one engine's schema is one of the other's, and copies need no table of names."""
    with closing(sqlite_utils.Database(memory=True)) as db:
        assert [*MIGRATIONS] == of_sqlite.pending(db)


def test_the_tables_are_those_of_sqlite(postgres_url: str) -> None:
    """Each with the same columns, of which the same may be NULL."""
    with closing(sqlite_utils.Database(memory=True)) as db, session(postgres_url) as book:
        of_sqlite.prepare(db)
        book.prepare()
        there = {
            table.name: {each.name: bool(each.notnull or each.is_pk) for each in table.columns}
            for table in db.tables
            if not table.name.startswith(("sqlite_", "_sqlite"))
        }
        here: dict[str, dict[str, bool]] = {}
        for table, column, needed in book.rows(
            "SELECT c.relname, a.attname, a.attnotnull FROM pg_attribute AS a "
            "JOIN pg_class AS c ON c.oid = a.attrelid WHERE c.relkind IN ('r', 'p') "
            "AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0"
        ):
            here.setdefault(table, {})[column] = needed
        own = {"_migrations", "last_ids"}
        assert here.keys() - own == there.keys()
        assert {name: here[name] for name in there} == there


def test_two_that_open_a_new_book_at_once(postgres_url: str) -> None:
    """One makes it, the other waits and finds it made."""
    begin = Barrier(2)

    def open_it() -> list[str]:
        with session(postgres_url) as book:
            begin.wait()
            book.prepare()
            return migrations.pending(book)

    with ThreadPoolExecutor(2) as threads:
        opened = [threads.submit(open_it) for _ in range(2)]
    assert [each.result() for each in opened] == [[], []]
    with session(postgres_url) as book:
        assert migrations.applied(book) == [*MIGRATIONS]


def test_a_migration_that_fails_changes_nothing(postgres_url: str) -> None:
    """All of it is one transaction; once the cause is gone the next start succeeds."""
    with session(postgres_url) as book:
        book.execute("CREATE TABLE causes (in_the_way text)")
        with pytest.raises(psycopg.errors.DuplicateTable, match="causes"):
            book.prepare()
        tables = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        assert book.rows(tables) == [("causes",)]
        book.execute("DROP TABLE causes")
        book.prepare()
        assert migrations.pending(book) == []


def test_what_a_newer_watcher_wrote_is_refused(postgres_url: str) -> None:
    """By name of what is not known here; what is not ready yet is no matter of who only reads."""
    with session(postgres_url) as book:
        with pytest.raises(StoreError, match=r"book main: empty.*`watcher run` prepares it"):
            migrations.refuse_unready(book, PLACE)
        book.prepare()
        migrations.refuse_newer(book, PLACE)
        migrations.refuse_unready(book, PLACE)
        book.execute("INSERT INTO _migrations (name) VALUES ('m999_wonders')")
        with pytest.raises(NewerDatabase, match=r"book main: written by a newer.*m999_wonders"):
            migrations.refuse_newer(book, PLACE)


def test_a_new_field_gets_its_column(postgres_url: str) -> None:
    """In the table, its partitions and the view."""
    name = NUMERIC_NAMES[40]
    with session(postgres_url) as book:
        book.prepare()
        book.execute("DROP VIEW observations_view")
        book.execute(f"ALTER TABLE observations DROP COLUMN {name}")
        assert migrations.pending(book) == [f"field {name}"]
        book.prepare()
        assert migrations.pending(book) == []
        assert book.rows(f"SELECT {name} FROM observations_view") == []


def test_an_id_of_an_alert_never_means_another(postgres_url: str) -> None:
    """Who numbers alerts goes on after the last that there ever was, whatever is deleted; what is
    taken back has used up none."""
    alert = "INSERT INTO alerts VALUES ({}, 'r', 1, 'inactive', 1, 1, 1, 2, NULL, 0, 0, '[]')"
    with session(postgres_url) as book:
        book.prepare()
        book.execute(
            "INSERT INTO products (id, region, product_id, first_seen, last_changed, newest, "
            "digest) VALUES (1, 'US', '1', 1, 1, 1, 1)"
        )
        for number in (1, 2, 7):
            book.execute(alert.format(number))
        with book.conn.transaction(force_rollback=True):
            book.execute(alert.format(8))
        book.execute(alert.format(3))
        book.execute("DELETE FROM alerts")
        assert book.rows("SELECT last FROM last_ids WHERE name = 'alerts'") == [(7,)]


def test_a_watch_has_one_scan_of_a_time(postgres_url: str) -> None:
    """Who does not know whether its scan was stored can't store it twice."""
    sql = (
        "INSERT INTO scans (id, watch, region, at, mark, started, finished, state, requests, "
        f"pages, size, first_row, rows) VALUES ({{0}}, 'w', 'US', {START}, {{0}}, 1, 1, "
        "'complete', 1, 1, 0, 1, 0)"
    )
    with session(postgres_url) as book:
        book.prepare()
        book.execute(sql.format(1))
        with pytest.raises(psycopg.errors.UniqueViolation, match="scans_once"):
            book.execute(sql.format(2))


def test_the_view_is_for_people(postgres_url: str) -> None:
    """Times as texts, a rating of 0 as none."""
    with session(postgres_url) as book:
        book.prepare()
        book.execute(
            f"CREATE TABLE part PARTITION OF observations FOR VALUES FROM (1) TO ({2**40})"
        )
        book.execute(
            "INSERT INTO products (id, region, product_id, product_name, first_seen, "
            "last_changed, newest, digest) VALUES (1, 'US', '17', 'Mug', 1, 1, 1, 1)"
        )
        book.execute(
            "INSERT INTO observations (id, product, at, spu_avg_price, product_rating) "
            f"VALUES (1, 1, {START}, 19.99, 0)"
        )
        row = "SELECT product_id, product_name, at, spu_avg_price, product_rating FROM {}"
        found = book.rows(row.format(migrations.VIEW))
        assert found == [("17", "Mug", "2023-11-14T22:13:20Z", 19.99, None)]


def test_names_are_in_order() -> None:
    """The names sort as they apply, for the errors compare them."""
    names = [*MIGRATIONS]
    assert names == sorted(names)
    assert all(re.fullmatch(r"m\d{3}_\w+", name) for name in names)
