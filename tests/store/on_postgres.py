"""A plugin of pytest: what would be a store in memory, or a file, is a book on the server that the
variable ``tests.postgres.SHARED`` names, emptied for each test. What replays make in memory stays
SQLite's, as in the house. Left out is what is about SQLite itself: see ``LEFT_OUT`` and the tests
that are marked ``sqlite``."""

# ruff: noqa: SLF001 - a plugin takes the place of what is private

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests import postgres
from tests.store import making
from watcher.store import threads
from watcher.store.engine import open_control
from watcher.store.places import Place, Server
from watcher.store.postgres.database import PostgresDatabase as Database
from watcher.store.sqlite import database as sqlite

LEFT_OUT = {
    "tests/store/sqlite": "SQLite's file: locks, rights, logs, damage, backups, space",
    "tests/store/postgres": "has a server of its own",
    "tests/store/test_upgrading.py": "files that older versions wrote, which had SQLite only",
    "tests/store/copying": "opens the two places of each copy itself",
    "tests/store/test_ports.py": "runs suites itself",
    "tests/store/test_both_engines.py": "runs this",
}
_EXAMPLES = 5  # of what hypothesis tries: SQLite's turn has all of them
# Files made anew for all tables and indexes cost more than the few rows of a test; but what is
# deleted stays in the files, and is read over.
_THOROUGH = 10
_TRUNCATED = (
    f"TRUNCATE {', '.join(making.TABLES)} RESTART IDENTITY CASCADE; UPDATE last_ids SET last = 0"
)
_DELETED = f"""
{"; ".join(f"DELETE FROM {table}" for table in reversed(making.TABLES))};
UPDATE last_ids SET last = 0;
SELECT setval(pg_get_serial_sequence(attrelid::regclass::text, attname), 1, false)
FROM pg_attribute WHERE attidentity <> ''
AND attrelid::regclass::text = ANY('{{{",".join(making.TABLES)}}}')
"""
_BOOKS = count(1)
_FREE: list[Database] = []
_LENT: list[Database] = []
_PLACES: dict[Path, Server] = {}


class Lent(Database):
    """A book of the pool; to close it gives it back."""

    def close(self) -> None:
        if self in _LENT:
            _LENT.remove(self)
            if self._depth:  # a test that failed inside: its frames live on, and end it later
                super().close()
                return
            self.execute("SET default_transaction_read_only = off")
            emptied(self)
            _FREE.append(self)


@cache
def _url() -> str:
    return postgres.create_database(os.environ[postgres.SHARED], f"both{os.getpid()}")


def _lend() -> Lent:
    if not _FREE:
        server = Server(_url(), f"b{next(_BOOKS)}")
        control = open_control(server.url)
        control.books.create(server.book)
        control.close()
        _FREE.append(Lent.open(server))
    database = _FREE.pop()
    _LENT.append(database)
    assert isinstance(database, Lent)
    return database


def emptied(database: Database) -> None:
    """Take all rows from it, and begin to count ids anew."""
    vars(database.observations).pop("_last", None)  # the list that was read last
    vars(database)["emptied"] = times = vars(database).get("emptied", 0) + 1
    if times % _THOROUGH:
        database._command(_DELETED)
    else:
        database._command(_TRUNCATED)


def pytest_configure(config: pytest.Config) -> None:
    """Before the tests are collected: they take what makes their stores from these places."""
    in_memory = sqlite.Database.in_memory

    @contextmanager
    def memory() -> Iterator[Any]:
        with _lend() as database:
            yield database

    def place(folder: Path, name: str = "watcher.db") -> Place:
        return _PLACES.setdefault(folder / name, _lend().server)

    def lent_to_tests(*, foreign: bool = False) -> Any:
        caller = str(sys._getframe(1).f_globals["__name__"])
        return _lend() if caller.startswith("tests.") else in_memory(foreign=foreign)

    making.memory = memory
    making.place = place
    making.forbid_writes = _forbid_writes
    making.statements = _statements
    sqlite.Database.in_memory = lent_to_tests  # type: ignore[method-assign]
    threads.open_memory = _lend  # type: ignore[attr-defined]


def _forbid_writes(store: Any) -> None:
    store.execute("SET default_transaction_read_only = on")


@contextmanager
def _statements(store: Any) -> Iterator[list[str]]:
    heard: list[str] = []
    ask = Database._ask

    def asked(self: Database, sql: str, values: Any) -> Any:
        heard.append(sql)
        return ask(self, sql, values)

    store._ask = asked.__get__(store)
    yield heard
    del store._ask


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is SQLite's own, and try fewer examples of what hypothesis makes up."""
    root = config.rootpath
    kept = []
    for item in items:
        path = item.path.relative_to(root).as_posix()
        if path.startswith(tuple(LEFT_OUT)) or item.get_closest_marker("sqlite"):
            continue
        tried = getattr(getattr(item, "obj", None), "_hypothesis_internal_use_settings", None)
        if tried is not None:
            item.obj._hypothesis_internal_use_settings = settings(  # type: ignore[attr-defined]
                tried, max_examples=min(tried.max_examples, _EXAMPLES)
            )
        kept.append(item)
    items[:] = kept


def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Take back what a test did not close."""
    item.addfinalizer(_take_back)


def _take_back() -> None:
    for database in [*_LENT]:
        database.close()
    _PLACES.clear()
