"""A market's days, as both worlds of a comparison live them: one ends when all has come to rest.

What is told on a day depends on nothing but the market then: a day lasts for at least two whole
scans of every watch and until nothing waits to be sent, and a third scan of it finds nothing new.
"""

from __future__ import annotations

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tests.fakes.market import boost, delist, relist, set_price
from tests.faults.gated import LOOSE_CHANNELS
from tests.faults.lockstep import Lockstep
from tests.faults.sink import Sink
from watcher.rules.rulebook import Rulebook
from watcher.schedule import Refresh
from watcher.source.simulator import Market

SCANS_A_DAY = 2
WatchOf: TypeAlias = Callable[[dict[str, str]], str]
STUCK_SECONDS = 300.0  # a day that takes longer than that will not end any more
_LOOK_SECONDS = 0.1  # each look opens the database, beside the daemon's own work


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


@dataclass(kw_only=True)
class Days(ABC):
    """One book before its market and its sink; where its store is says who derives from it."""

    name: str
    seed: int
    simulator: Lockstep
    sink: Sink
    book: Rulebook
    day: int = 0
    _base: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._script = Script(self.seed)
        self.ignore(set())

    @abstractmethod
    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of the store, read beside the daemon; none before there are tables."""

    @abstractmethod
    def is_scanning(self) -> bool:
        """Whether a scan is under way that may still be committed."""

    @abstractmethod
    def last_words(self) -> object:
        """What to show where a day does not end."""

    def ignore(self, sorts: set[str]) -> None:
        """Let days pass without the watches of these lists: their rules come and go. Those that
        wait for fresh data go by the clock, not by the market's day."""
        self._watches = [
            watch.key
            for watch in self.book.used_watches
            if watch.query.sort not in sorts and not isinstance(watch.schedule, Refresh)
        ]

    def committed(self, watch: str) -> int:
        """How many scans of the watch are in the database."""
        return self.number("SELECT count(*) FROM scans WHERE watch = ?", watch)

    def number(self, sql: str, *values: object) -> int:
        """One number of the database; 0 while there is none."""
        rows = self.query(sql, *values)
        return int(rows[0][0] or 0) if rows else 0

    async def pass_day(self, permitted: Callable[[], bool]) -> None:
        """Wait until the day is done and the next one ``permitted``; then let it begin. What the
        user wants of it is done on the eve, for a scan may be under way that began before."""
        await self.rest()
        await patiently(permitted)
        if await self.wish():
            self._base = self._wholes()
            await self.rest()
        self.simulator.doors.close()
        await patiently(lambda: not self.is_scanning() and not self.waiting())
        self.turn_the_page()
        self._base = self._wholes()
        self.simulator.doors.open()
        self.simulator.notice("day")

    async def wish(self) -> bool:
        """Do what the user wants, if there is any, and wait until it is taken; whether there was
        something."""
        return False

    def turn_the_page(self) -> None:
        """The next day's market, at once."""
        self._script.play(self.simulator.market, self.day)
        self.simulator.market.advance()
        self.day += 1

    async def rest(self) -> None:
        """Wait until every watch was read often enough on this day, and all was sent."""
        try:
            await patiently(self._is_done)
        except TimeoutError:
            raise AssertionError(
                f"{self.name}: day {self.day} does not end: {self._today()}, "
                f"{self.waiting()} waiting; {self.last_words()}"
            ) from None

    def _wholes(self) -> dict[str, int]:
        """How many scans read the whole list, of each watch that has any."""
        return dict(
            self.query("SELECT watch, count(*) FROM scans WHERE state = 'complete' GROUP BY watch")
        )

    def _is_done(self) -> bool:
        scanned = all(count >= SCANS_A_DAY for count in self._today().values())
        # What waits for another list of its round is told once that is read.
        return scanned and not self.waiting() and not self._held()

    def _held(self) -> int:
        """How many alerts wait, but for those that do by the clock on the wall."""
        return self.number(f"SELECT count(*) FROM held WHERE channel NOT IN {LOOSE_CHANNELS}")

    def _today(self) -> dict[str, int]:
        wholes = self._wholes()
        return {watch: wholes.get(watch, 0) - self._base.get(watch, 0) for watch in self._watches}

    def waiting(self) -> int:
        """How many notifications are still to be sent, but for those of ``LOOSE_CHANNELS``."""
        return self.number(
            "SELECT count(*) FROM notifications WHERE state = 'waiting' "
            f"AND channel NOT IN {LOOSE_CHANNELS}"
        )


def watches_of(book: Rulebook, mine: frozenset[str] = frozenset()) -> WatchOf:
    """Names the watch of a request's parameters: a lookup of one of ``mine`` is of the list that
    has its ids in the file, any other of what is followed. Empty where it goes by the clock."""
    known = {
        identity(watch.query.params(0)): watch for watch in book.watches if not watch.query.of_ids
    }
    own = {watch.query.followed: watch for watch in book.watches if watch.query.of_ids}

    def name(params: dict[str, str]) -> str:
        if "product_ids" in params:
            watch = own[not mine.intersection(params["product_ids"].split(","))]
        else:
            watch = known[identity(params)]
        return "" if isinstance(watch.schedule, Refresh) else watch.key

    return name


def identity(params: dict[str, str]) -> frozenset[tuple[str, str]]:
    """The parameters that tell one watch's requests from another's, whatever page they are for."""
    return frozenset(
        (name, value) for name, value in params.items() if not name.startswith("page_")
    )


async def patiently(what: Callable[[], bool]) -> None:
    """Wait until so, for as long as a loaded machine may take."""
    async with asyncio.timeout(STUCK_SECONDS):
        while not what():  # noqa: ASYNC110 - a database gives no event to wait for
            await asyncio.sleep(_LOOK_SECONDS)
