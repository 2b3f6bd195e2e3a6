"""Figures of a book on a server, and what a check of it finds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.store.making import DAY, START, firing, scan
from tests.store.postgres.stores import opened
from watcher.store.postgres.database import PostgresDatabase


@pytest.fixture
def store(postgres_url: str) -> Iterator[PostgresDatabase]:
    """A book with two scans and an alert."""
    with opened(postgres_url) as made:
        for day in range(2):
            made.history.record(scan(START + day * DAY, {"1": float(day), "2": 7.0}))
        made.alerts.save([firing("r", 1), firing("r", 2)])
        yield made


def test_the_figures(store: PostgresDatabase) -> None:
    """Rows that there are, rows that there ever were, and the size of this book alone."""
    stats = store.upkeep.stats()
    assert (stats.products, stats.observations, stats.scans, stats.alerts) == (2, 3, 2, 2)
    assert (stats.oldest, stats.newest) == (START, START + DAY)
    assert 100_000 < stats.bytes < 5_000_000
    store.execute("DELETE FROM alerts")
    assert store.upkeep.ever() == {
        "scans": 2, "observations": 3, "alerts": 2, "notifications": 0,
    }  # fmt: skip
    assert int(store.upkeep.engine().partition(".")[0]) >= 15


def test_an_empty_book_has_figures(postgres_url: str) -> None:
    """Of nothing."""
    with opened(postgres_url) as store:
        assert set(store.upkeep.ever().values()) == {0}
        assert store.upkeep.stats().newest is None
        assert store.upkeep.check() == ()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("UPDATE products SET newest = 99 WHERE id = 1", "product 1: its newest observation"),
        ("UPDATE observations SET id = 1 WHERE id = 2", "observation 1: is there more than once"),
        ("UPDATE observations SET product = 9 WHERE id = 3", "observation 3: its product"),
        ("UPDATE scans SET mark = 1 WHERE id = 2", "scan 2: its mark is not above"),
        ("UPDATE scans SET products = 'x' WHERE id = 1", "scan 1: its list can't be read"),
        ("UPDATE watches SET seen = 'x'", "watch w: its list can't be read"),
    ],
)
def test_what_is_wrong_is_said(store: PostgresDatabase, damage: str, words: str) -> None:
    """Each by its own name; a sound book has none."""
    assert store.upkeep.check() == ()
    store.execute(damage)
    assert any(line.startswith(words) for line in store.upkeep.check())


def test_indexes_are_looked_through_where_amcheck_is(store: PostgresDatabase) -> None:
    """By whoever may use it."""
    store.conn.execute("RESET ROLE")
    store.conn.execute("CREATE EXTENSION IF NOT EXISTS amcheck SCHEMA public")
    store.conn.execute("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO PUBLIC")
    with opened(store.server.url) as other:
        assert other.upkeep.check() == ()
