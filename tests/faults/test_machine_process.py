"""A process that is stopped, out of handles or behind, and a database that goes under it."""

from __future__ import annotations

import os
import resource
import signal
import socket
import sqlite3
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import aiohttp
import pytest

from tests.end_to_end.process import Daemon, until
from tests.fakes.sink import Service
from tests.faults.machine_room import Machine, healthz, open_files, resident, until_healthy
from watcher.message import Message
from watcher.model import Severity
from watcher.source.simulator import Simulator
from watcher.store.sqlite.database import Database

pytestmark = pytest.mark.end_to_end


@pytest.fixture
def machine(tmp_path: Path, simulator: Simulator, sink: Service) -> Machine:
    """A watcher whose database lies in a folder of its own."""
    (tmp_path / "disk").mkdir()
    made = Machine(tmp_path, simulator.url, {"SINK_URL": sink.url.reveal()}, disk=tmp_path / "disk")
    made.read(20)
    return made


async def _told_of_the_first_scan(machine: Machine, daemon: Daemon) -> None:
    await daemon.said("scanned")
    await until(machine.all_is_sent)


@pytest.mark.long
async def test_out_of_handles(machine: Machine, simulator: Simulator) -> None:
    """It says so, asks and counts nothing that it can't ask, and goes on when there are some."""
    async with machine.running() as daemon:
        await _told_of_the_first_scan(machine, daemon)
        pid, pages = daemon.process.pid, simulator.pages
        host, port = daemon.page.removeprefix("http://").rstrip("/").split(":")
        limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (open_files(pid) + 2, limits[1]))
        with ExitStack() as crowd:
            for _ in range(8):
                crowd.enter_context(socket.create_connection((host, int(port))))
            await daemon.said("the page can't take a connection")
            machine.read(100)
            await daemon.said("rule file refused")
            resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
        await daemon.said("rules reloaded")
        await daemon.said("scanned", 2)
        await until_healthy(daemon)
        assert await daemon.stop() == 0
    assert not daemon.other
    assert simulator.pages == pages + 10
    assert machine.query("SELECT sum(used) FROM credits") == [(12,)]


async def test_stopped_for_a_while(machine: Machine, simulator: Simulator, sink: Service) -> None:
    """SIGSTOP for longer than the list's interval: one scan makes up for it, and nobody is said to
    stand still."""
    rules = machine.rules.read_text(encoding="utf-8")
    machine.rules.write_text(rules.replace("every: 24h", "every: 2s"), encoding="utf-8")
    async with machine.running() as daemon:
        await daemon.said("scanned", 2)
        os.kill(daemon.process.pid, signal.SIGSTOP)
        pages, asked = simulator.pages, simulator.requests
        async with aiohttp.ClientSession() as session:
            with suppress(TimeoutError):
                await session.get(daemon.page, timeout=aiohttp.ClientTimeout(total=3))
        assert simulator.requests == asked
        os.kill(daemon.process.pid, signal.SIGCONT)
        assert await healthz(daemon) == (200, "ok")
        await until(lambda: simulator.pages >= pages + 2)
        assert simulator.pages <= pages + 4
        assert await daemon.stop() == 0
    assert not [line for line in daemon.log if line["event"] == "task died"]
    assert len(sink.taken) == 1


async def test_a_backlog_at_the_start(
    machine: Machine, simulator: Simulator, sink: Service
) -> None:
    """Ten thousand rows for a target that is down: ready, healthy and answering at once."""
    message = Message("selling", "old", Severity.INFO, 1_700_000_000, text="x" * 500)
    async with machine.running() as daemon:
        await _told_of_the_first_scan(machine, daemon)
        ((target,),) = machine.query("SELECT DISTINCT target FROM notifications")
        assert await daemon.stop() == 0
    with Database.open(machine.database) as store, store.atomic():
        for _ in range(10_000):
            store.outbox.add("http", [target], message, 1_700_000_000)
    sink.status = 503
    async with machine.running() as daemon, aiohttp.ClientSession() as session:
        assert await healthz(daemon) == (200, "ok")
        async with session.get(daemon.page) as answer:
            assert answer.status == 200
        assert resident(daemon.process.pid) < 300e6
        assert await daemon.stop() == 0
    assert simulator.pages == 2


async def test_a_database_that_another_program_locks(
    machine: Machine, simulator: Simulator, sink: Service
) -> None:
    """The page answers meanwhile; what waits is stored and told after it. (A lock that outlasts a
    statement's patience of 30 s: ``python -m tests.faults.machine lock 75``.)"""
    async with machine.running() as daemon, aiohttp.ClientSession() as session:
        await _told_of_the_first_scan(machine, daemon)
        late = simulator.fail_next(page=5, delay=1)
        machine.read(100)
        await until(lambda: not late.times)
        with closing(sqlite3.connect(machine.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await until(lambda: simulator.pages == 12)
            async with session.get(f"{daemon.page}api/overview.json") as answer:
                assert answer.status == 200
            assert [line["event"] for line in daemon.log].count("scanned") == 1
            other.execute("ROLLBACK")
        await daemon.said("scanned", 2)
        await until(lambda: len(sink.taken) == 2)
        assert await daemon.stop() == 0
    assert machine.query("SELECT sum(used) FROM credits") == [(12,)]
    assert simulator.pages == 12


async def test_a_database_that_is_deleted(machine: Machine, simulator: Simulator) -> None:
    """Unhealthy with the reason, nothing is bought; the file put back, it goes on."""
    away = machine.folder / "away"
    async with machine.running() as daemon:
        await _told_of_the_first_scan(machine, daemon)
        machine.database.rename(away)
        assert "deleted, moved or replaced" in await until_healthy(daemon, healthy=False)
        machine.read(30)
        await daemon.said("task died", task="rule files")
        assert simulator.pages == 2
        away.rename(machine.database)
        await daemon.said("scanned", 2)
        await until_healthy(daemon)
        assert await daemon.stop() == 0
    assert machine.query("PRAGMA integrity_check") == [("ok",)]
    assert simulator.pages == 5


async def test_a_database_that_is_damaged(machine: Machine, simulator: Simulator) -> None:
    """Found at the next scan: unhealthy with what to do, not bought again, and the next start
    refuses the file however large it is."""
    rules = machine.rules.read_text(encoding="utf-8")
    machine.rules.write_text(rules.replace("every: 24h", "every: 3s"), encoding="utf-8")
    async with machine.running() as daemon:
        await _told_of_the_first_scan(machine, daemon)
        with closing(sqlite3.connect(machine.database)) as conn:
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            pages = conn.execute(
                "SELECT rootpage FROM sqlite_schema WHERE tbl_name IN ('scans', 'observations')"
            ).fetchall()
        with machine.database.open("r+b") as file:
            for (page,) in pages:
                file.seek((page - 1) * 4_096)
                file.write(b"\x5a" * 4_096)
        reason = await until_healthy(daemon, healthy=False)
        assert "damaged" in reason
        assert "watcher db backup" in reason
        await daemon.said("a scan failed for the database")
        bought = simulator.pages
        async with aiohttp.ClientSession() as session, session.get(daemon.page) as answer:
            assert answer.status == 503
            assert "damaged" in await answer.text()
        assert simulator.pages == bought
        assert await daemon.stop() == 0
    code, _, err = await machine.call("run", "--listen", "off")
    assert (code, err.count("\n")) == (1, 1)
    assert "damaged" in err
