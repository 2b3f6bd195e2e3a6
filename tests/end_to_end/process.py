"""The real ``watcher`` as a process of its own, and what it says."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import resource
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KEY = "sim-key-5f0c1e"
PATIENCE = 60.0


@dataclass
class Watcher:
    """A folder with a rule file and a database, and the commands run in it."""

    folder: Path
    api_url: str
    env: Mapping[str, str] = field(default_factory=dict)
    module: str = "watcher"
    before: tuple[str, ...] = ()  # a program that starts it
    descriptors: int | None = None  # that the process may have; None: as many as this one

    @property
    def rules(self) -> Path:
        return self.folder / "rules.yaml"

    @property
    def database(self) -> Path:
        return self.folder / "watcher.db"

    def environment(self) -> dict[str, str]:
        """Only what a service manager would give."""
        return {
            "PATH": os.environ["PATH"],
            "KEYAPI_KEY": KEY,
            "KEYAPI_URL": self.api_url,
            "PYTHONUNBUFFERED": "1",
            # The code that is tested, where it is not the one installed.
            **{name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ},
            **self.env,
        }

    async def spawn(self, *arguments: str) -> asyncio.subprocess.Process:
        """Start a command."""
        return await asyncio.create_subprocess_exec(
            *self.before,
            sys.executable,
            "-m",
            self.module,
            *arguments,
            cwd=self.folder,
            env=self.environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            preexec_fn=self._limit if self.descriptors is not None else None,
        )

    def _limit(self) -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.descriptors or 0, self.descriptors or 0))

    async def call(self, *arguments: str) -> tuple[int, str, str]:
        """Run a command to its end: exit code, stdout, stderr."""
        process = await self.spawn(*arguments)
        async with asyncio.timeout(PATIENCE):
            out, err = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of the database, read beside the daemon."""
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as conn:
            return conn.execute(sql, values).fetchall()

    @contextlib.asynccontextmanager
    async def running(self, *arguments: str) -> AsyncIterator[Daemon]:
        """``watcher run`` until the block ends; killed if it is still there then."""
        process = await self.spawn(
            "run", "--listen", "127.0.0.1:0", "--log-format", "json", *arguments
        )
        daemon = Daemon(process)
        reading = asyncio.create_task(daemon.read())
        try:
            await daemon.said("watching")
            yield daemon
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
            await reading


@dataclass
class Daemon:
    """A running daemon: its log, line by line."""

    process: asyncio.subprocess.Process
    log: list[dict[str, Any]] = field(default_factory=list)
    other: list[str] = field(default_factory=list)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _ended: bool = False

    async def read(self) -> None:
        """Take what it logs until it ends."""
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            try:
                self.log.append(json.loads(line))
            except ValueError:
                self.other.append(line.decode())
            async with self._news:
                self._news.notify_all()
        self._ended = True
        async with self._news:
            self._news.notify_all()

    async def more(self) -> bool:
        """Wait for the next line; False once it has ended."""
        if not self._ended:
            async with self._news:
                await self._news.wait()
        return not self._ended

    async def said(self, event: str, count: int = 1, **fields: object) -> dict[str, Any]:
        """Wait for the ``count``th line of this event with these fields."""

        def found() -> list[dict[str, Any]]:
            return [
                line
                for line in self.log
                if line.get("event") == event
                and all(line.get(name) == value for name, value in fields.items())
            ]

        try:
            async with asyncio.timeout(PATIENCE), self._news:
                await self._news.wait_for(lambda: self._ended or len(found()) >= count)
        except TimeoutError:
            raise AssertionError(f"the daemon did not say {event!r}: {self.log[-8:]}") from None
        lines = found()
        assert len(lines) >= count, (
            f"the daemon ended without {event!r}: {self.log[-5:]} {self.other}"
        )
        return lines[count - 1]

    @property
    def page(self) -> str:
        """The web page's address, from the log."""
        watching = next(line for line in self.log if line.get("event") == "watching")
        return str(watching["page"])

    async def stop(self) -> int:
        """SIGTERM; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()


async def until(what: Callable[[], bool | Awaitable[bool]]) -> None:
    """Wait until something outside this process is so."""
    async with asyncio.timeout(PATIENCE):
        while True:
            result = what()
            if await result if isinstance(result, Awaitable) else result:
                return
            await asyncio.sleep(0.02)  # a process and a database give no event to wait for


def product_ids(text: str) -> set[str]:
    """The products that a message links to."""
    return set(re.findall(r"shop/pdp/(\d+)", text))
