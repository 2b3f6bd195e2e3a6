"""``watcher db copy``, ``backup`` and ``restore`` with a book on a server."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.running import Command
from tests.store.copying.filled import fill
from tests.store.copying.test_copier import dump
from watcher.store.engine import open_control, open_store
from watcher.store.places import Server
from watcher.store.sqlite.database import Database


@pytest.fixture
def book(watcher: Command, folder: Path, postgres_url: str) -> Server:
    """A book ``ann``, copied from ``source.db``."""
    with Database.open(folder / "source.db") as database:
        fill(database)
    result = watcher("db", "copy", "source.db", postgres_url, "--to-book", "ann", "--json")
    assert (result.code, result.err) == (0, "")
    told = json.loads(result.out)
    assert told["rows"] == sum(table["rows"] for table in told["tables"]) > 1_000
    return Server(postgres_url, "ann")


def test_a_backup_beside_the_daemon(watcher: Command, folder: Path, book: Server) -> None:
    """One file for its owner, compared with the book; an older one is replaced, nothing else."""
    with closing(open_control(book.url)) as control:
        assert control.leases.take("ann", "a daemon", 60) is not None
    for _ in range(2):
        result = watcher("db", "backup", "saved.db", "--db", book.url, "--book", "ann")
        assert (result.code, result.err) == (0, "")
        assert result.out.startswith("saved.db: ")
    assert sorted(path.name for path in folder.glob("*saved*")) == ["saved.db"]
    assert (folder / "saved.db").stat().st_mode & 0o777 == 0o600
    assert dump(folder / "saved.db") == dump(folder / "source.db")
    (folder / "letter.txt").write_text("mine")
    result = watcher("db", "backup", "letter.txt", "--db", book.url, "--book", "ann")
    assert result.code == 1
    assert "exists and is no database of watcher" in result.err
    assert (folder / "letter.txt").read_text() == "mine"


def test_a_backup_is_restored_anywhere(watcher: Command, folder: Path, book: Server) -> None:
    """Into a file, and into a new book; not over one that has something."""
    saved = ("db", "backup", "saved.db", "--db", book.url, "--book", "ann")
    assert watcher(*saved).code == 0
    assert watcher("db", "restore", "saved.db", "--db", "other.db").code == 0
    assert dump(folder / "other.db") == dump(folder / "source.db")
    result = watcher("db", "restore", "saved.db", "--db", book.url)
    assert (result.code, result.err) == (0, "")
    assert "book main: restored from saved.db: " in result.out
    with open_store(book, readonly=True) as one, open_store(Server(book.url)) as other:
        assert one.upkeep.stats().alerts == other.upkeep.stats().alerts > 0
        assert one.upkeep.ever() == other.upkeep.ever()
    result = watcher("db", "restore", "saved.db", "--db", book.url, "--book", "ann")
    assert result.code == 1
    assert "book ann: has alerts already" in result.err


def test_a_table_says_what_was_copied(watcher: Command, book: Server) -> None:
    """Rows and checksums, or nothing for cron."""
    whole = ("db", "copy", book.url, "copy.db", "--from-book", "ann")
    result = watcher(*whole)
    assert (result.code, result.err) == (0, "")
    assert "both are the same in rows and checksums" in result.out
    result = watcher("db", "copy", book.url, "copy2.db", "--from-book", "ann", "--quiet")
    assert (result.code, result.out, result.err) == (0, "", "")
    result = watcher(*whole)
    assert result.code == 1
    assert "copy.db: has alerts, " in result.err
