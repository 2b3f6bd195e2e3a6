"""The store beside an event loop."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.store.making import START, raw, scan
from watcher.errors import NotADatabase, StoreError
from watcher.store.ports import Store
from watcher.store.sqlite.database import Database
from watcher.store.threads import StoreReader, Writer


async def test_runs_in_its_own_thread() -> None:
    """Always the same one, never the loop's."""
    async with Writer() as writer:
        threads = [await writer.run(lambda _: threading.get_ident()) for _ in range(3)]
    assert len(set(threads)) == 1
    assert threads[0] != threading.get_ident()


async def test_one_at_a_time_in_order() -> None:
    """Many who ask at once are served one after the other."""
    async with Writer() as writer:
        ids = await asyncio.gather(
            *(
                writer.run(lambda db, n=n: db.history.record(scan(START + n, {"1": n})).scan_id)  # type: ignore[misc]
                for n in range(20)
            )
        )
    assert ids == list(range(1, 21))


async def test_errors_come_back() -> None:
    """The job's own as they are; SQLite's of the outer world in words; the store works on."""

    def own(_: Store) -> None:
        raise KeyError("mine")

    def full(_: Store) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    async with Writer() as writer:
        with pytest.raises(KeyError, match="mine"):
            await writer.run(own)
        with pytest.raises(StoreError, match="disk is full"):
            await writer.run(full)
        assert await writer.run(lambda db: db.outbox.due_targets(START)) == []


async def test_a_job_that_began_ends(tmp_path: Path) -> None:
    """Who awaited it may be cancelled; what it does is done whole."""
    began, go = threading.Event(), threading.Event()

    def job(db: Store) -> None:
        began.set()
        go.wait(10)
        db.history.record(scan(START, {"1": 1}))

    async with Writer(tmp_path / "w.db") as writer:
        task = asyncio.create_task(writer.run(job))
        await asyncio.to_thread(began.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        go.set()
        assert len(await writer.run(lambda db: db.history.scans())) == 1


async def test_a_database_refused(tmp_path: Path) -> None:
    """Starting raises what opening raises; closing after it is harmless."""
    path = tmp_path / "w.db"
    path.write_text("no database")
    writer = Writer(path)
    with pytest.raises(NotADatabase):
        await writer.start()
    writer.close()


async def test_closed_for_good(tmp_path: Path) -> None:
    """Closing twice does nothing more; asking then is a fault."""
    writer = await Writer(tmp_path / "w.db").start()
    await writer.aclose()
    writer.close()
    with pytest.raises(RuntimeError):
        await writer.run(lambda db: db.history.scans())
    assert not (tmp_path / "w.db-wal").exists()


async def test_a_reader_sees_one_state(tmp_path: Path) -> None:
    """Each function its own; the writer goes on beside it."""
    path = tmp_path / "w.db"
    began, go = threading.Event(), threading.Event()

    def look(db: Store) -> tuple[int, int]:
        first = len(db.history.scans())
        began.set()
        go.wait(10)
        return first, len(db.history.scans())

    async with Writer(path) as writer, StoreReader(path) as reader:
        task = asyncio.create_task(reader.run(look))
        await asyncio.to_thread(began.wait, 10)
        await writer.run(lambda db: db.history.record(scan(START, {"1": 1})))
        go.set()
        assert await task == (0, 0)
        assert await reader.run(lambda db: len(db.history.scans())) == 1
        with pytest.raises(StoreError, match="can't be written"):
            await reader.run(lambda db: db.health.ok("watch", "w", START))


async def test_others_that_leave_do_not_take_the_log_along(tmp_path: Path) -> None:
    """A second connection of this process must cost the first one none of its locks: else the
    next program to close the database deletes the log that commits are in."""
    path = tmp_path / "w.db"
    leave = (
        "import sqlite3, sys; conn = sqlite3.connect(sys.argv[1]); "
        "conn.execute('SELECT count(*) FROM scans').fetchone(); conn.close()"
    )
    async with Writer(path) as writer, StoreReader(path):
        await writer.run(lambda db: db.history.record(scan(START, {"1": 1})))
        await asyncio.to_thread(
            subprocess.run, [sys.executable, "-c", leave, str(path)], check=True
        )
        assert (tmp_path / "w.db-wal").exists()
        await writer.run(lambda db: db.history.record(scan(START + 1, {"1": 1})))
        with Database.open(path, readonly=True) as other:
            assert len(other.history.scans()) == 2


async def test_a_database_that_is_moved_away(tmp_path: Path) -> None:
    """Nothing is written where nobody would find it; put back, the work goes on."""
    path = tmp_path / "w.db"
    async with Writer(path) as writer:
        await writer.run(lambda db: db.history.record(scan(START, {"1": 1})))
        for name in ("w.db", "w.db-wal"):
            (tmp_path / name).rename(tmp_path / "away")
            with pytest.raises(StoreError, match="deleted, moved or replaced"):
                await writer.run(lambda db: db.ledger.charge("w", 1, START))
            (tmp_path / "away").rename(tmp_path / name)
            await writer.run(lambda db: db.ledger.charge("w", 1, START))
        assert await writer.run(lambda db: db.ledger.spent(START).day) == 2


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ESTALE])
async def test_a_disk_that_does_not_say_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """As one that was moved away: whoever waits for the database waits, and goes on afterwards."""
    path, stat = tmp_path / "w.db", Path.stat

    def failing(self: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if self.name == "w.db":
            raise OSError(number, os.strerror(number))
        return stat(self, follow_symlinks=follow_symlinks)

    async with Writer(path) as writer:
        with monkeypatch.context() as patched:
            patched.setattr(Path, "stat", failing)
            with pytest.raises(StoreError, match="deleted, moved or replaced"):
                await writer.run(lambda db: db.ledger.charge("w", 1, START))
        await writer.run(lambda db: db.ledger.charge("w", 1, START))


async def test_after_damage_nothing_is_written(tmp_path: Path) -> None:
    """What is found damaged stays as it is, and the next one who opens it looks at all of it."""
    path = tmp_path / "w.db"
    async with Writer(path) as writer:
        await writer.run(lambda db: db.history.record(scan(START, {"1": 1})))
        await writer.run(lambda db: raw(db).execute("PRAGMA wal_checkpoint(TRUNCATE)"))
        page = await writer.run(
            lambda db: raw(db).number(
                "SELECT rootpage FROM sqlite_schema WHERE name = 'idx_scans_watch'"
            )
        )
        with path.open("r+b") as file:
            file.seek((page - 1) * 4_096)
            file.write(b"\x5a" * 4_096)
        await writer.run(lambda db: raw(db).execute("PRAGMA shrink_memory"))
        with pytest.raises(NotADatabase, match="watcher db backup"):
            await writer.run(lambda db: db.history.record(scan(START + 1, {"1": 2})))
        with pytest.raises(NotADatabase, match="watcher db backup"):
            await writer.run(lambda db: db.ledger.charge("w", 1, START))
    assert (tmp_path / "w.db.damaged").exists()
    with pytest.raises(NotADatabase):
        Database.open(path)
    path.unlink()
    Database.open(path).close()
    assert not (tmp_path / "w.db.damaged").exists()
