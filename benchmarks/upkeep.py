"""Upkeep of a year's database: pruning it to 90 days, and a backup while scans go on.

python -m benchmarks.upkeep prune FILE     # what the children do; FILE is changed
python -m benchmarks.upkeep delete FILE
python -m benchmarks.upkeep backup FILE
python -m benchmarks.upkeep write FILE     # another program that writes, until its input ends
"""

from __future__ import annotations

import asyncio
import json
import select
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import numpy as np

from benchmarks.history import again, moving, rules, store, year
from benchmarks.processes import answer, child, ratios
from benchmarks.report import Line
from watcher.daemon.clock import Clock, SystemClock
from watcher.daemon.core import Core
from watcher.daemon.maintenance import Maintenance
from watcher.daemon.supervision.liveness import Liveness
from watcher.daemon.workers import Workers
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Keep
from watcher.store.ports import Store
from watcher.store.records import Pruned
from watcher.store.sqlite.database import Database
from watcher.store.threads import Writer
from watcher.units import DAY

MOST_STEP = 8.0  # against a bare delete of as many rows, the longest of both
KEPT = Keep(observations=90 * DAY)
_PAUSE = 0.02  # seconds between two writes of the one who measures how long a write waits
_ALONE = 12  # scans before the backup
_DELETES = 50

T = TypeVar("T")


def lines(times: int) -> Iterator[Line]:
    """The case, at most three times: each takes a copy of the year."""
    found = [_on_a_copy("prune") | _on_a_copy("delete") for _ in range(min(times, 3))]
    steps = found[0]["steps"]

    def each(name: str) -> tuple[float, ...]:
        return tuple(one[name] for one in found)

    yield Line(
        "pruning a year to 90 days: the longest step, against a bare delete of 1,000 rows",
        ratios(each("longest"), each("bare")), "x", MOST_STEP, worst=True,
        beside=f"{max(each('longest')):.0f} ms against {max(each('bare')):.0f} ms; {steps:,} "
        f"steps, {found[0]['removed']:,} rows",
    )  # fmt: skip
    yield Line(
        "... the longest wait of the daemon's other writes", ratios(each("own"), each("bare")), "x",
        MOST_STEP, worst=True, beside=f"{max(each('own')):.0f} ms",
    )  # fmt: skip
    yield Line("... the longest wait of another program's write", each("other"), "ms")
    yield Line("... all of it", each("seconds"), "s")
    yield Line(
        "... the file afterwards", each("after"), "MB",
        beside=f"{found[0]['before']:.0f} MB before; {found[0]['free']:.1f} MB free inside",
    )  # fmt: skip
    found = [_on_a_copy("backup") for _ in range(min(times, 3))]
    yield Line(
        "`watcher db backup` of a year while scans go on", each("seconds"), "s",
        beside=f"{found[0]['size']:.0f} MB, passes its integrity check",
    )  # fmt: skip
    yield Line(
        "... a scan's transaction meanwhile, against one without a backup", each("ratio"), "x",
        beside=f"{found[0]['with']:.0f} ms against {found[0]['without']:.0f} ms; longest "
        f"{found[0]['longest']:.0f} ms; log beside the file at most {found[0]['log']:.0f} MB",
    )  # fmt: skip


def _on_a_copy(what: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        return child("benchmarks.upkeep", what, str(year().copy(Path(folder) / "year.db")))


class _Steps(Writer):
    """A writer that keeps what the pruner's steps did."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.steps: list[Pruned] = []
        self.done = asyncio.Event()

    async def run(self, job: Callable[[Store], T]) -> T:
        result = await super().run(job)
        if isinstance(result, Pruned):
            self.steps.append(result)
            if not result.more:
                self.done.set()
        return result


def prune(path: Path) -> None:
    """As the daemon does it, while the daemon itself and another program want to write, too."""
    before = path.stat().st_size
    other = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.upkeep", "write", str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert other.stdout is not None
    other.stdout.readline()  # it is ready
    found = asyncio.run(_prune(path, SystemClock()))
    told, _ = other.communicate()
    with Database.open(path) as database:
        stats = database.upkeep.stats()
    answer(
        found
        | {
            "other": max(json.loads(told)),
            "before": before / 1e6,
            "after": path.stat().st_size / 1e6,
            "free": stats.free / 1e6,
        }
    )


def delete(path: Path) -> None:
    """Deletes of the oldest observations, 1,000 rows each, by sqlite3 alone: the longest, in ms."""
    took = []
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for _ in range(_DELETES):
            begin = time.perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(
                "DELETE FROM observations WHERE id IN "
                "(SELECT id FROM observations ORDER BY id LIMIT 1000)"
            )
            connection.execute("COMMIT")
            took.append((time.perf_counter() - begin) * 1_000)
    answer({"bare": max(took)})


def _maintenance(writer: Writer, clock: Clock) -> Maintenance:
    book = SimpleNamespace(keep=KEPT)
    core = SimpleNamespace(writer=writer, clock=clock, liveness=Liveness(), book=book)
    return Maintenance(cast("Core", core), cast("Workers", None))


async def _prune(path: Path, clock: Clock) -> dict[str, Any]:
    async with _Steps(path) as writer:
        begin = time.perf_counter()
        pruning = asyncio.create_task(_maintenance(writer, clock).upkeep())
        waits = []
        while not writer.done.is_set():
            waits.append(await _timed(lambda: writer.run(_write)))
            with suppress(TimeoutError):
                await asyncio.wait_for(writer.done.wait(), _PAUSE)
        seconds = time.perf_counter() - begin
        pruning.cancel()
        await asyncio.gather(pruning, return_exceptions=True)
    return {
        "longest": max(step.seconds for step in writer.steps) * 1_000,
        "steps": len(writer.steps),
        "removed": sum(step.rows for step in writer.steps),
        "own": max(waits),
        "seconds": seconds,
    }


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    begin = time.perf_counter()
    await work()
    return (time.perf_counter() - begin) * 1_000


def _write(database: Store) -> None:
    database.health.ok("watch", "benchmark", 1)


def write(path: Path) -> None:
    """Write now and then until the input ends; then print how long each write took, in ms."""
    waits: list[float] = []
    with Database.open(path, create=False) as database:
        print(flush=True)
        while not select.select([sys.stdin], [], [], _PAUSE)[0]:
            begin = time.perf_counter()
            _write(database)
            waits.append((time.perf_counter() - begin) * 1_000)
    print(json.dumps(waits))


def backup(path: Path) -> None:
    """Scans one after the other, without and with the command that copies beside them."""
    target = path.with_name("backup.db")
    walls: dict[bool, list[float]] = {False: [], True: []}
    book = load_text(rules())
    watch = book.used_watches[0]
    log = path.with_name(f"{path.name}-wal")
    with Database.open(path) as database:
        scans = moving(again(database, watch))
        for _ in range(_ALONE):
            walls[False].append(store(database, book, watch, next(scans)).wall * 1_000)
        begin = time.perf_counter()
        command = [sys.executable, "-m", "watcher", "db", "backup", str(target), "--db", str(path)]
        copying = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        longest_log = 0
        while copying.poll() is None:
            walls[True].append(store(database, book, watch, next(scans)).wall * 1_000)
            longest_log = max(longest_log, log.stat().st_size)
        seconds = time.perf_counter() - begin
    assert copying.returncode == 0
    with Database.open(target, readonly=True) as copy:
        assert copy.upkeep.check() == ()
    with_, without = (float(np.median(walls[kind])) for kind in (True, False))
    answer(
        {
            "seconds": seconds,
            "size": target.stat().st_size / 1e6,
            "with": with_,
            "without": without,
            "ratio": with_ / without,
            "longest": max(walls[True]),
            "log": longest_log / 1e6,
        }
    )


if __name__ == "__main__":
    what = {"prune": prune, "delete": delete, "backup": backup, "write": write}[sys.argv[1]]
    what(Path(sys.argv[2]))
