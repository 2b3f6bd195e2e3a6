"""Moments to kill at: drawn at random, or sprung by what happens at either end."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.end_to_end.process import Daemon

LATEST_SECONDS = 8.0  # after the daemon is ready: what should spring the trap may never come
_START_SECONDS = 1.6
_WORK_SECONDS = 2.5
_LINGER_SECONDS = 0.015
_COMMIT_SECONDS = 0.006
_GLANCE_SECONDS = 0.00005

# Kind and weight. ``start`` counts from the process's start, ``work`` from when it is ready;
# ``database`` springs at the n-th change of the database's files, ``commit`` at the first change
# after the n-th answer of the source on a new day, for there is news to be committed; the others
# at the n-th event of that name.
KINDS = {
    "start": 4,
    "work": 4,
    "request": 2,
    "answer": 3,
    "taken": 4,
    "acknowledged": 5,
    "log": 2,
    "scanned": 2,
    "database": 3,
    "commit": 7,
}
_MOST_EVENTS = {
    "request": 9,
    "answer": 9,
    "taken": 4,
    "acknowledged": 4,
    "log": 4,
    "scanned": 5,
    "database": 40,
    "commit": 9,
}


@dataclass
class Trap:
    """Kills at the ``count``-th event of its kind, ``delay`` seconds later (0: at once).

    ``dawned`` says whether events count yet.
    """

    kind: str
    count: int
    delay: float
    dawned: bool = True
    sprung: asyncio.Event = field(default_factory=asyncio.Event)
    _daemon: Daemon | None = None
    _answered: threading.Event = field(default_factory=threading.Event)
    _over: threading.Event = field(default_factory=threading.Event)

    def notice(self, event: str) -> None:
        """Something happened; kills before this returns where it is the event without delay."""
        self.dawned = self.dawned or event == "day"
        awaited = "answer" if self.kind == "commit" else self.kind
        if event != awaited or self.count <= 0 or not self.dawned:
            return
        self.count -= 1
        if self.count:
            return
        if self.kind == "commit":
            self._answered.set()
        elif self.delay:
            asyncio.get_running_loop().call_later(self.delay, self._kill)
        else:
            self._kill()

    async def spring(self, daemon: Daemon, database: Path) -> bool:
        """Wait for the moment and kill; True where it never came and time was up."""
        self._daemon = daemon
        reading = asyncio.create_task(self._watch_log(daemon))
        if self.kind in ("database", "commit"):
            files = (database, database.with_name(database.name + "-wal"))
            arguments = (asyncio.get_running_loop(), files)
            threading.Thread(target=self._watch_files, args=arguments, daemon=True).start()
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
        self._over.set()
        for task in (reading, ready, sprung):
            task.cancel()
        await asyncio.gather(reading, ready, sprung, ended, return_exceptions=True)
        return late

    def _kill(self) -> None:
        self._signal()
        self.sprung.set()

    def _signal(self) -> None:
        process = self._daemon.process if self._daemon is not None else None
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)

    async def _watch_log(self, daemon: Daemon) -> None:
        seen = 0
        more = True
        while more:
            more = await daemon.more()
            for line in daemon.log[seen:]:
                self.notice("log")
                if line.get("event") == "scanned":
                    self.notice("scanned")
            seen = len(daemon.log)

    def _watch_files(self, loop: asyncio.AbstractEventLoop, files: tuple[Path, ...]) -> None:
        """On a thread that looks every few ten microseconds: a commit takes not much longer."""
        while self.kind == "commit" and not self._answered.wait(0.01):
            if self._over.is_set():
                return
        left, known = max(self.count, 1), [_state(file) for file in files]
        while left and not self._over.is_set():
            time.sleep(_GLANCE_SECONDS)
            if (now := [_state(file) for file in files]) != known:
                known = now
                left -= 1
        if not self._over.is_set():
            time.sleep(self.delay)
            self._signal()
            with suppress(RuntimeError):  # the harness itself is at its end
                loop.call_soon_threadsafe(self.sprung.set)


async def _ready(daemon: Daemon) -> None:
    with suppress(AssertionError):  # it ended before
        await daemon.said("watching")


def _state(path: Path) -> tuple[int, int]:
    try:
        found = os.stat(path)  # noqa: PTH116 - every microsecond counts here
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
    longest = _COMMIT_SECONDS if kind == "commit" else _LINGER_SECONDS
    delay = chance.choice((0.0, chance.uniform(0.0005, longest)))
    count = chance.randint(1, _MOST_EVENTS[kind])
    return Trap(kind, count, delay, dawned=kind != "commit")
