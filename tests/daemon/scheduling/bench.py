"""A market over real HTTP, a store, and a scanner between them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

import pytest

from tests.fakes.clock import SetClock
from watcher.daemon.scheduling.scanner import Scanner
from watcher.model import Instant, ScanState
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook, Watch
from watcher.source.client import Client, Seams
from watcher.source.simulator import SMOOTH, Market, Simulator
from watcher.store.records import Spent
from watcher.store.threads import Writer
from watcher.text.messages import title_of

T = TypeVar("T")
KEY = "sim-key"
SCANS = "SELECT at FROM scans"

RULES = """
api: {API, requests_per_second: 1000}
channels: {me: {url: "json://localhost/"}}
operator: [me]
defaults: {region: US, notify: [me]}
rules:
  - name: top
    watch: {sort: total_sale_7d_cnt desc, top: 30}
    when: {rank: {at_most: 3}}
"""


async def no_sleep(_seconds: float) -> None:
    """Waits between tries take no time here."""


@dataclass
class Bench:
    """A market, a store and a scanner between them."""

    simulator: Simulator
    writer: Writer
    clock: SetClock = field(default_factory=SetClock)
    api: str = "concurrency: 1"

    def book(self) -> Rulebook:
        env = {"KEYAPI_KEY": KEY, "KEYAPI_URL": self.simulator.url}
        return load_text(RULES.replace("API", self.api), env=env)

    def client(self, key: str = KEY) -> Client:
        seams = Seams(sleep=no_sleep)
        return Client(self.simulator.url, key, requests_per_second=1000, seams=seams)

    async def scan(self, scanner: Scanner, at: Instant | None = None) -> ScanState | None:
        (watch,) = scanner.book.used_watches
        outcome = await scanner.scan(watch, at if at is not None else self.clock.now())
        return outcome.scan.state if outcome is not None else None

    async def titles(self) -> list[str]:
        """The messages queued, the oldest first."""
        rows = await self.writer.run(lambda db: db.outbox.waiting_for("me/1"))
        return [title_of(row.message) for row in rows]

    async def spent(self) -> Spent:
        now = self.clock.now()
        return await self.writer.run(lambda db: db.ledger.spent(now))


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """A small market that speaks only to its key."""
    # What is scanned matters here, not how it sells.
    market = Market(
        seed=5, products=200, start=date(2026, 11, 1), regions=("US",), behaviour=SMOOTH
    )
    async with Simulator(market, key=KEY) as simulator, Writer() as writer:
        yield Bench(simulator, writer)


def watch_of(book: Rulebook) -> Watch:
    """The one watch."""
    (watch,) = book.used_watches
    return watch
