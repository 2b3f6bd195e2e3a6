"""A backup put back, whole or not at all, and what was there kept."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.store.making import DAY, START, scan
from watcher.errors import DatabaseHeld, NewerDatabase, NotADatabase, StoreError
from watcher.store.sqlite import swapping
from watcher.store.sqlite.database import Database
from watcher.store.sqlite.locking import hold
from watcher.store.sqlite.restoring import restore

NOW = 1_795_000_000
KEPT = "w.db.replaced-20261118-110640"
FILES = ("", "-wal", "-shm")


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """A database of three scans whose last one is in its ``-wal`` alone: its daemon was killed.

    Beside it ``backup.db`` with the first scan, and a ``.damaged`` mark.
    """
    path = tmp_path / "w.db"
    with Database.open(path) as store:
        store.history.record(scan(START, {"1": 1}))
        store.upkeep.backup(tmp_path / "backup.db")
        store.history.record(scan(START + DAY, {"1": 2}))
    with Database.open(path) as store:
        store.history.record(scan(START + 2 * DAY, {"1": 3}))
        store.mark_damaged()
        for ending in FILES:
            shutil.copy(f"{path}{ending}", tmp_path / f"copy{ending}")
    for ending in FILES:
        (tmp_path / f"copy{ending}").rename(f"{path}{ending}")
    return path


def scans(path: Path) -> int:
    """How many the database has; it is sound."""
    with Database.open(path, readonly=True) as store:
        assert store.upkeep.check() == ()
        return len(store.history.scans())


def test_what_a_killed_restore_left_is_taken_away(killed: Path) -> None:
    """It is as large as the database."""
    folder = killed.parent / f".{killed.name}.abc_123.part"
    folder.mkdir()
    (folder / "copy.db").write_bytes(b"half of it")
    (killed.parent / ".other.db.abc_123.part").mkdir()
    restore(killed.with_name("backup.db"), killed, NOW)
    assert [each.name for each in killed.parent.glob(".*.part")] == [".other.db.abc_123.part"]


def test_the_old_log_is_not_applied_to_the_restored_one(killed: Path) -> None:
    """By hand it is, and the error names it. The old files stay together, and go back."""
    by_hand = killed.with_name("hand.db")
    shutil.copy(killed.with_name("backup.db"), by_hand)
    shutil.copy(f"{killed}-wal", f"{by_hand}-wal")
    with pytest.raises(NotADatabase, match=r"hand\.db-wal and \S+hand\.db-shm that an earlier one"):
        scans(by_hand)

    done = restore(killed.with_name("backup.db"), killed, NOW)
    assert [path.name for path in done.kept] == [f"{KEPT}{ending}" for ending in FILES]
    assert done.bytes == killed.stat().st_size
    assert scans(killed) == 1
    assert not Path(f"{killed}.damaged").exists()
    back = restore(killed.with_name(KEPT), killed, NOW)
    assert scans(killed) == 3
    assert back.kept[0].name == KEPT[:-1] + "1"  # a second later: nothing is written over
    assert scans(back.kept[0]) == 1
    assert not list(killed.parent.glob("*.part"))


def test_where_there_was_none(tmp_path: Path, killed: Path) -> None:
    """On a new machine there is nothing to keep."""
    fresh = tmp_path / "new" / "w.db"
    fresh.parent.mkdir()
    assert restore(killed.with_name("backup.db"), fresh, NOW).kept == ()
    assert scans(fresh) == 1
    assert sorted(path.name for path in fresh.parent.iterdir()) == ["w.db", "w.db.lock"]


def test_a_link_leads_to_what_is_replaced(killed: Path) -> None:
    """The link stays one, and the log beside the file itself goes."""
    link = killed.with_name("link.db")
    link.symlink_to(killed)
    restore(killed.with_name("backup.db"), link, NOW)
    assert link.is_symlink()
    assert scans(killed) == 1
    assert killed.with_name(f"{KEPT}-wal").exists()


class Cut(BaseException):
    """The machine loses its power."""


def cuts(monkeypatch: pytest.MonkeyPatch, after: int) -> Callable[[], int]:
    """Ends the process, as it were, before step number ``after`` that touches a name."""
    steps = 0

    def counted(do: Callable[..., object]) -> Callable[..., object]:
        def step(*arguments: object, **named: object) -> object:
            nonlocal steps
            steps += 1
            if steps > after:
                raise Cut
            return do(*arguments, **named)

        return step

    monkeypatch.setattr(Path, "rename", counted(Path.rename))
    monkeypatch.setattr(Path, "unlink", counted(Path.unlink))
    monkeypatch.setattr(swapping, "flush", counted(swapping.flush))
    return lambda: steps


MOMENTS = range(12)


@pytest.mark.parametrize("after", MOMENTS)
def test_cut_off_at_any_moment(killed: Path, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """It is the old one with its log, or the new one without; nobody opens what is neither."""
    backup = killed.with_name("backup.db")
    with monkeypatch.context() as patched:
        steps = cuts(patched, after)
        try:
            restore(backup, killed, NOW)
        except Cut:
            finished = False
        else:
            finished = True
            assert steps() < len(MOMENTS)  # so all moments are tried
    unfinished = Path(f"{killed}.restoring").exists()
    if unfinished:
        for readonly in (True, False):
            with pytest.raises(StoreError, match="is being restored, or that was cut off"):
                Database.open(killed, readonly=readonly)
    begun = unfinished or killed.with_name(KEPT).exists()
    assert begun or not finished
    with hold(killed):  # as `watcher run` does at its start
        assert scans(killed) == (1 if begun else 3)
    if begun:
        assert scans(killed.with_name(KEPT)) == 3


def test_cut_off_and_asked_for_again(killed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same command goes on with it; no state is lost on the way."""
    backup = killed.with_name("backup.db")
    with monkeypatch.context() as patched:
        cuts(patched, 3)
        with pytest.raises(Cut):
            restore(backup, killed, NOW)
    assert Path(f"{killed}.restoring").exists()
    restore(backup, killed, NOW + DAY)
    assert scans(killed) == 1
    assert scans(killed.with_name(KEPT)) == 3


def test_in_use(killed: Path) -> None:
    """By a daemon, by any other program; and nothing is taken out of a database in use."""
    backup = killed.with_name("backup.db")
    with hold(killed), pytest.raises(DatabaseHeld):
        restore(backup, killed, NOW)
    for opened, why in ((killed, "w.db: in use"), (backup, "backup.db: in use")):
        with closing(sqlite3.connect(opened)) as other:
            other.execute("PRAGMA journal_mode = WAL")
            other.execute("SELECT count(*) FROM scans").fetchone()
            with pytest.raises(StoreError, match=why):
                restore(backup, killed, NOW)
    assert scans(killed) == 3


def newer(path: Path) -> None:
    """Of a version to come."""
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES "
            "('watcher', 'm999_later', '2030')"
        )


def foreign(path: Path) -> None:
    """Of another program."""
    path.unlink()
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute("CREATE TABLE letters (text)")


def of_no_version(path: Path) -> None:
    """Ours by its mark, and empty."""
    path.unlink()
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("PRAGMA application_id = 2004116328")


def broken_inside(path: Path) -> None:
    """Whole at its begin and end."""
    data = bytearray(path.read_bytes())
    half = len(data) // 2
    data[half : half + 20_000] = b"\xff" * 20_000
    path.write_bytes(data)


def folder(path: Path) -> None:
    """No file at all."""
    path.unlink()
    path.mkdir()


def the_same(path: Path) -> None:
    """The database by another name."""
    path.unlink()
    path.hardlink_to(path.with_name("w.db"))


@pytest.mark.parametrize(
    ("spoil", "error", "why"),
    [
        (lambda path: path.write_bytes(b""), NotADatabase, "no database of watcher"),
        (lambda path: path.write_text("hello\n" * 999), NotADatabase, "no database"),
        (lambda path: path.write_bytes(path.read_bytes()[:50_000]), NotADatabase, "damaged"),
        (broken_inside, NotADatabase, "damaged"),
        (foreign, NotADatabase, "no database of watcher"),
        (of_no_version, NotADatabase, "no database of watcher"),
        (newer, NewerDatabase, "m999_later"),
        (Path.unlink, StoreError, "no such file"),
        (folder, StoreError, "no file"),
        (the_same, StoreError, "itself"),
    ],
)  # fmt: skip
def test_what_is_no_backup(
    killed: Path, spoil: Callable[[Path], object], error: type[StoreError], why: str
) -> None:
    """Said, with nothing moved and nothing left behind."""
    spoil(killed.with_name("backup.db"))
    before = {
        path.name: path.read_bytes() for path in killed.parent.glob("w.db*") if path.is_file()
    }
    with pytest.raises(error, match=why):
        restore(killed.with_name("backup.db"), killed, NOW)
    after = {
        path.name: path.read_bytes() for path in killed.parent.glob("*w.db*") if path.is_file()
    }
    after.pop("w.db.lock", None)
    assert after == before


def test_another_ones_log_beside_the_backup(killed: Path) -> None:
    """What made it unreadable is named: the backup itself may be good."""
    backup = killed.with_name("backup.db")
    with Database.open(killed.with_name("other.db")) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        other.execute("CREATE TABLE more AS SELECT * FROM sqlite_schema")
        shutil.copy(f"{other.path}-wal", f"{backup}-wal")
    with pytest.raises(NotADatabase, match=rf"{backup.name}-wal.*move it away"):
        restore(backup, killed, NOW)
    assert scans(killed) == 3


def test_each_step_is_on_the_disk_before_the_next(
    killed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut may else leave a name of a later step without an earlier one's."""
    steps: list[str] = []
    rename = Path.rename

    def renamed(path: Path, target: Path) -> Path:
        steps.append(Path(target).name)
        return rename(path, target)

    def flushed(path: Path) -> None:
        steps.append(f"flush {'the copy' if path.name == 'copy.db' else path.name}")

    monkeypatch.setattr(Path, "rename", renamed)
    for module in ("restoring", "swapping"):
        monkeypatch.setattr(f"watcher.store.sqlite.{module}.flush", flushed)
    restore(killed.with_name("backup.db"), killed, NOW)
    folder = f"flush {killed.parent.name}"
    assert steps == [
        "flush the copy", "w.db.restoring", folder,
        *(f"{KEPT}{ending}" for ending in FILES), folder,
        "w.db", folder,
    ]  # fmt: skip
