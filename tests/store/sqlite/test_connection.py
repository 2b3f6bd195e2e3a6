"""Transactions of several connections to one file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.making import START, scan
from watcher.errors import StoreError
from watcher.store.sqlite.database import Database


def test_who_begins_to_write_has_the_lock_at_once(tmp_path: Path) -> None:
    """Before it reads anything: or two would read the same sum, and the second could not write."""
    path = tmp_path / "w.db"
    with Database.open(path) as one, Database.open(path, timeout=0.01) as two:
        with one.atomic():
            with pytest.raises(StoreError, match="locked by another program"), two.atomic():
                pytest.fail("it has begun")
            assert two.number("SELECT count(*) FROM scans") == 0  # to read it need not wait
        with two.atomic():
            assert two.ledger.reserve("w", 1, START, 1, None)


def _charge_and_fail(database: Database, credits_: int) -> None:
    with database.atomic():
        database.ledger.charge("w", credits_, START)
        _ = 1 / 0


def test_what_fails_is_undone_and_the_lock_given_back(tmp_path: Path) -> None:
    """The whole transaction, or the inner one where only that fails."""
    path = tmp_path / "w.db"
    with Database.open(path) as one, Database.open(path, timeout=0.01) as two:
        with pytest.raises(ZeroDivisionError):
            _charge_and_fail(one, 1)
        assert not one.conn.in_transaction
        with two.atomic():
            two.ledger.charge("w", 2, START)
        with one.atomic():
            one.ledger.charge("w", 4, START)
            with pytest.raises(ZeroDivisionError):
                _charge_and_fail(one, 8)
        assert two.ledger.used(START).day == 6


def test_a_snapshot_sees_one_state_and_holds_nobody_up(tmp_path: Path) -> None:
    """From its first read to its end; then the next one sees what came meanwhile."""
    path = tmp_path / "w.db"
    with Database.open(path) as writer, Database.open(path, readonly=True) as reader:
        with reader.snapshot():
            assert reader.history.scans() == []
            writer.history.record(scan(START, {"1": 1}))
            assert reader.history.scans() == []
        assert not reader.conn.in_transaction
        assert len(reader.history.scans()) == 1


def test_a_reader_can_write_nothing(tmp_path: Path) -> None:
    """Though it may tidy up after itself."""
    path = tmp_path / "w.db"
    Database.open(path).close()
    before = path.read_bytes()
    with Database.open(path, readonly=True) as reader:
        with pytest.raises(StoreError, match="can't be written"):
            reader.ledger.charge("w", 1, START)
        assert sorted(each.name for each in tmp_path.iterdir()) == ["w.db", "w.db-shm", "w.db-wal"]
    assert [each.name for each in tmp_path.iterdir()] == ["w.db"]
    assert path.read_bytes() == before
