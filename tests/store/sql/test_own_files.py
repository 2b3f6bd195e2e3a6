"""Copies of files that rules name."""

from tests.store.making import START
from watcher.store.sqlite.database import Database


def test_copies_are_kept_and_forgotten(store: Database) -> None:
    """Exactly those that are given; what is kept already is not written again."""
    assert store.rules.kept_files() == {}
    files = {"/r/a.csv": b"product_id,target\n1,2\n" * 1_000, "/r/b.txt": b"\x00\xff"}
    store.rules.keep_files(files, START)
    store.rules.keep_files(files, START + 5)
    assert store.rules.kept_files() == files
    assert store.rows("SELECT DISTINCT at FROM own_files") == [(START,)]
    store.rules.keep_files({"/r/b.txt": b"new"}, START + 9)
    assert store.rules.kept_files() == {"/r/b.txt": b"new"}
    assert store.rows("SELECT path, at FROM own_files") == [("/r/b.txt", START + 9)]
    store.rules.keep_files({}, START)
    assert store.rules.kept_files() == {}


def test_known_ids(store: Database) -> None:
    """Those of which some scan has found a product."""
    from tests.store.making import scan

    store.history.record(scan(START, {"1": 5, "2": 6}))
    assert store.history.known_ids(["1", "3", "2", "1"]) == {"1", "2"}
    assert store.history.known_ids([]) == set()
