"""The daemon's few requests that are no scan: when it looks, and pictures that are wanted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial

import pytest

from tests.fakes.clock import START, SetClock
from tests.source.scripted import KEY, Reply, ScriptedServer, body_of
from tests.store.making import scan
from watcher.daemon.scheduling.category_names import CategoryReader
from watcher.daemon.scheduling.errands import Errands
from watcher.daemon.scheduling.newcomers import Newcomers
from watcher.daemon.scheduling.pictures import GOOD_FOR, PictureExchange
from watcher.daemon.scheduling.scanner import Scanner, client_of
from watcher.errors import StoreError
from watcher.model import Instant, LongTexts
from watcher.rules.files.loading import load_text
from watcher.source.endpoints import COVERS
from watcher.store.ports import Store
from watcher.store.sql.siblings import Picture, Probe
from watcher.store.threads import Writer

RULES = """
api: {{key: "{key}", url: "{url}", requests_per_second: 1000{caps}}}
rules: [{{name: a, watch: {{region: US}}, when: {{review_count: 1}}}}]
"""
BARE = "https://collector.example/origin/{}.jpg"
PATH = "/v9/covers"


def _want(product: int, now: Instant, database: Store) -> None:
    database.pictures.want(product, now)


class Bench:
    """A server, a store with twelve products, and what asks for their pictures."""

    def __init__(self, server: ScriptedServer, writer: Writer, caps: str = "") -> None:
        book = load_text(RULES.format(key=KEY, url=server.url, caps=caps))
        self.server, self.writer, self.clock = server, writer, SetClock()
        self.client = client_of(book)
        self.scanner = Scanner(book, self.client, writer, self.clock)
        self.pictures = PictureExchange(self.scanner, writer)

    async def want(self, *products: int) -> None:
        for product in products:
            now = self.clock.now()
            await self.writer.run(partial(_want, product, now))

    async def of(self, product: int) -> Picture | None:
        now = self.clock.now()
        return await self.writer.run(lambda db: db.pictures.of(product, now))


def fill(database: Store, *, probed: bool = True) -> None:
    """Twelve products with pictures, the last without; the probe found where these are had."""
    covers = {
        str(number): LongTexts(json.dumps([{"url": BARE.format(number), "index": 0}]))
        for number in range(1, 12)
    }
    products = {str(number): float(number) for number in range(1, 13)}
    database.history.record(replace(scan(START - 60, products, texts=covers)))
    if probed:
        database.probes.put(Probe(COVERS.name, START, True, 200, "", PATH, "c"))  # noqa: FBT003


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """A real server on loopback."""
    async with ScriptedServer() as server, Writer() as writer:
        made = Bench(server, writer)
        async with made.client:
            yield made


async def test_ten_by_a_request(bench: Bench) -> None:
    """At the path that the probe found, paid, and good for nearly a day."""
    await bench.writer.run(fill)
    await bench.want(*range(1, 12))
    first = {BARE.format(n): f"https://cdn.example/{n}.jpg?s" for n in range(1, 11)}
    bench.server.queue += [body_of(first), body_of(["https://cdn.example/11.jpg"])]
    await bench.pictures.turn()
    assert [each.path for each in bench.server.asked] == [PATH, PATH]
    assert len(bench.server.asked[0].query["cover_urls"].split(",")) == 10
    until = START + GOOD_FOR
    assert await bench.of(1) == Picture(1, START, "https://cdn.example/1.jpg?s", until)
    assert await bench.of(11) == Picture(11, START, "https://cdn.example/11.jpg", until)
    assert (await bench.writer.run(lambda db: db.ledger.spent(START))).day == 2
    await bench.pictures.turn()
    assert len(bench.server.asked) == 2


async def test_off_until_the_probe_found_them(bench: Bench) -> None:
    """Nothing is asked."""
    await bench.writer.run(lambda db: fill(db, probed=False))
    await bench.want(1)
    await bench.pictures.turn()
    assert bench.server.asked == []
    picture = await bench.of(1)
    assert picture is not None
    assert picture.error == "they are off"


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(400, b'{"message": "no such parameter"}'), "no such parameter"),
        (Reply(200, b"<html>"), "no address that can be shown"),
        (Reply(200, body_of([BARE.format(1)])), "no address that can be shown"),
        (Reply(200, body_of(["http://cdn.example/1.jpg"])), "no address that can be shown"),
        (Reply(200, body_of(["https://collector.example/x.jpg"])), "no address that can be"),
    ],
)
async def test_an_answer_without_a_picture(bench: Bench, reply: Reply, error: str) -> None:
    """Is said; the collector's bare address is never taken."""
    await bench.writer.run(fill)
    await bench.want(1)
    bench.server.queue.append(reply)
    await bench.pictures.turn()
    picture = await bench.of(1)
    assert picture is not None
    assert picture.address is None
    assert error in str(picture.error)
    assert len(bench.server.asked) == 1


async def test_a_product_without_one(bench: Bench) -> None:
    """Costs nothing."""
    await bench.writer.run(fill)
    await bench.want(12)
    await bench.pictures.turn()
    picture = await bench.of(12)
    assert picture is not None
    assert picture.error == "no picture is known of it"
    assert bench.server.asked == []


async def test_caps_hold() -> None:
    """What they don't leave is not asked."""
    async with ScriptedServer() as server, Writer() as writer:
        bench = Bench(server, writer, ", credits_per_day: 1")
        async with bench.client:
            await writer.run(fill)
            await writer.run(lambda db: db.ledger.charge("w", 1, START))
            await bench.want(1)
            await bench.pictures.turn()
            picture = await bench.of(1)
            assert picture is not None
            assert "cap on credits" in str(picture.error)
            assert server.asked == []


class Counted:
    """Counts its turns, and fails where it is told to."""

    def __init__(self) -> None:
        self.turns = 0
        self.forgot = 0
        self.error: Exception | None = None
        self.moved = lambda: None

    def forget(self) -> None:
        self.forgot += 1

    async def turn(self) -> int:
        self.turns += 1
        if self.error is not None:
            raise self.error
        return 0

    async def have(self, turns: int) -> None:
        """Let the loop run until it had so many."""
        async with asyncio.timeout(10):
            while self.turns < turns:  # noqa: ASYNC110 - its own loop moves it
                await asyncio.sleep(0)


async def test_it_looks_when_it_is_woken() -> None:
    """And by itself now and then; pictures only where somebody may want one. A store that fails
    ends it not."""
    ids, covers, names, beats = Counted(), Counted(), Counted(), list[int]()
    errands = Errands(ids, covers, names, look=60)  # type: ignore[arg-type]
    running = asyncio.create_task(errands.run(lambda: beats.append(1)))
    await covers.have(1)
    assert (ids.turns, covers.turns, ids.forgot) == (1, 1, 1)
    ids.error = StoreError("away", None)
    errands.wake()
    await ids.have(2)
    ids.error = None
    errands.look_anew()
    await covers.have(2)
    assert (ids.turns, ids.forgot) == (3, 2)
    await names.have(2)  # at each turn that the store did not fail
    errands.look = 0.001
    errands.wake()
    await ids.have(6)
    assert covers.turns <= 4
    assert len(beats) >= 5
    running.cancel()
    assert isinstance((await asyncio.gather(running, return_exceptions=True))[0], BaseException)


async def test_what_a_page_wanted_is_not_forgotten() -> None:
    """Though the store failed just then, and nobody asks again."""
    ids, covers = Counted(), Counted()
    covers.error = StoreError("away", None)
    errands = Errands(ids, covers, Counted(), look=0.001, rest=0.001)  # type: ignore[arg-type]
    running = asyncio.create_task(errands.run(lambda: None))
    await covers.have(1)
    covers.error = None
    await covers.have(2)
    await ids.have(ids.turns + 3)
    assert covers.turns == 2
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def test_the_faces_are_those_of_the_parts() -> None:
    """What counts here stands for them."""
    assert {"turn", "forget"} <= {*dir(Newcomers)}
    assert "turn" in {*dir(PictureExchange)} & {*dir(CategoryReader)}
