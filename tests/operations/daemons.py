"""Daemons on a server, as processes of their own, and who holds what meanwhile."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from tests.end_to_end.process import Daemon, Watcher
from watcher.store.engine import open_control

# The limit of a takeover: a lease runs out, is seen to, and is taken.
WITHIN_SECONDS = 15.0
RULES = """
api: {requests_per_second: 50, concurrency: 2}
channels: {http: {url: "${SINK_URL}"}}
operator: [http]
defaults: {region: US, every: 1s, notify: [http]}
rules:
  - name: selling
    watch: {sort: total_sale_7d_cnt desc, top: 20}
    when: {total_sale_7d_cnt: {at_least: 1}}
    cooldown: 100w
"""
_HOLDERS = """
SELECT book, CASE WHEN until > clock_timestamp() THEN holder END, version
FROM watcher.leases LEFT JOIN watcher.daemons ON id = holder
"""


def with_books(url: str, *books: str, rules: str = RULES) -> None:
    """Make books with these rules."""
    control = open_control(url)
    try:
        for book in books:
            control.books.create(book)
            files = {"rules.yaml": rules.encode()}
            control.books.push(book, files, expected=None, by="a test")
    finally:
        control.close()


@asynccontextmanager
async def running(
    folder: Path, api: str, env: Mapping[str, str], *arguments: str, code: Path | None = None,
    page: bool = False,
) -> AsyncIterator[Daemon]:  # fmt: skip
    """``watcher run`` with these arguments until the block ends, of the version in ``code``; with a
    page where the environment says which."""
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240 - a folder of a test, made at once
    paths = {"PYTHONPATH": str(code)} if code is not None else {}
    watcher = Watcher(folder, api, {**env, **paths})
    listen = () if page else ("--listen", "off")
    options = ("run", *listen, "--log-format", "json", *arguments)
    daemon = Daemon(await watcher.spawn(*options))
    reading = asyncio.create_task(daemon.read())
    try:
        yield daemon
    finally:
        if daemon.process.returncode is None:
            daemon.process.kill()
        await daemon.process.wait()
        await reading


@dataclass
class Holders:
    """Who holds which book, looked at all the time; ``gaps`` is for how many seconds at most a book
    had no holder while ``counting``."""

    url: str
    now: dict[str, str | None] = field(default_factory=dict)
    versions: dict[str, str | None] = field(default_factory=dict)
    gaps: dict[str, float] = field(default_factory=dict)
    counting: bool = False
    _since: dict[str, float] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def looking(self) -> Iterator[Holders]:
        """Look from now on."""
        thread = threading.Thread(target=self._look, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            thread.join()

    def _look(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as conn:
            while not self._over.wait(0.05):
                at = time.monotonic()
                for book, holder, version in conn.execute(_HOLDERS):
                    self.now[book], self.versions[book] = holder, version
                    if holder is not None or not self.counting:
                        self._since.pop(book, None)
                        continue
                    gap = at - self._since.setdefault(book, at)
                    self.gaps[book] = max(gap, self.gaps.get(book, 0.0))

    def shared_by(self, daemons: int) -> bool:
        """Whether so many daemons hold all books between them."""
        holders = set(self.now.values())
        return len(holders) == daemons and None not in holders

    def count(self, version: str) -> int:
        """How many books daemons of this version hold."""
        return sum(
            holder is not None and self.versions[book] == version
            for book, holder in list(self.now.items())
        )
