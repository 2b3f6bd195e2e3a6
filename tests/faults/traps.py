"""Moments to kill at: drawn at random, or sprung by what happens at either end."""

from __future__ import annotations

import asyncio
import os
import random
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.end_to_end.process import Daemon

LATEST_SECONDS = 8.0  # after the daemon is ready: what should spring the trap may never come
_START_SECONDS = 1.6
_WORK_SECONDS = 2.5
_LINGER_SECONDS = 0.015

# Kind and weight. ``start`` counts from the process's start, ``work`` from when it is ready;
# the others spring at the n-th event of that name.
KINDS = {
    "start": 4,
    "work": 4,
    "request": 2,
    "answer": 3,
    "taken": 4,
    "acknowledged": 5,
    "log": 2,
    "scanned": 2,
    "database": 4,
}
_MOST_EVENTS = {"request": 9, "answer": 9, "taken": 4, "acknowledged": 4, "log": 4, "scanned": 5}


@dataclass
class Trap:
    """Kills at the ``count``-th event of its kind, ``delay`` seconds later (0: at once)."""

    kind: str
    count: int
    delay: float
    sprung: asyncio.Event = field(default_factory=asyncio.Event)
    _daemon: Daemon | None = None

    def notice(self, event: str) -> None:
        """Something happened; kills before this returns where it is the event without delay."""
        if event != self.kind or self.count <= 0:
            return
        self.count -= 1
        if self.count == 0:
            if self.delay:
                asyncio.get_running_loop().call_later(self.delay, self._kill)
            else:
                self._kill()

    async def spring(self, daemon: Daemon, database: Path) -> bool:
        """Wait for the moment and kill; True where it never came and time was up."""
        self._daemon = daemon
        watching = [asyncio.create_task(self._watch_log(daemon))]
        if self.kind == "database":
            watching.append(asyncio.create_task(self._watch_file(database)))
        self.notice("start")
        ended = asyncio.create_task(daemon.process.wait())
        ready = asyncio.create_task(_ready(daemon))
        sprung = asyncio.create_task(self.sprung.wait())
        await asyncio.wait((ready, sprung, ended), return_when=asyncio.FIRST_COMPLETED)
        self.notice("work")
        await asyncio.wait(
            (sprung, ended), timeout=LATEST_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        late = not self.sprung.is_set()
        self._kill()
        for task in (*watching, ready, sprung):
            task.cancel()
        await asyncio.gather(*watching, ready, sprung, ended, return_exceptions=True)
        return late

    def _kill(self) -> None:
        if self._daemon is not None and self._daemon.process.returncode is None:
            with suppress(ProcessLookupError):
                self._daemon.process.kill()
        self.sprung.set()

    async def _watch_log(self, daemon: Daemon) -> None:
        seen = 0
        while not daemon._ended:
            async with daemon._news:
                await daemon._news.wait()
            for line in daemon.log[seen:]:
                self.notice("log")
                if line.get("event") == "scanned":
                    self.notice("scanned")
            seen = len(daemon.log)

    async def _watch_file(self, database: Path) -> None:
        """Look at the write-ahead log so often that a kill may fall into the middle of a write."""
        log = database.with_name(database.name + "-wal")
        known = _state(log)
        while True:
            await asyncio.sleep(0.0005)
            if (now := _state(log)) != known:
                known = now
                self.notice("database")


async def _ready(daemon: Daemon) -> None:
    with suppress(AssertionError):  # it ended before
        await daemon.said("watching")


def _state(path: Path) -> tuple[int, int]:
    try:
        found = os.stat(path)  # noqa: PTH116 - every millisecond counts here
    except FileNotFoundError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def draw(chance: random.Random) -> Trap:
    """A moment."""
    (kind,) = chance.choices(list(KINDS), list(KINDS.values()))
    if kind == "start":
        return Trap(kind, 1, chance.uniform(0.05, _START_SECONDS))
    if kind == "work":
        return Trap(kind, 1, chance.uniform(0, _WORK_SECONDS))
    most = 40 if kind == "database" else _MOST_EVENTS[kind]
    delay = chance.choice((0.0, 0.0, chance.uniform(0.0005, _LINGER_SECONDS)))
    return Trap(kind, chance.randint(1, most), delay)
