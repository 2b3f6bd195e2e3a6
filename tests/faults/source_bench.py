"""The real scanner and store before a market over real HTTP, with a clock that is put where the
test wants it; and what is to be compared before and after a fault."""

from __future__ import annotations

import copy
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp

from tests.daemon.scheduling.bench import KEY
from tests.fakes.clock import SetClock
from tests.source.scripted import FakeTime
from tests.store.making import raw
from watcher.daemon.scheduling.scanner import Scanner
from watcher.incidents.failing import note_credits
from watcher.model import ScanState
from watcher.notification.flush_deferred import sweep
from watcher.notification.policy import policies_of
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook
from watcher.source.client import Client
from watcher.source.simulator import SMOOTH, Fault, Market, Simulator
from watcher.store.threads import Writer
from watcher.text.messages import text_of, title_of
from watcher.units import DAY, HOUR

START = 20_000 * DAY + 6 * HOUR
FOR_EVER = 10**9
RULES = """
api: {requests_per_second: 1000, concurrency: 1}
channels: {me: {url: "json://localhost/"}, boss: {url: "json://localhost/b"}}
operator: [boss]
defaults: {region: US, notify: [me], resolved: true}
watches:
  list: {sort: total_sale_7d_cnt desc, top: 30, every: 1h}
rules:
  - {name: sells, watch: list, when: {total_sale_7d_cnt: {at_least: 1}}}
  - {name: slow, watch: list, when: {total_sale_7d_cnt: {at_least: 1}}, for: 6h}
  - {name: leads, watch: list, when: {rank: {at_most: 3}}}
"""
PATIENT = aiohttp.ClientTimeout(total=30)
# Where the server lets it wait anyway; a busy machine needs some of it to connect.
IMPATIENT = aiohttp.ClientTimeout(total=0.15)

Row = dict[str, Any]


def edited(change: Callable[[list[Row]], list[Row]]) -> Callable[[bytes], bytes]:
    """What a fault does to a body, as a change of its products."""

    def edit(body: bytes) -> bytes:
        answer = json.loads(body)
        answer["data"] = change(answer["data"])
        return json.dumps(answer).encode()

    return edit


@dataclass
class SourceBench:
    """A market and a database; ``restart`` is what a crash leaves: all but the database is new."""

    simulator: Simulator
    path: Path
    rules: str = RULES
    url: str = ""
    timeout: aiohttp.ClientTimeout = PATIENT
    clock: SetClock = field(default_factory=lambda: SetClock(START))
    time: FakeTime = field(default_factory=FakeTime)

    async def open(self) -> None:
        """Begin, as a start of the daemon does."""
        self.writer = await Writer(self.path).start()
        self.book = self.read()
        self.time.time = float(self.clock.instant)
        self.client = Client(
            self.url or self.simulator.url,
            KEY,
            requests_per_second=1000,
            concurrency=self.book.api.concurrency,
            timeout=self.timeout,
            seams=self.time.seams,
        )
        await self.client.__aenter__()
        await self.writer.run(lambda db: db.rules.sync(self.book.marks, self.clock.instant))
        self.scanner = Scanner(self.book, self.client, self.writer, self.clock)

    async def close(self) -> None:
        """Leave only the database."""
        await self.client.__aexit__(None, None, None)
        await self.writer.aclose()

    async def restart(self) -> None:
        """A crash and a start."""
        await self.close()
        await self.open()

    def read(self) -> Rulebook:
        """The rules as they are now."""
        env = {"KEYAPI_KEY": KEY, "KEYAPI_URL": self.url or self.simulator.url}
        return load_text(self.rules, env=env)

    async def scan(self, *, after: int = HOUR, watch: int = 0) -> ScanState | None:
        """The next scan; None where it was not begun."""
        self.clock.instant += after
        self.time.time = max(self.time.time, float(self.clock.instant))
        outcome = await self.scanner.scan(self.book.used_watches[watch], self.clock.instant)
        return outcome.scan.state if outcome is not None else None

    async def sweep(self) -> None:
        """What the daemon does each minute."""
        now, book = self.clock.instant, self.book
        await self.writer.run(lambda db: note_credits(self.scanner.operator(db), book.api))
        await self.writer.run(lambda db: sweep(db, book, policies_of(book.channels), now))

    async def told(self, target: str = "boss/1") -> list[str]:
        """Titles of what is queued, the oldest first: of the operator unless said otherwise."""
        rows = await self.writer.run(lambda db: db.outbox.waiting_for(target))
        return [title_of(row.message) for row in rows]

    async def texts(self) -> list[str]:
        """What the operator is told in full."""
        rows = await self.writer.run(lambda db: db.outbox.waiting_for("boss/1"))
        return [text_of(row.message) for row in rows]

    async def alerts(self) -> list[tuple[object, ...]]:
        """Every alert's life: what no fault may change."""
        return await self.writer.run(
            lambda db: raw(db).rows(
                "SELECT rule, product, state, since, fired_at, resolved_at, reason, absent "
                "FROM alerts ORDER BY id"
            )
        )

    async def spent(self) -> int:
        """Credits of the UTC day."""
        return await self.writer.run(lambda db: db.ledger.spent(self.clock.instant).day)

    async def reserved(self) -> int:
        """Reservations that are open."""
        return await self.writer.run(lambda db: raw(db).number("SELECT count(*) FROM reservations"))

    def fault(self, **how: Any) -> Fault:
        """From now on, until it is taken out of ``simulator.faults``."""
        return self.simulator.fail_next(Fault(**{"times": FOR_EVER, **how}))


@cache
def _market() -> Market:
    """Made once: its past takes longer than most tests."""
    # Calm: whoever leaves the list or moves does so by the test's own doing.
    return Market(
        seed=5, products=400, start=date(2026, 11, 1), regions=("US", "GB"), behaviour=SMOOTH
    )


@asynccontextmanager
async def benched(folder: Path, rules: str = RULES, **how: Any) -> AsyncIterator[SourceBench]:
    """A bench on a small market."""
    async with Simulator(copy.deepcopy(_market()), key=KEY) as simulator:
        bench = SourceBench(simulator, folder / "watcher.db", rules, **how)
        await bench.open()
        try:
            yield bench
        finally:
            await bench.close()


def without(*names: str) -> Callable[[bytes], bytes]:
    """Products without these fields."""
    return edited(lambda rows: [{k: v for k, v in row.items() if k not in names} for row in rows])


def having(values: Mapping[str, object]) -> Callable[[bytes], bytes]:
    """Products with these values."""
    return edited(lambda rows: [{**row, **values} for row in rows])
