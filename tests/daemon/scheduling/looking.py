"""A region whose lists are read with the refresh: its looks and scans by a clock that is set."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.daemon.scheduling.bench import KEY, Bench
from watcher.daemon.scheduling.looker import Looker
from watcher.daemon.scheduling.scanner import Scanner
from watcher.data_days import DataDays, LookResult, RefreshLook
from watcher.model import Instant
from watcher.region_plan import RegionPlan, region_plan
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook
from watcher.store.sql.refreshes import ScanDay
from watcher.text.messages import text_of

RULES = """
api: {API, requests_per_second: 1000, concurrency: 1}
channels: {me: {url: "json://localhost/"}}
operator: [me]
defaults: {region: US, notify: [me], every: refresh}
watches:
  large: {sort: total_sale_7d_cnt desc, top: 50}
  small: {sort: spu_avg_price desc, top: 20}
rules:
  - {name: rises, watch: large, when: {total_sale_7d_cnt: {rises: 1, from: 1d ago}}}
  - {name: vital, watch: small, priority: 5, when: {spu_avg_price: {at_least: 0}}}
"""


@dataclass
class Region:
    """One region's looks and scans, by a clock that is set."""

    bench: Bench
    scanner: Scanner
    looker: Looker
    name: str = "US"

    async def attend(self, rang: Instant | None = None) -> RegionPlan:
        return await self.looker.attend(self.name, lambda: None, rang)

    async def plan(self) -> RegionPlan:
        now = self.bench.clock.now()
        return await self.bench.writer.run(
            lambda db: region_plan(db, self.scanner.book, self.name, now)
        )

    async def scan_due(self) -> list[str]:
        """Scan what is due now; the names."""
        plan, now, names = await self.plan(), self.bench.clock.now(), []
        for watch in self.scanner.book.used_watches:
            if plan.due.get(watch.key, now + 1) <= now:
                await self.scanner.scan(watch, now)
                names.append(watch.name)
        return names

    async def look(self, at: Instant) -> LookResult | None:
        """Have a look be due at an instant, and make it; what it found."""
        self.bench.clock.instant = at
        before = (await self.noted())[-1:]
        while (plan := await self.plan()).look is not None and plan.look > self.bench.clock.now():
            self.bench.clock.instant = plan.look
        await self.attend()
        noted = (await self.noted())[-1:]
        return noted[0].result if noted != before else None

    async def noted(self) -> list[RefreshLook]:
        return [*await self.bench.writer.run(lambda db: db.refreshes.looks(self.name, 0))]

    async def days(self) -> DataDays:
        return await self.bench.writer.run(lambda db: db.refreshes.data_days(self.name))

    async def scan_days(self, name: str) -> list[ScanDay]:
        (watch,) = (each for each in self.scanner.book.used_watches if each.name == name)
        return [*await self.bench.writer.run(lambda db: db.refreshes.days_of(watch.key, 10))]

    async def told(self) -> list[str]:
        rows = await self.bench.writer.run(lambda db: db.outbox.waiting_for("me/1"))
        return [text_of(row.message) for row in rows if row.message.kind == "operator"]


def book_of(bench: Bench, api: str = "probes_per_day: 6", rules: str = RULES) -> Rulebook:
    """Two watches of a region."""
    env = {"KEYAPI_KEY": KEY, "KEYAPI_URL": bench.simulator.url}
    return load_text(rules.replace("API", api), env=env)


@asynccontextmanager
async def region_of(
    bench: Bench, api: str = "probes_per_day: 6", rules: str = RULES, name: str = "US"
) -> AsyncIterator[Region]:
    """The region, after the first scans of its watches."""
    async with bench.client() as client:
        book = book_of(bench, api, rules)
        scanner = Scanner(book, client, bench.writer, bench.clock)
        region = Region(bench, scanner, Looker(scanner, bench.writer, bench.clock), name)
        assert {*await region.scan_due()} == {watch.name for watch in book.used_watches}
        yield region
