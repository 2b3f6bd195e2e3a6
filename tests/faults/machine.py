"""Faults of the machine that take too long for the suite; each prints what it saw.

python -m tests.faults.machine lock 75      the database locked for so many seconds
python -m tests.faults.machine stop 30      the process stopped for so many seconds
python -m tests.faults.machine backlog 10000  so many rows waiting at the start
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import date
from pathlib import Path

import aiohttp

from tests.end_to_end.process import KEY, Daemon, until
from tests.fakes.sink import Service, serving
from tests.faults.machine_room import Machine, healthz, resident, until_healthy
from watcher.message import Message
from watcher.model import Severity
from watcher.source.simulator import SMOOTH, Market, Simulator
from watcher.store.sqlite.database import Database

LOOK_SECONDS = 5.0


def say(*words: object) -> None:
    """Print at once."""
    print(*words, flush=True)  # noqa: T201 - a tool that is run by hand


async def lock(machine: Machine, simulator: Simulator, sink: Service, seconds: int) -> None:
    """BEGIN IMMEDIATE in another connection, while a scan is read."""
    async with machine.running() as daemon:
        await daemon.said("scanned")
        await until(machine.all_is_sent)
        late = simulator.fail_next(page=15, delay=2)
        machine.read(300)
        await until(lambda: not late.times)
        with closing(sqlite3.connect(machine.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await _look(daemon, seconds)
            other.execute("ROLLBACK")
        freed = time.monotonic()
        await daemon.said("scanned", 2)
        say(f"stored {time.monotonic() - freed:.1f} s after the lock was gone")
        await until_healthy(daemon)
        await until(machine.all_is_sent)
        await _end(machine, daemon, simulator, sink)


async def stop(machine: Machine, simulator: Simulator, sink: Service, seconds: int) -> None:
    """SIGSTOP and SIGCONT, with a list that is due every second."""
    rules = machine.rules.read_text(encoding="utf-8")
    machine.rules.write_text(rules.replace("every: 24h", "every: 1s"), encoding="utf-8")
    async with machine.running() as daemon:
        await daemon.said("scanned", 3)
        os.kill(daemon.process.pid, signal.SIGSTOP)
        pages = simulator.pages
        await asyncio.sleep(seconds)
        os.kill(daemon.process.pid, signal.SIGCONT)
        say("health after it:", await healthz(daemon))
        await asyncio.sleep(1)
        say("pages in the second after it:", simulator.pages - pages)
        await _end(machine, daemon, simulator, sink)


async def backlog(machine: Machine, simulator: Simulator, sink: Service, rows: int) -> None:
    """Rows for a target that answers 503."""
    async with machine.running() as daemon:
        await daemon.said("scanned")
        await until(machine.all_is_sent)
        ((target,),) = machine.query("SELECT DISTINCT target FROM notifications")
        await daemon.stop()
    message = Message("selling", "old", Severity.INFO, 1_700_000_000, text="x" * 500)
    with Database.open(machine.database) as store, store.atomic():
        for _ in range(rows):
            store.outbox.add("http", [target], message, 1_700_000_000)
    sink.status = 503
    began = time.monotonic()
    async with machine.running() as daemon:
        say(f"ready after {time.monotonic() - began:.2f} s")
        await _look(daemon, 1)
        say(f"memory {resident(daemon.process.pid) / 1e6:.0f} MB")
        await _end(machine, daemon, simulator, sink)


async def _look(daemon: Daemon, seconds: int) -> None:
    end = time.monotonic() + seconds
    async with aiohttp.ClientSession() as session:
        while (now := time.monotonic()) < end:
            say("health", await healthz(daemon), f"{time.monotonic() - now:.1f} s")
            now = time.monotonic()
            async with session.get(daemon.page) as answer:
                say("page", answer.status, f"{time.monotonic() - now:.1f} s")
            await asyncio.sleep(min(LOOK_SECONDS, seconds))


async def _end(machine: Machine, daemon: Daemon, simulator: Simulator, sink: Service) -> None:
    say("exit code", await daemon.stop())
    say("log", dict(Counter(str(line["event"]) for line in daemon.log)), daemon.other)
    say("pages given", simulator.pages, "credits", machine.query("SELECT sum(used) FROM credits"))
    say("still set aside", machine.query("SELECT count(*) FROM reservations"))
    say("taken", dict(Counter(str(message["title"]) for message in sink.taken)))
    say("integrity", machine.query("PRAGMA integrity_check"))


FAULTS: dict[str, Callable[[Machine, Simulator, Service, int], Awaitable[None]]] = {
    "lock": lock,
    "stop": stop,
    "backlog": backlog,
}


async def main(fault: str, much: int) -> None:
    """One fault on a machine of its own."""
    # What the machine does matters here, not how a market sells.
    market = Market(
        seed=3, products=600, start=date(2026, 11, 1), regions=("US",), behaviour=SMOOTH
    )
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as disk:
        async with serving() as sink, Simulator(market, key=KEY) as simulator:
            env = {"SINK_URL": sink.url.reveal()}
            machine = Machine(Path(folder), simulator.url, env, disk=Path(disk))
            machine.read(20)
            await FAULTS[fault](machine, simulator, sink, much)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
