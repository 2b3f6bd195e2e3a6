"""Books on a server for tests: a new one, or one that is emptied."""

from __future__ import annotations

from typing import Any

from psycopg import RawCursor

from watcher.store.places import Server
from watcher.store.postgres import partitions
from watcher.store.postgres.database import PostgresDatabase
from watcher.store.postgres.migrations import VIEW
from watcher.store.records import Row
from watcher.store.sql.connection import Values

_KEPT = ("_migrations", "last_ids", VIEW)


def opened(url: str) -> PostgresDatabase:
    """The book of who names none."""
    return PostgresDatabase.open(Server(url))


def empty(store: PostgresDatabase) -> None:
    """Have it as it was when it was made, but for the months that it has room for."""
    rows = store.rows(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition "
        "AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())"
    )
    tables = [name for (name,) in rows if name not in _KEPT]
    with store.atomic():
        store.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")
        store.execute("UPDATE last_ids SET last = 0")


def months(store: PostgresDatabase) -> list[str]:
    """Names of the months' tables."""
    return [month.partition for month in partitions.months(store)]


class Listening(PostgresDatabase):
    """One that remembers what it asked the server since it was ``heard`` last."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._asked: list[tuple[str, Values]] = []
        super().__init__(*arguments, **options)

    def execute(self, sql: str, values: Values = ()) -> RawCursor[Row]:
        self._asked.append((sql, values))
        return super().execute(sql, values)

    def plans(self) -> list[str]:
        """How the server went about what it was asked since then, statement by statement."""
        asked, self._asked = self._asked, []
        found = []
        for sql, values in asked:
            if sql.startswith(("SELECT", "UPDATE", "DELETE")):
                rows = super().execute(f"EXPLAIN {sql}", values).fetchall()
                found.append("\n".join([sql, *(line for (line,) in rows)]))
        return found
