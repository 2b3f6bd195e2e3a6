"""A world: a market, a daemon's folder, and a sink; days pass when both ends have come to rest.

Two worlds of one seed have the same market and the same events on it. What is told on a day
depends on nothing but the market then: a day lasts for at least two whole scans of every watch
and until nothing waits to be sent, and a third scan of it finds nothing new.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import watcher as product
from tests.end_to_end.process import Daemon, Watcher
from tests.fakes.market import boost, delist, relist, set_price
from tests.faults.lockstep import Doors, Lockstep
from tests.faults.sink import Sink, sinking
from watcher.rules.files.loading import load
from watcher.rules.rulebook import Rulebook
from watcher.source.simulator import SMOOTH, Market

SCANS_A_DAY = 2
STUCK_SECONDS = 300.0  # a day that takes longer than that will not end any more
_LOOK_SECONDS = 0.1  # each look opens the database, beside the daemon's own work

RULES = """
api: {requests_per_second: 500, concurrency: 3}
channels:
  pair: {url: ["${SINK}/pair/1", "${SINK}/pair/2"]}
  single: {url: "${SINK}/single/1"}
  ops: {url: "${SINK}/ops/1"}
operator: [ops]
defaults: {region: US, every: 1s, notify: [pair], limit: 100}
watches:
  sales: {sort: total_sale_7d_cnt desc, top: 30}
  dear: {sort: spu_avg_price desc, top: 20}
  money: {sort: total_sale_gmv_7d_amt desc, top: 20}
  rising: {sort: total_sale_7d_cnt desc, sales_trend_flag: rising, top: 10}
rules:
  - name: selling
    watch: sales
    when: {total_sale_7d_cnt: {at_least: 1}}
    cooldown: 100w
    notify: [pair, single]
  - name: cheaper
    watch: sales
    when: {spu_avg_price: {falls: 5%}}
    resolved: true
  - name: more
    watch: sales
    when: {total_sale_7d_cnt: {rises: 8%, from: last, min_change: 10}}
    notify: [single]
  - name: turned
    watch: sales
    when: {sales_trend_flag: {becomes: rising}}
    cooldown: 100w
  - name: newcomer
    watch: sales
    when: {appears: true}
    notify: [single]
  - name: leader
    watch: money
    when: {rank: {at_most: 4}}
    for: 1s
    resolved: true
  - name: top-ten
    watch: money
    when: {rank: {enters_top: 10}}
    notify: [single]
  - name: moving
    watch: dear
    when: {any: [{spu_avg_price: {changes: 3%}}, {rank: {climbs: 2}}]}
  - name: rich
    watch: dear
    when: {rank: {at_most: 5}}
    until: {rank: {above: 8}}
    resolved: true
    notify: [single]
  - name: riser
    watch: rising
    when: {rank: {at_most: 10}}
    resolved: true
    notify: [single]
"""


@dataclass
class Script:
    """What befalls the market before each day, the same for the same seed."""

    seed: int
    gone: list[str] = field(default_factory=list)

    def play(self, market: Market, day: int) -> None:
        """Some products take off, some get cheaper, one leaves the list, one comes back."""
        chance = random.Random(f"{self.seed}/{day}")
        listed = market.answer(
            {
                "region": "US",
                "page_num": "1",
                "page_size": "10",
                "product_sort_field": chance.choice("344"),
            }
        )
        products = [str(each["product_id"]) for each in listed]
        lucky, cheap, leaving, *_ = chance.sample(products, 4)
        boost(market, lucky, 4, days=3)
        price = market.product(cheap)["spu_avg_price"]
        assert isinstance(price, int | float)
        set_price(market, cheap, round(price * chance.choice((0.8, 1.1)), 2))
        if self.gone:
            relist(market, self.gone.pop())
        if chance.random() < 0.6:
            delist(market, leaving, shown_days=0)
            self.gone.append(leaving)


@dataclass
class Installation:
    """One daemon's world. ``incarnation`` counts the daemon's processes, from 1."""

    name: str
    seed: int
    watcher: Watcher
    simulator: Lockstep
    sink: Sink
    book: Rulebook
    day: int = 0
    daemon: Daemon | None = None
    listen: str = "off"
    _base: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._script = Script(self.seed)
        self._watches = [watch.key for watch in self.book.used_watches]

    @property
    def incarnation(self) -> int:
        return self.simulator.incarnation

    def ignore(self, sorts: set[str]) -> None:
        """Let days pass without the watches of these lists: their rules come and go."""
        self._watches = [
            watch.key for watch in self.book.used_watches if watch.query.sort not in sorts
        ]

    async def start(self, *arguments: str) -> tuple[Daemon, asyncio.Task[None]]:
        """The next incarnation, and the task that reads its log; it may not be ready yet."""
        number = self.incarnation + 1
        self.watcher.env = {
            **self.watcher.env,
            "KEYAPI_KEY": self.simulator.accept(number),
            "SINK": self.sink.url(number),
        }
        process = await self.watcher.spawn(
            *(arguments or ("run",)), "--listen", self.listen, "--log-format", "json"
        )
        daemon = Daemon(process)
        self.daemon = daemon
        return daemon, asyncio.create_task(daemon.read())

    def committed(self, watch: str) -> int:
        """How many scans of the watch are in the database."""
        return self.number("SELECT count(*) FROM scans WHERE watch = ?", watch)

    def _wholes(self) -> dict[str, int]:
        """How many of them read the whole list, of each watch that has any."""
        return dict(
            query(
                self.watcher,
                "SELECT watch, count(*) FROM scans WHERE state = 'complete' GROUP BY watch",
            )
        )

    def number(self, sql: str, *values: object) -> int:
        """One number of the database; 0 while there is none."""
        rows = query(self.watcher, sql, *values)
        return int(rows[0][0] or 0) if rows else 0

    async def pass_day(self, permitted: Callable[[], bool]) -> None:
        """Wait until the day is done and the next one ``permitted``; then let it begin."""
        await self.rest()
        await patiently(permitted)
        self.simulator.doors.close()
        await patiently(self._still)
        self._script.play(self.simulator.market, self.day)
        self.simulator.market.advance()
        self.day += 1
        self._base = self._wholes()
        self.simulator.doors.open()
        self.simulator.notice("day")

    async def rest(self) -> None:
        """Wait until every watch was read often enough on this day, and all was sent."""
        try:
            await patiently(self._is_done)
        except TimeoutError:
            counts = self._today()
            log = self.daemon.log[-8:] if self.daemon else []
            raise AssertionError(
                f"{self.name}: day {self.day} does not end: {counts}, "
                f"{self._waiting()} waiting; the log ends {log}"
            ) from None

    def _is_done(self) -> bool:
        scanned = all(count >= SCANS_A_DAY for count in self._today().values())
        return scanned and not self._waiting()

    def _today(self) -> dict[str, int]:
        wholes = self._wholes()
        return {watch: wholes.get(watch, 0) - self._base.get(watch, 0) for watch in self._watches}

    def _still(self) -> bool:
        return not self.simulator.doors.under_way(self.incarnation) and not self._waiting()

    def _waiting(self) -> int:
        return self.number("SELECT count(*) FROM notifications WHERE state = 'waiting'")


def query(watcher: Watcher, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """Rows of the database beside the daemon; none before there are tables."""
    try:
        return watcher.query(sql, *values)
    except sqlite3.OperationalError as error:
        if "no such table" in str(error) or "unable to open" in str(error):
            return []
        raise


async def patiently(what: Callable[[], bool]) -> None:
    """Wait until so, for as long as a loaded machine may take."""
    async with asyncio.timeout(STUCK_SECONDS):
        while not what():  # noqa: ASYNC110 - a database gives no event to wait for
            await asyncio.sleep(_LOOK_SECONDS)


@asynccontextmanager
async def world(
    folder: Path, name: str, seed: int, rules: str = RULES
) -> AsyncIterator[Installation]:
    """A world on its first day in an empty folder; its daemon is not started."""
    # The daemon is the one that this harness imports, wherever another may be installed.
    watcher = Watcher(folder, "", {"PYTHONPATH": str(Path(product.__file__).parents[1])})
    watcher.rules.write_text(rules, encoding="utf-8")
    book = load([watcher.rules], {"SINK": "json://127.0.0.1:9", "KEYAPI_KEY": "key"})
    # Calm: what differs from the undisturbed run is a fault's doing.
    market = Market(
        seed=seed, products=200, start=date(2026, 11, 1), regions=("US",), behaviour=SMOOTH
    )
    watches = {_identity(watch.query.params(0)): watch.key for watch in book.used_watches}
    lockstep = Lockstep(
        market,
        Doors(lambda watch: made.committed(watch)),  # noqa: PLW0108 - it is made below
        lambda params: watches[_identity(params)],
    )
    async with (
        sinking(lambda: made.day, lockstep.hear) as sink,
        lockstep,
    ):
        watcher.api_url = lockstep.url
        made = Installation(name, seed, watcher, lockstep, sink, book)
        try:
            yield made
        finally:
            daemon = made.daemon
            if daemon is not None and daemon.process.returncode is None:
                daemon.process.kill()
                await daemon.process.wait()


def _identity(params: dict[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset(
        (name, value) for name, value in params.items() if not name.startswith("page_")
    )
