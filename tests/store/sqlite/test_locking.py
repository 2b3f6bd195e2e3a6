"""One daemon a database."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from watcher.errors import DatabaseHeld, StoreError
from watcher.store.sqlite.database import Database
from watcher.store.sqlite.locking import (
    hold,
    lock_path,
    nobody_else,
    refuse_other_name,
    refuse_used,
)


def test_a_second_owner_is_refused_with_the_firsts_id(tmp_path: Path) -> None:
    """Also by another name of the same file; free again when the first ends."""
    path = tmp_path / "w.db"
    path.touch()
    alias = tmp_path / "alias.db"
    alias.symlink_to(path)
    with hold(path), pytest.raises(DatabaseHeld, match=str(os.getpid())) as caught, hold(alias):
        pass
    assert caught.value.pid == os.getpid()
    with hold(alias):
        assert lock_path(path).read_text() == f"{os.getpid()}\n"


def test_the_lock_ends_with_its_process(tmp_path: Path) -> None:
    """However the process ends: a killed owner is no owner."""
    path = tmp_path / "w.db"
    script = (
        "import sys, time; from pathlib import Path\n"
        "from watcher.store.sqlite.locking import hold\n"
        "with hold(Path(sys.argv[1])):\n print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(DatabaseHeld) as caught, hold(path):
            pass
        other.kill()
    assert caught.value.pid == other.pid
    with hold(path):
        pass


def test_a_lock_without_an_id(tmp_path: Path) -> None:
    """In the moment between locking and writing the id, the owner is only another watcher."""
    path = tmp_path / "w.db"
    with hold(path):
        lock_path(path).write_text("")
        with pytest.raises(DatabaseHeld, match="another watcher") as caught, hold(path):
            pass
    assert caught.value.pid is None


def test_no_place_for_the_lock(tmp_path: Path) -> None:
    """A folder that does not exist is said so."""
    with pytest.raises(StoreError, match="No such file"), hold(tmp_path / "nowhere" / "w.db"):
        pass


def test_a_hard_link_is_the_same_database(tmp_path: Path) -> None:
    """Its lock's file is its own; made before or after the owner began."""
    path, before, after = (tmp_path / name for name in ("w.db", "before.db", "after.db"))
    path.touch()
    before.hardlink_to(path)
    with hold(path), Database.open(path) as store:
        after.hardlink_to(path)
        for link in (before, after):
            with pytest.raises(DatabaseHeld, match="another name of the same file"), hold(link):
                pass
        # The owner's own statements, and other programs', go on.
        store.ledger.charge("w", 1, 0)
        with Database.open(path) as other:
            other.ledger.charge("w", 1, 0)
        with pytest.raises(DatabaseHeld), hold(after):
            pass
    with hold(after):
        pass


def test_who_comes_by_a_hard_link_reads_and_writes_nothing(tmp_path: Path) -> None:
    """Its log has another name there: what it wrote would be lost, what it read is old."""
    path, link = tmp_path / "w.db", tmp_path / "link.db"
    Database.open(path).close()
    link.hardlink_to(path)
    script = (
        "import sys, time; from pathlib import Path\n"
        "from watcher.store.sqlite.database import Database\n"
        "from watcher.store.sqlite.locking import hold\n"
        "with hold(Path(sys.argv[1])), Database.open(sys.argv[1]) as store:\n"
        " store.ledger.charge('w', 1, 0)\n print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        for readonly in (True, False):
            with pytest.raises(DatabaseHeld, match="another name of the same file"):
                Database.open(link, readonly=readonly, create=False)
        with Database.open(path) as beside, Database.open(path, readonly=True):  # by its own name
            beside.ledger.charge("w", 1, 0)
        other.kill()
    with Database.open(link) as first, Database.open(link, readonly=True):
        first.ledger.charge("w", 1, 0)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EACCES, errno.EIO])
def test_what_can_not_be_looked_at_is_said_by_who_opens_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """SQLite has words for it, too many open files among them."""
    path = tmp_path / "w.db"
    Database.open(path).close()
    (tmp_path / "link.db").hardlink_to(path)

    def failing(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", failing)
    refuse_other_name(path)


def test_a_new_database_is_held_by_every_name_too(tmp_path: Path) -> None:
    """Though it was not there when its owner began."""
    path, link = tmp_path / "w.db", tmp_path / "link.db"
    with hold(path):
        link.hardlink_to(path)
        with pytest.raises(DatabaseHeld), hold(link):
            pass


def test_what_is_no_file_is_said_by_who_opens_it(tmp_path: Path) -> None:
    """Not by the lock."""
    with hold(tmp_path / "folder.db"):
        pass
    (tmp_path / "folder.db").unlink()
    (tmp_path / "folder.db").mkdir()
    with hold(tmp_path / "folder.db"), pytest.raises(StoreError, match="a folder"):
        Database.open(tmp_path / "folder.db")


def test_nothing_of_an_earlier_owners_id_is_left(tmp_path: Path) -> None:
    """It may have been longer, and its process killed."""
    path = tmp_path / "w.db"
    lock_path(path).write_text("4194304999999\n")
    with hold(path):
        assert lock_path(path).read_text() == f"{os.getpid()}\n"
    assert lock_path(path).read_text() == ""


def test_who_has_it_open_is_seen_whatever_it_does(tmp_path: Path) -> None:
    """Also one that only waits: another process, for to look drops this one's own locks."""
    path = tmp_path / "w.db"
    Database.open(path).close()
    script = (
        "import sys; from pathlib import Path; from watcher.store.sqlite.database import Database\n"
        "with Database.open(Path(sys.argv[1]), readonly=True):\n"
        " print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        with pytest.raises(StoreError, match="in use by another program"):
            refuse_used(path)
        with pytest.raises(StoreError, match="in use by another program"), nobody_else(path):
            pass
        other.communicate()
    refuse_used(path)
    with nobody_else(path), pytest.raises(StoreError, match="in use by another program"):
        refuse_used(path)
    with nobody_else(path), pytest.raises(StoreError, match="locked"):
        Database.open(path, timeout=0.01)
    with nobody_else(tmp_path / "none.db"):
        pass
