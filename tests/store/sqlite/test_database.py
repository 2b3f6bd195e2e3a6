"""The file: made, refused, migrated, shared, and what a crash leaves."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import pytest
import sqlite_utils

from tests.store.making import SALES, START, of_old, scan
from watcher.errors import NewerDatabase, NotADatabase, NotReady, StoreError
from watcher.store.sqlite import migrations
from watcher.store.sqlite.database import Database
from watcher.store.sqlite.early_migrations import APPLICATION_ID


def _refused(path: Path, kind: type[StoreError], words: str, **how: bool) -> None:
    """Refused with a single line that names the file."""
    with pytest.raises(kind, match=words) as caught:
        Database.open(path, **how)
    assert type(caught.value) is kind
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.place == path


def test_a_new_file(tmp_path: Path) -> None:
    """WAL, ours by its mark, ready to give space back; and the same file opens again."""
    path = tmp_path / "new file?#%.db"
    for _ in range(2):
        with Database.open(path) as store:
            assert store.one("PRAGMA journal_mode") == ("wal",)
            assert store.number("PRAGMA auto_vacuum") == 2
            assert store.number("PRAGMA foreign_keys") == 1
            assert store.number("PRAGMA application_id") == APPLICATION_ID
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_an_empty_file_is_a_new_one(tmp_path: Path) -> None:
    """As ``touch`` or ``mktemp`` leave it; to a reader there is nothing in it."""
    path = tmp_path / "w.db"
    path.touch()
    _refused(path, NotReady, "empty", readonly=True)
    with Database.open(path) as store:
        assert store.history.scans() == []


def test_no_database_where_none_is_to_be_made(tmp_path: Path) -> None:
    """A reader makes none, and no folder either."""
    path = tmp_path / "w.db"
    _refused(path, StoreError, "no such database", readonly=True)
    _refused(path, StoreError, "no such database", create=False)
    assert not path.exists()
    _refused(tmp_path / "nowhere" / "w.db", StoreError, "folder .* does not exist")


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    """Named by mistake."""
    _refused(tmp_path, StoreError, "a folder")


def test_another_kind_of_file(tmp_path: Path) -> None:
    """A text, or a SQLite file of another program: neither is touched."""
    path = tmp_path / "notes.txt"
    path.write_text("rules:\n  - name: x\n" * 100)
    _refused(path, NotADatabase, "no database")
    other = tmp_path / "letters.db"
    with closing(sqlite3.connect(other)) as conn:
        conn.execute("CREATE TABLE letters (text)")
    before = other.read_bytes()
    _refused(other, NotADatabase, "not one of watcher")
    assert other.read_bytes() == before


def test_a_newer_database(tmp_path: Path) -> None:
    """Refused, for a reader too, and not changed."""
    path = tmp_path / "w.db"
    with Database.open(path) as store, store.atomic():
        store.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
            "VALUES ('watcher', 'm999_future', 'later')"
        )
    _refused(path, NewerDatabase, "m999_future")
    _refused(path, NewerDatabase, "newer version", readonly=True)


@pytest.mark.parametrize("readonly", [True, False])
@pytest.mark.parametrize("place", [100, 4_096 * 60])
def test_a_damaged_database(tmp_path: Path, place: int, *, readonly: bool) -> None:
    """Pages overwritten: refused with what to do (a reader notices only what it reads)."""
    path = tmp_path / "w.db"
    with Database.open(path) as store:
        store.history.record(scan(START, {str(n): n for n in range(500)}))
    with path.open("r+b") as file:
        file.seek(place)
        file.write(b"\x5a" * 4_096)
    if readonly and place > 4_096:
        with Database.open(path, readonly=True) as store:
            assert store.upkeep.check() != ()
    else:
        _refused(path, NotADatabase, "watcher db backup", readonly=readonly)


def test_a_database_cut_short(tmp_path: Path) -> None:
    """As a full disk leaves a copy."""
    path = tmp_path / "w.db"
    with Database.open(path) as store:
        store.history.record(scan(START, {str(n): n for n in range(500)}))
    os.truncate(path, path.stat().st_size // 2)
    _refused(path, NotADatabase, "damaged")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_rights(tmp_path: Path) -> None:
    """The system's word for it stands in the error."""
    path = tmp_path / "w.db"
    Database.open(path).close()
    path.chmod(0)
    _refused(path, StoreError, "Permission denied")


def test_locked_by_another_program(tmp_path: Path) -> None:
    """Waited for, then said in words; it works again when the lock is gone."""
    path = tmp_path / "w.db"
    with (
        Database.open(path, timeout=0.01) as store,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked by another program"):
            store.history.record(scan(START, {"1": 1}))
        other.execute("ROLLBACK")
        assert store.history.record(scan(START, {"1": 1})).scan_id == 1


def _older(path: Path, stop: str) -> None:
    """A database as an older version left it, with a scan in it."""
    with Database(sqlite3.connect(path, isolation_level=None), path) as store:
        store.execute("PRAGMA auto_vacuum = INCREMENTAL")
        with store.atomic():
            of_old(store, stop)
            store.history.record(scan(START, {"1": 5}))


def test_an_older_database_is_migrated_with_a_copy_kept(tmp_path: Path) -> None:
    """What was in it is still there, and the copy is as it was; readers are told to wait."""
    path = tmp_path / "w.db"
    _older(path, "m004_daemon")
    _refused(path, NotReady, "older version", readonly=True)
    with Database.open(path) as store:
        assert len(store.history.scans()) == 1
        store.health.ok("watch", "w", START)
    copy = tmp_path / "w.db.before-m004_daemon"
    with closing(sqlite3.connect(copy)) as conn:
        tables = {name for (name,) in conn.execute("SELECT name FROM sqlite_schema")}
        assert conn.execute("SELECT count(*) FROM scans").fetchone() == (1,)
    assert "causes" not in tables


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    """All of it is one transaction; once the cause is gone the next start succeeds."""
    path = tmp_path / "w.db"
    _older(path, "m004_daemon")
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("CREATE TABLE causes (in_the_way)")
        conn.commit()
    with pytest.raises(StoreError, match="already exists"):
        Database.open(path)
    with closing(sqlite3.connect(path)) as conn:
        tables = {name for (name,) in conn.execute("SELECT name FROM sqlite_schema")}
        assert not {"credits", "health"} & tables
        conn.execute("DROP TABLE causes")
        conn.commit()
    Database.open(path).close()


def test_a_new_field_gets_its_column(tmp_path: Path) -> None:
    """A row in the table of fields is enough; older observations have no value there."""
    path = tmp_path / "w.db"
    with Database.open(path) as store:
        key = int(store.history.record(scan(START, {"1": {SALES: 5}})).products[0])
        with store.atomic():
            store.execute("DROP VIEW observations_view")
            store.execute("ALTER TABLE observations DROP COLUMN review_count")
    _refused(path, NotReady, "older version", readonly=True)
    with Database.open(path) as store:
        numbers = store.history.facts([key])[key].numbers
        assert (numbers[SALES], numbers["review_count"]) == (5, None)
        store.history.record(scan(START + 1, {"1": {SALES: 5, "review_count": 3}}))
        assert store.history.facts([key])[key].numbers["review_count"] == 3


def test_migrations_are_named_in_order() -> None:
    """The names sort as they apply, for the errors compare them."""
    with closing(sqlite_utils.Database(memory=True)) as db:
        names = migrations.pending(db)
    assert names == sorted(names)
    assert all(re.fullmatch(r"m\d{3}_\w+", name) for name in names)


def test_a_reader_writes_nothing(tmp_path: Path) -> None:
    """And sees what the writer commits."""
    path = tmp_path / "w.db"
    with Database.open(path) as store, Database.open(path, readonly=True) as reader:
        store.history.record(scan(START, {"1": 1}))
        assert len(reader.history.scans()) == 1
        with pytest.raises(StoreError, match="can't be written"):
            reader.history.record(scan(START + 1, {"1": 1}))


def test_a_snapshot_stands_still(tmp_path: Path) -> None:
    """Several reads see one state, whatever is committed between them."""
    path = tmp_path / "w.db"
    with Database.open(path) as store, Database.open(path, readonly=True) as reader:
        with reader.snapshot():
            assert reader.history.scans() == []
            store.history.record(scan(START, {"1": 1}))
            assert reader.history.scans() == []
        assert len(reader.history.scans()) == 1


def test_an_inner_failure_may_be_caught(tmp_path: Path) -> None:
    """A nested block undoes itself only."""

    def fail(store: Database) -> None:
        with store.atomic():
            store.ledger.reserve("w", 5, START, None, None)
            raise KeyError

    with Database.open(tmp_path / "w.db") as store:
        with store.atomic():
            store.ledger.reserve("w", 1, START, None, None)
            with pytest.raises(KeyError):
                fail(store)
        assert store.ledger.spent(START).day == 1


_VICTIM = """
    import os, signal, sys
    from pathlib import Path
    from tests.store.making import START, scan
    from watcher.store.sqlite.database import Database

    store = Database.open(Path(sys.argv[1]))
    store.history.record(scan(START, {str(n): n for n in range(200)}))
    with store.atomic():
        store.history.record(scan(START + 1, {str(n): n + 1 for n in range(5000)}))
        store.ledger.reserve("w", 9, START, None, None)
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_killed_in_a_transaction(tmp_path: Path) -> None:
    """What was committed is there, the rest never was, and the file is sound."""
    path = tmp_path / "w.db"
    script = textwrap.dedent(_VICTIM)
    ended = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert ended.returncode == -9
    with Database.open(path) as store:
        assert [row.products for row in store.history.scans()] == [200]
        assert store.ledger.spent(START).day == 0
        assert store.upkeep.check() == ()
        again = store.history.record(scan(START + 1, {"1": 9}))
        assert (again.scan_id, again.changed) == (2, 1)
