"""Backup, figures, check."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.store.making import DAY, START, firing, scan
from watcher.alert import AlertState
from watcher.errors import StoreError
from watcher.store.sqlite.database import Database


def test_stats_of_an_empty_store(store: Database) -> None:
    """Nothing yet is no error."""
    stats = store.upkeep.stats()
    assert (stats.products, stats.scans, stats.oldest, stats.newest) == (0, 0, None, None)


@pytest.mark.parametrize("readonly", [True, False])
def test_backup_while_in_use(tmp_path: Path, *, readonly: bool) -> None:
    """From either kind of connection, even inside a transaction; a second one replaces it."""
    with Database.open(tmp_path / "w.db") as store:
        store.history.record(scan(START, {"1": 1}))
        copy = tmp_path / "copy 'x'.db"
        for _ in range(2):
            with Database.open(tmp_path / "w.db", readonly=readonly) as other, other.snapshot():
                other.upkeep.backup(copy)
        store.history.record(scan(START + 1, {"1": 2}))
    with Database.open(copy) as restored:
        assert len(restored.history.scans()) == 1
        assert restored.number("PRAGMA auto_vacuum") == 2
        assert restored.upkeep.check() == ()
    assert not list(tmp_path.glob("*.part"))


def test_backup_replaces_nothing_else(tmp_path: Path) -> None:
    """A file that is no backup of ours stays; a folder that is not there is an error."""
    other = tmp_path / "letters.db"
    with closing(sqlite3.connect(other)) as conn:
        conn.execute("CREATE TABLE letters (text)")
    note = tmp_path / "note.txt"
    note.write_text("mine")
    with Database.open(tmp_path / "w.db") as store:
        for target in (other, note):
            with pytest.raises(StoreError, match="not replaced"):
                store.upkeep.backup(target)
        with pytest.raises(StoreError, match=r"folder .* does not exist"):
            store.upkeep.backup(tmp_path / "nowhere" / "copy.db")
    assert note.read_text() == "mine"


def test_what_there_ever_was(store: Database) -> None:
    """Only rises: what is pruned stays counted, or a monitor would see a restart."""
    assert store.upkeep.ever() == {
        "scans": 0, "observations": 0, "alerts": 0, "notifications": 0,
    }  # fmt: skip
    for day in range(3):
        recorded = store.history.record(scan(START + day * DAY, {"1": day}))
    (alert,) = store.alerts.save([firing("r", int(recorded.products[0]), START)])
    store.alerts.save([replace(alert, state=AlertState.INACTIVE, resolved_at=START + 1)])
    before = store.upkeep.ever()
    assert before == {"scans": 3, "observations": 3, "alerts": 1, "notifications": 0}
    while store.pruner.step(START + 9 * DAY, START + 9 * DAY).more:
        pass
    assert store.number("SELECT count(*) FROM observations") == 1
    assert store.number("SELECT count(*) FROM alerts") == 0
    assert store.upkeep.ever() == before


def test_progress_of_a_backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes written so far and at most; it rises, and ends where all are."""
    monkeypatch.setattr("watcher.store.sqlite.upkeep._INSTRUCTIONS", 1)
    with Database.open(tmp_path / "w.db") as store:
        store.history.record(scan(START, {str(n): n for n in range(500)}))
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        heard: list[tuple[int, int]] = []
        store.upkeep.backup(tmp_path / "copy.db", lambda *how: heard.append(how))
    (total,) = {total for _, total in heard}
    assert total == (tmp_path / "w.db").stat().st_size
    done = [each for each, _ in heard]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, total)
    assert len(done) > 2
