"""A plugin of pytest: what would be a store in memory is a book on a server, emptied for each test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests import postgres
from tests.store import making
from watcher.store.places import Server
from watcher.store.postgres.database import Database

_OPEN: list[Database] = []


def _database() -> Database:
    if not _OPEN:
        url = postgres.create_database(os.environ[postgres.SHARED], f"both{os.getpid()}")
        _OPEN.append(Database.open(Server(url)))
    return _OPEN[0]


@contextmanager
def _memory() -> Iterator[Any]:
    database = _database()
    _empty(database)
    yield database
    database._roll_back()
    database._depth = 0


def _empty(database: Database) -> None:
    tables = [
        name
        for (name,) in database.rows(
            "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() "
            "AND tablename NOT IN ('_migrations', 'last_ids') AND tablename NOT LIKE 'observations_%'"
        )
    ]
    database.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")
    database.execute("UPDATE last_ids SET last = 0")


def pytest_configure(config: pytest.Config) -> None:
    making.memory = _memory
