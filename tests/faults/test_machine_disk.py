"""A disk that is full, or can't be written, under the real daemon."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.end_to_end.process import until
from tests.fakes.sink import Service
from tests.faults.machine_room import (
    Disk,
    Machine,
    healthz,
    needs_a_disk,
    small_disk,
    until_healthy,
)
from tests.store.making import START, scan
from watcher.source.simulator import Simulator
from watcher.store.sqlite.database import Database

pytestmark = [pytest.mark.end_to_end, needs_a_disk]

FULL = "the database can't grow, the disk is full; free some space"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A disk that can be filled in no time."""
    with small_disk(tmp_path / "disk") as mounted:
        yield mounted


@pytest.fixture
def machine(tmp_path: Path, disk: Disk, simulator: Simulator, sink: Service) -> Machine:
    """A watcher whose database lies on the disk."""
    made = Machine(tmp_path, simulator.url, {"SINK_URL": sink.url.reveal()}, disk=disk.path)
    made.read(20)
    return made


async def _refused(machine: Machine, *words: str) -> None:
    """The daemon does not start, and says so in one line."""
    code, out, err = await machine.call("run", "--listen", "off")
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    for word in words:
        assert word in err


async def test_at_the_start(machine: Machine, disk: Disk, simulator: Simulator) -> None:
    """Without room for a new database, or for a word in an old one, or on a disk that can only
    be read: one line and exit code 1. Nothing is bought, nothing is broken."""
    disk.fill()
    await _refused(machine, str(machine.database), "full")
    disk.empty()
    async with machine.running() as daemon:
        await daemon.said("scanned")
        assert await daemon.stop() == 0
    disk.fill()
    await _refused(machine, str(machine.database), "full")
    disk.empty()
    disk.remount("ro")
    await _refused(machine, "Read-only file system")
    disk.remount("rw")
    assert simulator.pages == 2
    async with machine.running() as daemon:
        assert (await healthz(daemon))[0] == 200
        assert await daemon.stop() == 0
    assert simulator.pages == 2
    assert machine.query("SELECT state, size FROM scans") == [("complete", 20)]


async def test_between_reading_and_storing(
    machine: Machine, disk: Disk, simulator: Simulator, sink: Service
) -> None:
    """What was bought is held and stored once there is room; it is not bought again, its credits
    are counted, and it is told once."""
    async with machine.running() as daemon:
        await daemon.said("scanned")
        await until(lambda: any("selling" in message["title"] for message in sink.taken))
        await until(machine.all_is_sent)
        told = len(sink.taken)
        late = simulator.fail_next(page=15, delay=1)
        machine.read(200)
        await until(lambda: not late.times)
        disk.fill()
        await daemon.said("a scan waits to be stored", 2)
        reason = await until_healthy(daemon, healthy=False)
        assert FULL in reason
        disk.empty()
        stored = await daemon.said("scanned", 2)
        assert (stored["state"], stored["products"]) == ("complete", 200)
        await until(lambda: len(sink.taken) > told)
        await until_healthy(daemon)
        assert await daemon.stop() == 0
    assert not daemon.other
    assert simulator.pages == 22
    assert machine.query("SELECT sum(used) FROM credits") == [(22,)]
    assert machine.query("SELECT count(*) FROM reservations") == [(0,)]
    assert (
        machine.query("SELECT cause FROM causes WHERE ended IS NULL AND cause LIKE 'watch%'") == []
    )
    (firing,) = machine.query("SELECT count(*) FROM alerts WHERE state = 'firing'")[0]
    titles = [message["title"] for message in sink.taken[told:]]
    assert titles == [f"[info] selling: {firing - 20} products (US)"]


async def test_while_marking_what_was_sent(machine: Machine, disk: Disk, sink: Service) -> None:
    """A message that was taken and can't be marked is not sent again; the mark is made up for."""
    sink.behave = "hang"
    async with machine.running() as daemon:
        await daemon.said("scanned")
        await until(lambda: any("selling" in message["title"] for message in sink.taken))
        disk.fill()
        sink.behave = "answer"
        sink.release.set()
        await daemon.said("can't note what was delivered", 2)
        disk.empty()
        await until(machine.all_is_sent)
        await until_healthy(daemon)
        assert await daemon.stop() == 0
    titles = [message["title"] for message in sink.taken]
    assert titles.count("[info] selling: 20 products (US)") == 1


async def test_a_reload(machine: Machine, disk: Disk, simulator: Simulator) -> None:
    """New rules that can't be adopted for want of room are adopted once there is some."""
    async with machine.running() as daemon:
        await daemon.said("scanned")
        disk.fill()
        machine.read(30)
        await daemon.said("task died", task="rule files")
        disk.empty()
        await daemon.said("rules reloaded")
        await daemon.said("scanned", 2)
        assert await daemon.stop() == 0
    assert simulator.pages == 5


async def test_the_log_is_carried_over_later(machine: Machine, disk: Disk) -> None:
    """A database that can't take in its own log for want of room loses nothing of it."""
    async with machine.running() as daemon:
        await daemon.said("scanned")
        disk.fill(leave=600_000)  # for the log, and not for both
        machine.read(200)
        await daemon.said("scanned", 2)
        daemon.process.kill()
    disk.empty()
    async with machine.running() as daemon:
        await until_healthy(daemon)
        assert await daemon.stop() == 0
    assert machine.query("SELECT size FROM scans ORDER BY id") == [(20,), (200,)]
    assert machine.query("PRAGMA integrity_check") == [("ok",)]


async def test_backup(machine: Machine, disk: Disk) -> None:
    """To a full disk, and to one that can only be read: a clear line, and nothing left behind."""
    with Database.open(machine.folder / "other.db") as store:
        store.history.record(scan(START, {str(n): n for n in range(500)}))
    target = disk.path / "copy.db"
    for how, words in (("full", FULL), ("read only", "Read-only file system")):
        disk.fill(leave=40_000) if how == "full" else disk.remount("ro")
        before = sorted(disk.path.iterdir())
        code, out, err = await machine.call("db", "backup", "--db", "other.db", str(target))
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert str(target) in err
        assert words in err
        assert sorted(disk.path.iterdir()) == before


async def test_the_copy_before_a_migration(machine: Machine, disk: Disk) -> None:
    """Without room for it nothing is migrated; with room the next start does it."""
    with Database.open(machine.database) as store:
        store.history.record(scan(START, {str(n): n for n in range(500)}))
        with store.atomic():
            store.execute("DROP VIEW observations_view")
            store.execute("ALTER TABLE observations DROP COLUMN review_count")
    disk.fill(leave=200_000)
    await _refused(machine, "full")
    assert [file.name for file in disk.path.glob("*before*")] == []
    with closing(sqlite3.connect(machine.database)) as conn, pytest.raises(sqlite3.Error):
        conn.execute("SELECT review_count FROM observations")
    disk.empty()
    async with machine.running() as daemon:
        assert await daemon.stop() == 0
    assert len(list(disk.path.glob("*before*"))) == 1
