"""Statements that are sent before the earlier ones are answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest

from watcher.message import Message
from watcher.model import Severity
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


def test_a_message_and_a_try_are_one_statement_each(
    database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each way to the server costs, and a scan may write hundreds of messages."""
    asked = list[str]()

    def watched(asks: Callable[..., Any]) -> Callable[..., Any]:
        def ask(sql: str, *values: Any) -> Any:
            asked.append(sql)
            return asks(sql, *values)

        return ask

    for name in ("_ask", "_command"):
        monkeypatch.setattr(database, name, watched(getattr(database, name)))
    message = Message("alerts", "Title", Severity.WARNING, 1_000, rule="r")
    with database.atomic():
        asked.clear()
        rows = database.outbox.add("me", ["me/2", "me/1", "me/3"], message, 1_000)
        database.outbox.sent(rows[0], 1_001)
        assert len(asked) == 2
    assert rows == sorted(rows)
    found = [database.outbox.get(row) for row in rows]
    assert [each and each.target for each in found] == ["me/2", "me/1", "me/3"]
    assert [each and each.message for each in found] == [message] * 3
    (alone,) = database.outbox.add("me", ["me/1"], message, 1_000)  # a transaction of its own
    database.outbox.sent(alone, 1_002)
    assert [each.at for each in database.outbox.tries(alone)] == [1_002]
