"""Who may read the store's files."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.store.making import START, scan
from watcher.store.sqlite import rights
from watcher.store.sqlite.database import Database
from watcher.store.sqlite.locking import hold
from watcher.store.sqlite.restoring import restore


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o277], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    """From one that takes nothing to one that takes even the owner's right to write."""
    before = os.umask(request.param)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, str]:
    """Of all files, by name."""
    return {path.name: oct(path.stat().st_mode & 0o777) for path in folder.iterdir()}


@pytest.mark.usefixtures("umask")
def test_all_that_the_store_makes(tmp_path: Path) -> None:
    """Database, log, lock, mark of damage, backup; and what a restore makes and keeps."""
    path = tmp_path / "w.db"
    with hold(path), Database.open(path) as store:
        store.history.record(scan(START, {"1": 1}))
        store.mark_damaged()
        store.upkeep.backup(tmp_path / "backup.db")
        store.upkeep.backup(tmp_path / "backup.db")
        names = {"w.db", "w.db-wal", "w.db-shm", "w.db.lock", "w.db.damaged", "backup.db"}
        assert modes(tmp_path) == dict.fromkeys(names, "0o600")
    kept = restore(tmp_path / "backup.db", path, START).kept
    assert kept
    assert set(modes(tmp_path).values()) == {"0o600"}


@pytest.mark.usefixtures("umask")
def test_a_copy_before_a_migration(tmp_path: Path) -> None:
    """It has all that the database has."""
    path = tmp_path / "w.db"
    Database.open(path).close()
    with closing(sqlite3.connect(path)) as conn, conn:  # as of before the field was known
        conn.execute("DROP VIEW observations_view")
        conn.execute("ALTER TABLE observations DROP COLUMN min_price")
    Database.open(path).close()
    (copy,) = tmp_path.glob("w.db.before-*")
    assert oct(copy.stat().st_mode & 0o777) == "0o600"


@pytest.mark.parametrize("readonly", [True, False])
@pytest.mark.parametrize(
    ("mode", "after", "who"),
    [
        (0o644, 0o600, "everyone"),
        (0o666, 0o600, "everyone"),
        (0o604, 0o600, "everyone"),
        (0o444, 0o400, "everyone"),
        (0o640, 0o640, "its group"),
        (0o660, 0o660, "its group"),
        (0o600, 0o600, ""),
    ],
)
def test_what_an_older_version_left(
    tmp_path: Path, mode: int, after: int, who: str, *, readonly: bool
) -> None:
    """Everybody's rights are a umask's, and go; those of the group alone are a choice."""
    path = tmp_path / "w.db"
    Database.open(path).close()
    names = ("w.db", "w.db.lock", "w.db.before-m009_later")
    for name in names:
        (tmp_path / name).touch()
        (tmp_path / name).chmod(mode)
    (tmp_path / "w.db.rules").touch(0o644)  # none of ours
    (tmp_path / "w.db.rules").chmod(0o644)
    assert rights.wide(path) == who
    if after & 0o200 or os.geteuid() == 0:
        Database.open(path, readonly=readonly).close()
        assert {name: modes(tmp_path)[name] for name in names} == dict.fromkeys(names, oct(after))
    assert modes(tmp_path)["w.db.rules"] == "0o644"
    assert rights.wide(tmp_path / "none.db") == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_root_makes_it_for_the_service(tmp_path: Path) -> None:
    """Who else could not open what root made in its folder."""
    os.chown(tmp_path, 12_345, 12_345)
    path = tmp_path / "w.db"
    with hold(path), Database.open(path) as store:
        store.upkeep.backup(Path(f"{path}.copy"))
    restore(Path(f"{path}.copy"), path, START)
    owners = {each.name: each.stat().st_uid for each in tmp_path.iterdir()}
    owners.pop("w.db.copy")  # root's own
    assert set(owners.values()) == {12_345}
