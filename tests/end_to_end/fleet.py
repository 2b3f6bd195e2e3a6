"""Several real daemons on one real server, and what they hold."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.end_to_end.process import Daemon, Watcher
from watcher.store.control import DaemonState, LeaseState
from watcher.store.engine import open_control

RULES = """
channels:
  http: {url: "${SINK_URL}"}
operator: [http]
defaults: {region: US, every: 24h, notify: [http]}
watches:
  list: {sort: total_sale_7d_cnt desc, top: 20}
rules:
  - name: selling
    watch: list
    when: {total_sale_7d_cnt: {at_least: 1}}
"""


@dataclass
class Fleet:
    """A server at ``url``, and the folder in which its daemons are started."""

    watcher: Watcher
    url: str
    rules: str = RULES
    _pushed: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.watcher.folder

    def make(self, *books: str) -> None:
        """Books with the rules, which nobody holds yet."""
        with contextlib.closing(open_control(self.url)) as control:
            for book in books:
                control.books.create(book)
        for book in books:
            self.push(book, self.rules)

    def push(self, book: str, rules: str) -> None:
        """Make these the book's rules."""
        with contextlib.closing(open_control(self.url)) as control:
            current = control.books.current(book)
            control.books.push(
                book, {"rules.yaml": rules.encode()}, by="a test",
                expected=None if current is None else current.digest,
            )  # fmt: skip

    def leases(self) -> dict[str, LeaseState]:
        """By book."""
        with contextlib.closing(open_control(self.url)) as control:
            return {each.book: each for each in control.leases.all()}

    def daemons(self) -> dict[int, DaemonState]:
        """By process."""
        with contextlib.closing(open_control(self.url)) as control:
            return {each.pid: each for each in control.daemons.all()}

    def held_by(self, daemon: Daemon) -> list[str]:
        """The books that a daemon holds."""
        own = self.daemons().get(daemon.process.pid)
        return [
            each.book
            for each in self.leases().values()
            if own is not None and each.held and each.holder == own.id
        ]

    @contextlib.asynccontextmanager
    async def running(self, *arguments: str) -> AsyncIterator[Daemon]:
        """A daemon for all books, or as the arguments say."""
        chosen = arguments or ("--all-books",)
        async with self.watcher.running("--db", self.url, *chosen) as daemon:
            yield daemon
