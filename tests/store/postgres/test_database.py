"""A book is opened: made at need, prepared once, refused in words."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest

from tests.store.making import SALES, START, scan
from tests.store.postgres.stores import opened
from watcher.errors import NewerDatabase, StoreError
from watcher.store.engine import open_store
from watcher.store.places import Server
from watcher.store.postgres import migrations
from watcher.store.postgres.database import PostgresDatabase


def test_two_daemons_that_open_a_new_database_at_once(postgres_url: str) -> None:
    """Both have the book, which was made once."""
    begin = Barrier(2)

    def open_it() -> int:
        begin.wait()
        with opened(postgres_url) as store:
            assert migrations.pending(store) == []
            return store.number("SELECT count(*) FROM _migrations")

    with ThreadPoolExecutor(2) as threads:
        found = [threads.submit(open_it) for _ in range(2)]
    assert len({each.result() for each in found}) == 1


def test_who_reads_makes_nothing(postgres_url: str) -> None:
    """Neither a book nor its tables; where there are some, nothing can be written."""
    server = Server(postgres_url)
    with pytest.raises(StoreError, match="no book"):
        open_store(server, readonly=True)
    with opened(postgres_url) as store:
        store.history.record(scan(START, {"1": 1.0}))
    with PostgresDatabase.open(server, readonly=True) as reader:
        assert len(reader.history.scans()) == 1
        with pytest.raises(StoreError, match="read-only"):
            reader.history.record(scan(START + 1, {"1": 2.0}))


def test_other_books_must_be_there(postgres_url: str) -> None:
    """A name that is mistyped makes none."""
    with pytest.raises(StoreError, match="no book mian"):
        PostgresDatabase.open(Server(postgres_url, "mian"))


def test_a_newer_book_and_an_older_one(postgres_url: str) -> None:
    """What a newer watcher wrote is refused; who only reads waits for an older one's migration."""
    server = Server(postgres_url)
    with opened(postgres_url) as store:
        store.execute("DELETE FROM _migrations WHERE name = 'm013_one_scan_a_time'")
        store.execute("DROP INDEX scans_once")
    with pytest.raises(StoreError, match="older version"):
        PostgresDatabase.open(server, readonly=True)
    with opened(postgres_url) as store:
        assert migrations.pending(store) == []
        store.execute("INSERT INTO _migrations (name) VALUES ('m999_wonders')")
    for readonly in (False, True):
        with pytest.raises(NewerDatabase, match="m999_wonders"):
            PostgresDatabase.open(server, readonly=readonly)


def test_a_migration_that_fails_is_said_in_words(postgres_url: str) -> None:
    """The book stays as it was."""
    with opened(postgres_url) as store:
        store.execute("DELETE FROM _migrations WHERE name = 'm013_one_scan_a_time'")
    with pytest.raises(StoreError, match=r"book main: can't be prepared.*scans_once"):
        opened(postgres_url)


def test_a_table_of_numbers(postgres_url: str) -> None:
    """Whole and broken ones, NULL is NaN; of no row there is none."""
    with opened(postgres_url) as store:
        found = store.table("SELECT * FROM (VALUES (1, 2.5), (NULL, ?)) AS v", (3,), 2)
        np.testing.assert_array_equal(found, [[1, 2.5], [np.nan, 3]])
        assert store.table("SELECT 1 WHERE FALSE", (), 1).shape == (0, 1)
        assert store.table("SELECT 1, 2, 3 WHERE FALSE", (), 3).shape == (0, 3)


def test_a_replay_reads_a_book(postgres_url: str) -> None:
    """As it reads a file: see the tests of what is kept in memory."""
    from watcher.store.memory.past_scans import Extent

    with opened(postgres_url) as store:
        for turn in range(5):
            store.history.record(scan(START + turn, {"1": float(turn), "2": 7.0}))
        extent = Extent(frozenset(["w"]), frozenset(["US"]), START + 2, frozenset([SALES]))
        past = store.past_scans(extent)
        recalled = past.recalled()
        seen = []
        for place in range(past.first, 5):
            recalled.move(place)
            row, _ = recalled.scan(place)
            seen.append(row.column(SALES).tolist())
    assert seen == [[2, 7], [3, 7], [4, 7]]
