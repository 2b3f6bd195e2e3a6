"""Statements that are sent before the earlier ones are answered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from watcher.store.places import Server
from watcher.store.postgres.database import PostgresDatabase

INSERT = "INSERT INTO credits (day, watch, used) VALUES (?, ?, ?)"
ROWS = [("2026-01-01", f"w{number}", number) for number in range(20)]


@pytest.fixture
def database(postgres_url: str) -> Iterator[PostgresDatabase]:
    """A new book."""
    with closing(PostgresDatabase.open(Server(postgres_url))) as opened:
        yield opened


def used(database: PostgresDatabase) -> int:
    """The sum of what was written."""
    return database.number("SELECT sum(used) FROM credits")


def test_what_was_changed_is_known(database: PostgresDatabase) -> None:
    """Rows and their number are read where they are asked for."""
    with database.atomic(), database.pipelined():
        database.execute(INSERT, ROWS[5])
        database.execute(INSERT, ROWS[6])
        assert used(database) == 11
        assert database.execute("UPDATE credits SET used = 1").rowcount == 2
    assert used(database) == 2


def test_many_rows(database: PostgresDatabase) -> None:
    """They can't be copied in there, and come one by one."""
    with database.atomic(), database.pipelined():
        database.many(INSERT, ROWS)
    assert used(database) == sum(range(20))


def test_within(database: PostgresDatabase) -> None:
    """Savepoints are as ever."""
    with database.atomic(), database.pipelined():
        database.execute(INSERT, ROWS[1])
        with database.atomic():
            database.execute(INSERT, ROWS[2])
    assert used(database) == 3


def test_one_that_fails(database: PostgresDatabase) -> None:
    """Nothing is kept, whether anybody reads an answer or not; and the next one is as ever."""

    def fail() -> None:
        with database.atomic(), database.pipelined():
            database.execute(INSERT, ROWS[1])
            database.execute("UPDATE credits SET used = 1 / (used - 1)")
            database.execute(INSERT, ROWS[2])

    with pytest.raises(psycopg.errors.DivisionByZero):
        fail()
    assert used(database) == 0
    database.execute(INSERT, ROWS[3])
    assert used(database) == 3
