"""Where an export goes."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from watcher.errors import WatcherError
from watcher.export.formats import replaced
from watcher.store.sqlite.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """An empty database, in use."""
    path = tmp_path / "watcher.db"
    Database.open(path).close()
    return path


@pytest.mark.parametrize("how", [KeyboardInterrupt, BrokenPipeError, RuntimeError])
def test_what_is_cut_off_leaves_nothing(database: Path, how: type[BaseException]) -> None:
    """The older file stays as it was, and no part of the new one is left."""
    target = database.parent / "out.csv"
    target.write_text("old", encoding="utf-8")
    before = sorted(database.parent.iterdir())
    with pytest.raises(how):
        _cut_off(target, database, how)
    assert target.read_text("utf-8") == "old"
    assert sorted(database.parent.iterdir()) == before


def _cut_off(target: Path, database: Path, how: type[BaseException]) -> None:
    with replaced(target, database) as file:
        file.write(b"new")
        raise how


def test_a_link_stays_a_link(database: Path) -> None:
    """What it points to is replaced."""
    real, link = database.parent / "real.csv", database.parent / "link.csv"
    link.symlink_to(real)
    with replaced(link, database) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


def test_a_pipe_is_written_to(database: Path) -> None:
    """It is no file to be replaced."""
    pipe = database.parent / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    with replaced(pipe, database) as file:
        file.write(b"rows")
    reader.join(60)
    assert read == [b"rows"]


def test_a_pipe_without_a_name_is_written_to(database: Path) -> None:
    """As /dev/stdout is one, or a shell's ``>(gzip > history.csv.gz)``."""
    reading, writing = os.pipe()
    with replaced(Path(f"/dev/fd/{writing}"), database) as file:
        file.write(b"rows")
    os.close(writing)
    assert Path(f"/dev/fd/{reading}").read_bytes() == b"rows"
    os.close(reading)


def test_a_full_disk_is_said(database: Path) -> None:
    """With the file's name."""
    with (
        pytest.raises(WatcherError, match="/dev/full: can't be written: No space left"),
        replaced(Path("/dev/full"), database) as file,
    ):
        file.write(b"rows")


@pytest.mark.parametrize("name", ["watcher.db", "watcher.db-wal", "other.db", "link.db"])
def test_no_database_is_replaced(database: Path, name: str) -> None:
    """Neither the one that is read nor another, whatever it is called."""
    database.with_name("watcher.db-wal").touch()
    Database.open(database.with_name("other.db")).close()
    database.with_name("link.db").symlink_to(database)
    before = database.read_bytes()
    target = database.with_name(name)
    with pytest.raises(WatcherError, match="is a database of watcher"), replaced(target, database):
        pass
    assert database.read_bytes() == before
