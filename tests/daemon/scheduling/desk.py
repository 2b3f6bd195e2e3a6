"""A desk of pictures with a simulated market behind it: a real server on loopback, a real store."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from tests.fakes.clock import SetClock
from tests.store.making import scan
from watcher.daemon.scheduling.picture_cache import PictureCache
from watcher.daemon.scheduling.pictures import PictureDesk
from watcher.daemon.scheduling.scanner import Scanner, client_of
from watcher.model import LongTexts
from watcher.rules.files.loading import load_text
from watcher.source.endpoints import COVERS
from watcher.source.simulator.market import Market
from watcher.source.simulator.server import Simulator
from watcher.source.simulator.texts import COVERS as BUCKET
from watcher.store.ports import Store
from watcher.store.sql.siblings import Probe
from watcher.store.threads import Writer

KEY = "a-key"
RULES = """
api: {{key: "{key}", url: "{url}", requests_per_second: 1000{more}}}
rules: [{{name: a, watch: {{region: US}}, when: {{review_count: 1}}}}]
"""


def bare(number: int) -> str:
    """The collector's address of a product's picture, with a token."""
    return f"{BUCKET}/1/{number}_0.webp?token={number}"


def fill(database: Store, credential: str, products: int = 12) -> None:
    """Products with pictures, the last of them without; the probe found where these are had."""
    covers = {
        str(number): LongTexts(json.dumps([{"url": bare(number), "index": 0}]))
        for number in range(1, products)
    }
    values = {str(number): float(number) for number in range(1, products + 1)}
    database.history.record(scan(1_000, values, texts=covers))
    database.probes.put(
        Probe(COVERS.name, 1_000, works=True, status=200, words="", path=COVERS.path,
              credential=credential)
    )  # fmt: skip


def us(*numbers: int) -> list[tuple[str, str]]:
    """Products by region and id."""
    return [("US", str(number)) for number in numbers]


@dataclass
class Bench:
    """All that a desk has around it."""

    market: Simulator
    writer: Writer
    clock: SetClock
    desk: PictureDesk
    cache: PictureCache
    folder: Path

    async def shown(self, *numbers: int) -> list[int]:
        """The products whose pictures can be had."""
        found = await self.desk.shown(us(*numbers))
        return sorted(int(product) for _, product in found)

    async def spent(self) -> int:
        """Credits of today."""
        now = self.clock.now()
        return (await self.writer.run(lambda db: db.ledger.spent(now))).day

    async def settled(self) -> None:
        """Wait for what is fetched beside."""
        while tasks := self.desk.under_way:
            for task in tasks:
                await task

    def cache_files(self) -> list[Path]:
        """The files of the cache."""
        return [each for each in self.folder.rglob("*") if each.is_file()]

    def asked(self) -> Sequence[str]:
        """The lists of covers that the market was asked for."""
        return [each["cover_urls"] for each in self.market.asked if "cover_urls" in each]


@asynccontextmanager
async def bench_in(folder: Path | None, more: str = "") -> AsyncIterator[Bench]:
    """A desk whose cache is in the ``folder``."""
    market = Simulator(Market(seed=3, products=20, start=date(2026, 11, 1)), KEY)
    async with market, Writer() as writer:
        book = load_text(RULES.format(key=KEY, url=market.url, more=more))
        begin = datetime.combine(market.market.day, datetime.min.time(), UTC).timestamp()
        clock, cache = SetClock(int(begin)), PictureCache(folder, keep_free=0)
        await writer.run(lambda db: fill(db, book.api.credential))
        async with client_of(book) as client:
            desk = PictureDesk(Scanner(book, client, writer, clock), writer, cache)
            try:
                yield Bench(market, writer, clock, desk, cache, folder or Path())
            finally:
                await desk.close()
