"""Small scans for the store's tests."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psycopg

from watcher.alert import Alert, AlertState, NotificationLogEntry
from watcher.fields import NUMERIC_INDEX, NUMERIC_NAMES, TEXTS
from watcher.model import Instant, LongTexts, Scan, ScanState
from watcher.store.places import Place
from watcher.store.ports import Store
from watcher.store.records import Row
from watcher.store.sql.connection import Connection
from watcher.store.sqlite import migrations
from watcher.store.sqlite.database import Database

# What an index refuses.
REFUSED = sqlite3.IntegrityError, psycopg.IntegrityError
SALES, GMV, RATE = "total_sale_7d_cnt", "total_sale_gmv_7d_amt", "product_commission_rate"
DAY = 86_400
TABLES = (
    "products", "product_texts", "former_texts", "observations", "scans", "watches", "rules",
    "alerts", "transitions", "told", "held", "messages", "notifications", "tries", "credits",
    "reservations", "health", "causes", "silences", "doubts", "jumps", "depths",
    "followed", "lookups", "probes", "categories", "pictures", "data_days", "looks", "scan_days",
    "made_texts", "lacking_texts", "known_watches", "asked", "own_files",
    "figures", "category_names", "links", "deeds", "reports", "people",
    "audit", "page_rules", "day_lists",
)  # fmt: skip
START = 1_700_000_000


def scan(
    at: Instant,
    products: Mapping[str, float | Mapping[str, float]],
    *,
    watch: str = "w",
    region: str = "US",
    state: ScanState = ScanState.COMPLETE,
    ranked: bool = True,
    names: Mapping[str, str | None] | None = None,
    texts: Mapping[str, LongTexts] | None = None,
) -> Scan:
    """Products by id in the list's order: their 7-day sales, or several fields by name."""
    size = len(products)
    numbers = np.full((size, len(NUMERIC_NAMES)), np.nan)
    for row, given in enumerate(products.values()):
        values = given if isinstance(given, Mapping) else {SALES: given}
        for name, value in values.items():
            numbers[row, NUMERIC_INDEX[name]] = value
    columns: dict[str, tuple[str | None, ...]] = {field.name: (None,) * size for field in TEXTS}
    columns["product_id"] = tuple(products)
    columns["product_name"] = tuple((names or {}).get(key, f"Product {key}") for key in products)
    return Scan(
        watch=watch,
        region=region,
        at=at,
        started=at,
        finished=at + 5,
        state=state,
        requests=1,
        pages=-(-size // 10),
        product_ids=tuple(products),
        ranks=np.arange(1, size + 1) if ranked else np.zeros(size, np.int64),
        numbers=numbers,
        texts=columns,
        long_texts=texts or {},
        error="cut" if state is not ScanState.COMPLETE else None,
    )


@contextmanager
def memory() -> Iterator[Database]:
    """A store in memory, closed at the end."""
    with Database.in_memory() as database:
        yield database


def place(folder: Path, name: str = "watcher.db") -> Place:
    """A place in a folder for a store that is opened more than once."""
    return folder / name


def contents(store: Store) -> dict[str, list[Row]]:
    """All rows of all tables."""
    return {table: raw(store).rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in TABLES}


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    """What the store is asked in the meantime."""
    heard: list[str] = []
    assert isinstance(store, Database)
    store.conn.set_trace_callback(heard.append)
    yield heard
    store.conn.set_trace_callback(None)


def forbid_writes(store: Store) -> None:
    """Have every statement that would write fail, until the store is closed."""
    raw(store).execute("PRAGMA query_only = ON")


def raw(store: Store) -> Connection:
    """The store as who speaks SQL to it."""
    assert isinstance(store, Connection)
    return store


def of_old(store: Database, stop_before: str) -> None:
    """Give a new store the schema of before a migration, so that scans can be recorded all the
    same: the tables that each of them needs stand beside it meanwhile."""
    migrations.migrations.apply(store.db, stop_before=stop_before)
    store.execute("CREATE TEMP TABLE day_lists (scan INTEGER PRIMARY KEY, packed BLOB)")
    if "jumps" not in store.db.table_names():
        store.execute("CREATE TEMP TABLE jumps (scan INTEGER PRIMARY KEY, until INTEGER)")


def with_products(database: Store, count: int = 3) -> list[int]:
    """Keys of so many stored products."""
    recorded = database.history.record(scan(START, {str(n): n for n in range(1, count + 1)}))
    keys: list[int] = recorded.products.tolist()
    return keys


def firing(rule: str, product: int, at: Instant = START, *, alert: int = 0) -> Alert:
    """An alert that fires since ``at``."""
    return Alert(alert, rule, product, AlertState.FIRING, at, at, fired_at=at)


def pending(rule: str, product: int, at: Instant = START, *, alert: int = 0) -> Alert:
    """An alert that is pending since ``at``."""
    return Alert(alert, rule, product, AlertState.PENDING, at, at)


def told_of(store: Store, rules: Sequence[str]) -> list[NotificationLogEntry]:
    """All that channels were told of these rules."""
    products = [key for (key,) in raw(store).rows("SELECT id FROM products")]
    return [told for rule in rules for told in store.alerts.told(rule, products)]
