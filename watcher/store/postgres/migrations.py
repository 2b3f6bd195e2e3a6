"""The schema of a book, made and brought up to date: what ``schema`` lists, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from watcher.errors import NewerDatabase, NotReady, UnfinishedCopy
from watcher.fields import NUMERIC_NAMES, RATING
from watcher.store.copying.canonical import COPYING
from watcher.store.places import Server
from watcher.store.postgres.schema import MIGRATIONS, statements
from watcher.store.records import Row

VIEW = "observations_view"
_TABLE = "_migrations"


class Tables(Protocol):
    """A session in which the book's schema is the only one that names are looked for in."""

    def execute(self, sql: str) -> object: ...

    def rows(self, sql: str) -> Sequence[Row]: ...


def applied(db: Tables) -> list[str]:
    """Names of the migrations that the book has had, the oldest first."""
    if not _exists(db, _TABLE):
        return []
    return [name for (name,) in db.rows(f"SELECT name FROM {_TABLE} ORDER BY name")]


def pending(db: Tables) -> list[str]:
    """Return what ``prepare`` would change: migrations, and columns of fields not stored so far."""
    had = {*applied(db)}
    names = [name for name in MIGRATIONS if name not in had]
    if _exists(db, "observations"):
        names += [f"field {name}" for name in _missing(db)]
    return names


def unknown(db: Tables) -> list[str]:
    """Migrations of the book that this version has never heard of."""
    return [name for name in applied(db) if name not in MIGRATIONS]


def prepare(db: Tables) -> None:
    """Bring the schema up to date; inside the caller's transaction, which has the book's lock."""
    due = pending(db)
    if not due:
        return
    db.execute(
        f"CREATE TABLE IF NOT EXISTS {_TABLE} (name text PRIMARY KEY, "
        "applied_at timestamptz NOT NULL DEFAULT clock_timestamp())"
    )
    for name in filter(MIGRATIONS.__contains__, due):
        for statement in statements(name):
            db.execute(statement)
        db.execute(f"INSERT INTO {_TABLE} (name) VALUES ('{name}')")
    for name in _missing(db):
        db.execute(f"ALTER TABLE observations ADD COLUMN {name} double precision")
    # Not replaced: a view keeps the columns that it has, in their order.
    db.execute(f"DROP VIEW IF EXISTS {VIEW}")
    db.execute(f"CREATE VIEW {VIEW} AS {_view(NUMERIC_NAMES)}")


def refuse_newer(db: Tables, place: Server) -> None:
    """Raise ``NewerDatabase`` where a newer watcher wrote the book."""
    newer = unknown(db)
    if newer:
        raise NewerDatabase(
            f"{place}: written by a newer version of watcher (it has {newer[-1]}); install that "
            "version, or give another book or database (--book, --db)",
            place,
        )


def refuse_unfinished(db: Tables, place: Server) -> None:
    """Raise ``UnfinishedCopy`` where a copy of another store is under way, or was cut off: who went
    on with half of it would tell again what the other half knows as told."""
    if _exists(db, COPYING):
        raise UnfinishedCopy(
            f"{place}: is being copied into, or that was cut off; the same `watcher db copy` goes "
            "on with it",
            place,
        )


def refuse_unready(db: Tables, place: Server) -> None:
    """Raise ``NotReady`` where the schema is not that of this version; for who only reads."""
    if pending(db):
        raise NotReady(
            f"{place}: empty, or written by an older version; `watcher run` prepares it", place
        )


def _exists(db: Tables, table: str) -> bool:
    return bool(db.rows(f"SELECT to_regclass('{table}') IS NOT NULL")[0][0])


def _missing(db: Tables) -> list[str]:
    rows = db.rows(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'observations'::regclass "
        "AND attnum > 0 AND NOT attisdropped"
    )
    present = {name for (name,) in rows}
    return [name for name in NUMERIC_NAMES if name not in present]


def _view(names: Iterable[str]) -> str:
    """For people: times as ISO texts; of a product without ratings older rows have 0."""
    numbers = ", ".join(
        f"nullif(o.{name}, 0) AS {name}" if name == RATING else f"o.{name}" for name in names
    )
    return (
        "SELECT o.id, p.region, p.product_id, p.product_name, p.currency, "
        "to_char(to_timestamp(o.at) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS at, "
        f"{numbers} FROM observations AS o JOIN products AS p ON p.id = o.product"
    )
