"""News for open pages: one look for all of them, told at a pace that costs little."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from watcher.errors import StoreError
from watcher.web import news
from watcher.web.news import (
    BURST,
    SHARE,
    TIME,
    Follower,
    LivePace,
    Marks,
    NewsDesk,
    read_marks,
    written,
)

PATIENCE = 20.0
KNOWN = {"alerts": 1, "scans": 1, "messages": 1, "health": 1}


@dataclass
class Stores:
    """Books that change when they are told to; ``looks`` counts the questions for marks."""

    books: dict[str, Marks] = field(default_factory=lambda: {"": dict(KNOWN)})
    looks: int = 0
    trouble_of_looks: Exception | None = None
    looked: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    trouble: str | None = None
    health: asyncio.Event = field(default_factory=asyncio.Event)

    async def marks(self, book: str) -> Marks:
        self.looks += 1
        await asyncio.sleep(0)
        if self.trouble_of_looks is not None:
            self.looked.release()
            raise self.trouble_of_looks
        return self.books[book]

    async def ill(self, book: str) -> str | None:
        await self.health.wait()
        return self.trouble

    def change(self, kind: str, book: str = "") -> None:
        """Something of a kind changes."""
        self.books[book] = {**self.books[book], kind: self.books[book][kind] + 1}


@asynccontextmanager
async def looking(stores: Stores) -> AsyncIterator[NewsDesk]:
    """A hub that looks often, and tells as many as it likes."""
    hub = NewsDesk(stores, 0.001, LivePace(share=1e9))
    try:
        yield hub
    finally:
        await hub.aclose()


def follower(*kinds: str, known: Marks | None = None) -> Follower:
    """A page that shows something of these kinds."""
    return Follower(kinds or KNOWN, known or dict(KNOWN), asyncio.get_running_loop().time())


async def test_one_look_for_all() -> None:
    """Fifty pages hear of each change, and ask the store no oftener than one does."""
    stores = Stores()
    async with looking(stores) as hub, AsyncExitStack() as stack:
        pages = [follower() for _ in range(50)]
        for each in pages:
            stack.enter_context(hub.follow("", each))
        for kind in ("scans", "alerts"):
            stores.change(kind)
            begun = stores.looks
            told = await asyncio.gather(*(each.next(PATIENCE) for each in pages))
            assert told == [[kind]] * 50
            assert stores.looks - begun < 50
        assert {written(each.known) for each in pages} == {"2.2.1.1"}


async def test_only_what_a_page_shows() -> None:
    """Of other kinds it hears nothing; what came together is told together."""
    stores = Stores()
    async with looking(stores) as hub:
        some, every = follower("messages"), follower()
        with hub.follow("", some), hub.follow("", every):
            stores.change("scans")
            stores.change("health")
            assert await every.next(PATIENCE) == ["health", "scans"]
            stores.change("messages")
            assert await some.next(PATIENCE) == ["messages"]


async def test_who_comes_late_is_told() -> None:
    """A page that was made before a change, and opened its stream after it."""
    stores = Stores()
    async with looking(stores) as hub:
        old = await hub.marks("")
        stores.change("alerts")
        page = follower(known=old)
        with hub.follow("", page):
            assert await page.next(PATIENCE) == ["alerts"]


async def test_books_are_told_apart() -> None:
    """A page hears of its own book only, and its stream ends with the book."""
    stores = Stores({"a": dict(KNOWN), "b": dict(KNOWN)})
    async with looking(stores) as hub:
        of_a, of_b = follower(), follower()
        with hub.follow("a", of_a), hub.follow("b", of_b):
            stores.change("scans", "b")
            assert await of_b.next(PATIENCE) == ["scans"]
            del stores.books["a"]
            assert await of_a.next(PATIENCE) == []
            assert of_a.over
            assert not of_b.over
        with pytest.raises(LookupError):
            await hub.marks("a")


@pytest.mark.parametrize(
    "trouble", [StoreError("it is away", Path("x.db")), ValueError("a slip of ours")], ids=type
)
async def test_looks_that_fail(trouble: Exception) -> None:
    """End nothing: what changed meanwhile is told once they do not."""
    stores = Stores()
    async with looking(stores) as hub:
        page = follower()
        with hub.follow("", page):
            stores.trouble_of_looks = trouble
            async with asyncio.timeout(PATIENCE):
                for _ in range(3):
                    await stores.looked.acquire()
            stores.change("messages")
            stores.trouble_of_looks = None
            assert await page.next(PATIENCE) == ["messages"]


async def test_health_holds_up_nothing() -> None:
    """To ask for it may take seconds; what it says is a change of its own."""
    stores = Stores(trouble="the timers stand still")
    async with looking(stores) as hub:
        page = follower()
        with hub.follow("", page):
            stores.change("scans")
            assert await page.next(PATIENCE) == ["scans"]
            stores.health.set()
            assert await page.next(PATIENCE) == ["health"]


async def test_nobody_looks_for_nobody() -> None:
    """The last page that is closed ends the looks, and the next one begins them again."""
    stores = Stores()
    async with looking(stores) as hub:
        for _ in range(2):
            with hub.follow("", page := follower()):
                stores.change("scans")
                assert await page.next(PATIENCE) == ["scans"]
            await asyncio.sleep(0)
            left = [each for each in asyncio.all_tasks() if each.get_name().startswith("news")]
            assert [each for each in left if not each.cancelling()] == []


async def test_times_grow_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that heard nothing for long is told so that it is made anew."""
    monkeypatch.setattr(news, "OLD", 0.0)
    async with looking(Stores()) as hub:
        with hub.follow("", page := follower()):
            assert await page.next(PATIENCE) == [TIME]


async def test_at_the_end_all_are_over() -> None:
    """Nobody waits for a page that waits."""
    hub = NewsDesk(Stores(), 0.001)
    with hub.follow("", page := follower()):
        await hub.aclose()
        assert await page.next(PATIENCE) == []
        assert page.over


async def test_who_looks_at_the_same_is_told_together() -> None:
    """Though the pace would have all others wait for hours."""
    stores = Stores()
    pace = LivePace(share=1e-9)
    pace.took("", BURST)  # nothing is left but for one
    hub = NewsDesk(stores, 0.001, pace)
    pages = [Follower(KNOWN, dict(KNOWN), 0, page) for page in ("/a", "/b", "/a", "/c", "/a")]
    with ExitStack() as stack:
        for each in pages:
            stack.enter_context(hub.follow("", each))
        stores.change("scans")
        assert [await pages[number].next(PATIENCE) for number in (0, 2, 4)] == [["scans"]] * 3
        assert [await pages[number].next(0.01) for number in (1, 3)] == [[], []]
        await hub.aclose()


def told_in(seconds: float, costs: Sequence[float], times: int = 1) -> list[int]:
    """How often each page, which takes so long, is told in a time, in turn, each of them so often;
    all ask only after all were told that may be."""
    now, told = 0.0, [0] * len(costs)
    pace = LivePace(clock=lambda: now)
    asking: list[int] = []
    for page in [*range(len(costs))] * times:
        while wait := pace.wait():
            now += 0 if asking else wait + 1e-6
            for each in asking:
                pace.took(str(each), costs[each])
            asking.clear()
            if now > seconds:
                return told
        pace.told(str(page))
        asking.append(page)
        told[page] += 1
    return told


@pytest.mark.parametrize("cost", [0.002, 0.01, 0.045, 0.1, 0.2])
@pytest.mark.parametrize("pages", [1, 7, 50])
def test_what_is_asked_costs_less_than_a_hundredth(cost: float, pages: int) -> None:
    """Of a processor in the first minute, whatever a page takes, and though none answered yet."""
    told = sum(told_in(60, [cost] * pages, 1_000))
    assert told * cost < 0.01 * 60 + cost


def test_what_a_page_takes_is_learned() -> None:
    """Cheap pages are told often, those that take long seldom; none is forgotten."""
    told = told_in(3_600, [0.001] * 5 + [0.2], 1_000)
    assert min(told) > 10
    assert sum(count * cost for count, cost in zip(told, [0.001] * 5 + [0.2], strict=True)) > 10


def test_fifty_who_look_at_the_same_are_told_at_once() -> None:
    """They take little more than one, and what they did not take is there for others."""
    now = 0.0
    pace = LivePace(clock=lambda: now)
    for page in "abcdefg":
        assert pace.wait() == 0
        pace.told(page, 50)
        pace.took(page, 0.01)
        for _ in range(49):
            pace.took(page, 0.0001, made=False)


def test_who_asks_untold_is_charged() -> None:
    """A page that comes back to the front asks of itself: the others wait the longer."""
    now = 0.0
    pace = LivePace(clock=lambda: now)
    pace.wait()
    pace.took("/", BURST)
    pace.took("/", 0.04)
    assert pace.wait() == pytest.approx(0.04 / SHARE)


@pytest.mark.parametrize(
    "text", ["", "1.2.3", "1.2.3.4.5", "1.2.3.x", "1.2.3.-4", "1.2.3.٤", "1.2.3." + "9" * 5_000]
)
def test_marks_that_are_none(text: str) -> None:
    """What a page brings back may be anything."""
    assert read_marks(text) is None
    assert read_marks("1.2.3.4") == {"alerts": 1, "scans": 2, "messages": 3, "health": 4}
