"""The simulator's server: it speaks the endpoint as KeyAPI does, and fails on demand."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from datetime import date
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tests.fakes.market import clamping_pages, ignoring_pages
from tests.source.scripted import FakeTime, Purse
from watcher.source.client import Client
from watcher.source.endpoint import ParameterType, Use
from watcher.source.endpoints import PRODUCT_LIST
from watcher.source.query import Query
from watcher.source.scan import ScanOrder, read_scan
from watcher.source.simulator import REAL, Fault, Market, Simulator, Weather
from watcher.source.simulator.server import UNREADABLE, short, unreadable

KEY = "test-key"
BASE = {"region": "US", "page_num": "1", "page_size": "10", "product_sort_field": "4"}


@pytest.fixture(scope="module")
def market() -> Market:
    """A small market; tests that change it make their own."""
    # As it comes by default: how it is served does not depend on how it sells.
    return Market(start=date(2026, 11, 23), products=120, regions=("US",), behaviour=REAL)


@pytest_asyncio.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """A client with the right key."""
    headers = {"Authorization": f"Bearer {KEY}"}
    async with aiohttp.ClientSession(headers=headers) as client:
        yield client


@pytest_asyncio.fixture
async def simulator(market: Market) -> AsyncIterator[Simulator]:
    """A server of the market on a free port."""
    async with Simulator(market, KEY) as server:
        yield server


async def ask(
    session: aiohttp.ClientSession,
    simulator: Simulator,
    params: Mapping[str, str] = BASE,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, dict[str, Any]]:
    """Status and JSON of one request."""
    url = simulator.url + PRODUCT_LIST.path
    async with session.get(url, params=params, headers=headers) as response:
        return response.status, json.loads(await response.read())


async def test_page(session: aiohttp.ClientSession, simulator: Simulator) -> None:
    """A page is the market's answer in the vendor's envelope."""
    status, answer = await ask(session, simulator)
    assert (status, answer["code"], answer["message"]) == (200, 0, "success")
    assert answer["data"] == simulator.market.answer(BASE)
    assert re.fullmatch(r"[0-9a-f-]{36}", answer["requestId"])
    assert simulator.requests == simulator.pages == 1
    assert list(simulator.asked) == [BASE]


async def test_pages_to_the_end(session: aiohttp.ClientSession, simulator: Simulator) -> None:
    """The last page is short or empty, and beyond it all are empty."""
    found: list[str] = []
    for number in range(1, 50):
        _, answer = await ask(session, simulator, BASE | {"page_num": str(number)})
        found += [product["product_id"] for product in answer["data"]]
    assert sorted(found) == sorted(simulator.market.product_ids())


async def test_every_parameter_is_taken(
    session: aiohttp.ClientSession, simulator: Simulator
) -> None:
    """All 36 parameters at once are a valid request."""
    samples = {
        ParameterType.REGION: "US",
        ParameterType.DAY: "20260101",
        ParameterType.NUMBER: "0.5",
    }
    params = {
        one.name: samples.get(one.type, "1")
        for one in PRODUCT_LIST.parameters
        if one.use is not Use.OWN
    }
    status, _ = await ask(session, simulator, BASE | params)
    assert len(params) == 34
    assert status == 200


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", KEY, "Bearer ünsinn"])
async def test_key_is_needed(simulator: Simulator, authorization: str) -> None:
    """Without the key there is a 401, whatever is asked."""
    async with aiohttp.ClientSession() as session:
        headers = {"Authorization": authorization} if authorization else {}
        status, answer = await ask(session, simulator, {"region": "US"}, headers)
    assert (status, answer["code"], answer["data"]) == (401, 401, None)
    assert simulator.pages == 0


@pytest.mark.parametrize(
    ("wrong", "name"),
    [({"region": "us"}, "region"), ({"page_size": "11"}, "page_size"), ({"top": "1"}, "top")],
)
async def test_bad_parameters(
    session: aiohttp.ClientSession, simulator: Simulator, wrong: dict[str, str], name: str
) -> None:
    """A wrong parameter is a 400 that names it."""
    status, answer = await ask(session, simulator, BASE | wrong)
    assert (status, answer["code"]) == (400, 400)
    assert name in answer["message"]


async def test_a_parameter_twice(session: aiohttp.ClientSession, simulator: Simulator) -> None:
    """The same parameter twice is a 400, not a guess."""
    url = f"{simulator.url}{PRODUCT_LIST.path}?region=US&region=GB&page_num=1&page_size=10"
    async with session.get(url) as response:
        assert response.status == 400


@pytest.mark.parametrize(("accepts", "sends"), [("gzip", "gzip"), ("identity", None)])
async def test_compressed_only_when_accepted(
    simulator: Simulator, accepts: str, sends: str | None
) -> None:
    """A page is compressed for who takes gzip, and the same for who does not."""
    headers = {"Authorization": f"Bearer {KEY}", "Accept-Encoding": accepts}
    async with (
        aiohttp.ClientSession() as session,
        session.get(simulator.url + PRODUCT_LIST.path, params=BASE, headers=headers) as response,
    ):
        assert response.headers.get("Content-Encoding") == sends
        assert len(json.loads(await response.read())["data"]) == 10


async def test_credits_run_out(session: aiohttp.ClientSession, market: Market) -> None:
    """With two credits the third page is a 402; a refused request costs nothing."""
    async with Simulator(market, KEY, credits=2) as simulator:
        asked = [BASE, BASE | {"region": "?"}, BASE, BASE]
        statuses = [(await ask(session, simulator, params))[0] for params in asked]
    assert statuses == [200, 400, 200, 402]
    assert (simulator.requests, simulator.pages) == (4, 2)


async def test_too_many_requests(session: aiohttp.ClientSession, market: Market) -> None:
    """More requests than allowed in a second are a 429 with Retry-After."""
    async with Simulator(market, KEY, per_second=3) as simulator:
        url = simulator.url + PRODUCT_LIST.path
        answers = await asyncio.gather(*(session.get(url, params=BASE) for _ in range(5)))
        assert sorted(answer.status for answer in answers) == [200, 200, 200, 429, 429]
        for answer in answers:
            assert (answer.headers.get("Retry-After") == "1") == (answer.status == 429)
            answer.release()


async def test_faults_are_as_ordered(session: aiohttp.ClientSession, simulator: Simulator) -> None:
    """A fault hits its page its number of times, then all is well."""
    simulator.fail_next(status=503, body="<html>busy</html>", headers={"Retry-After": "7"})
    async with session.get(simulator.url + PRODUCT_LIST.path, params=BASE) as response:
        assert (response.status, response.headers["Retry-After"]) == (503, "7")
        assert await response.text() == "<html>busy</html>"
    simulator.fail_next(Fault(status=500, page=2, times=2))
    asked = [BASE, *[BASE | {"page_num": "2"}] * 3]
    assert [(await ask(session, simulator, one))[0] for one in asked] == [200, 500, 500, 200]
    assert simulator.faults == []


async def test_edited_page(session: aiohttp.ClientSession, simulator: Simulator) -> None:
    """A fault may change the bytes of the real page."""
    simulator.fail_next(edit=lambda body: body.replace(b'"code":0', b'"code":5'))
    _, answer = await ask(session, simulator)
    assert (answer["code"], len(answer["data"])) == (5, 10)


async def test_dripped_page(session: aiohttp.ClientSession, simulator: Simulator) -> None:
    """A slow page comes in pieces, and whole."""
    simulator.fail_next(drip=0.001)
    _, answer = await ask(session, simulator)
    assert len(answer["data"]) == 10


@pytest.mark.parametrize(
    "fault", [Fault(drop=True, times=2), Fault(cut=3_000), Fault(cut=0, drip=0.001)]
)
async def test_broken_connections(
    session: aiohttp.ClientSession, simulator: Simulator, fault: Fault
) -> None:
    """A dropped or cut answer is a client error, and the next request is answered.

    Dropped twice, for aiohttp's client asks again by itself after the first.
    """
    simulator.fail_next(fault)
    with pytest.raises(aiohttp.ClientError):
        await ask(session, simulator)
    assert (await ask(session, simulator))[0] == 200


async def test_hanging_answer(session: aiohttp.ClientSession, simulator: Simulator) -> None:
    """A delay outlasts the client's patience, and the server still stops at once."""
    simulator.fail_next(delay=60)
    timeout = aiohttp.ClientTimeout(total=0.05)
    with pytest.raises(TimeoutError):
        await session.get(simulator.url + PRODUCT_LIST.path, params=BASE, timeout=timeout)


async def test_day_is_advanced_over_http(session: aiohttp.ClientSession) -> None:
    """POST /simulator/advance moves the day; wrong numbers are refused."""
    market = Market(start=date(2026, 11, 23), products=40, regions=("US",), behaviour=REAL)
    async with Simulator(market, KEY) as simulator:
        before = await ask(session, simulator)
        async with session.post(f"{simulator.url}/simulator/advance?days=3") as response:
            assert (await response.json())["day"] == "2026-11-26"
        for wrong in ("0", "-1", "x", "99999"):
            url = f"{simulator.url}/simulator/advance?days={wrong}"
            async with session.post(url) as response:
                assert response.status == 400
        async with session.get(f"{simulator.url}/simulator") as response:
            state = await response.json()
        assert state == {"day": "2026-11-26", "products": len(market), "requests": 1, "pages": 1}
        assert await ask(session, simulator) != before


class Calendar(Market):
    """A market that tells when its days pass."""

    passed: asyncio.Event | None = None

    def advance(self, days: int = 1) -> None:
        super().advance(days)
        if self.passed is not None:
            self.passed.set()


async def test_days_pass() -> None:
    """A market may live on by itself."""
    market = Calendar(start=date(2026, 11, 23), products=10)
    market.passed = asyncio.Event()
    days = asyncio.create_task(Simulator(market, KEY).pass_days(0.001))
    await asyncio.wait_for(market.passed.wait(), 5)
    days.cancel()
    with pytest.raises(asyncio.CancelledError):
        await days
    assert market.day > date(2026, 11, 23)


async def test_port_in_use(simulator: Simulator, market: Market) -> None:
    """A port that is taken is an OSError, and nothing is left open."""
    with pytest.raises(OSError, match="in use"):
        async with Simulator(market, KEY, port=simulator.port):
            pass


async def test_standalone_command() -> None:
    """``python -m watcher.source.simulator`` says where it serves, serves, and ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "watcher.source.simulator",
        *"--port 0 --products 20 --regions gb --start 2026-11-23 --day-seconds 3600".split(),
        *f"--key {KEY}".split(),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    match = re.search(r"\d+ products in GB is served at (http://127\.0\.0\.1:\d+)", line)
    assert match is not None
    headers = {"Authorization": f"Bearer {KEY}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(match[1] + PRODUCT_LIST.path, params=BASE | {"region": "GB"}) as response,
    ):
        assert len((await response.json())["data"]) == 10
    process.send_signal(signal.SIGTERM)
    rest, _ = await process.communicate()
    assert b"watcher run" in rest
    assert process.returncode == 0


async def listed(session: aiohttp.ClientSession, simulator: Simulator, page: int) -> list[Any]:
    """What is on a page."""
    _, answer = await ask(session, simulator, {**BASE, "page_num": str(page)})
    rows: list[Any] = answer["data"]
    return rows


async def test_paging_in_other_ways(session: aiohttp.ClientSession, simulator: Simulator) -> None:
    """The page's number means nothing, or never more than there are."""
    first = await listed(session, simulator, 1)
    last = 1
    while following := await listed(session, simulator, last + 1):
        last, end = last + 1, following
    simulator.answer = ignoring_pages(simulator.market)
    assert await listed(session, simulator, 3) == first
    simulator.answer = clamping_pages(simulator.market)
    assert await listed(session, simulator, last) == end
    assert await listed(session, simulator, last + 7) == end
    assert await listed(session, simulator, 1) == first


async def test_another_page_instead(session: aiohttp.ClientSession, simulator: Simulator) -> None:
    """Of one request."""
    first = await listed(session, simulator, 1)
    simulator.fail_next(instead=1, page=3)
    assert await listed(session, simulator, 3) == first
    assert await listed(session, simulator, 3) != first


@pytest.mark.parametrize("kind", UNREADABLE)
async def test_rows_that_can_not_be_read(
    kind: str, session: aiohttp.ClientSession, simulator: Simulator
) -> None:
    """One, or all of them."""
    rows = await listed(session, simulator, 1)
    simulator.fail_next(edit=unreadable(kind, 4))
    spoilt = await listed(session, simulator, 1)
    assert [number for number in range(10) if spoilt[number] != rows[number]] == [4]
    simulator.fail_next(edit=unreadable(kind))
    assert all(row not in rows for row in await listed(session, simulator, 1))


async def test_a_page_of_fewer_rows(session: aiohttp.ClientSession, simulator: Simulator) -> None:
    """As many as wished, from its begin."""
    rows = await listed(session, simulator, 1)
    for count in (0, 1, 9):
        simulator.fail_next(edit=short(count))
        assert await listed(session, simulator, 1) == rows[:count]


def test_the_weather_brings_every_fault() -> None:
    """The same for the same seed, about as often as wished; each sort comes."""
    faults = [weather.next(5) for weather in [Weather(0.25, seed=3)] for _ in range(4_000)]
    again = [weather.next(5) for weather in [Weather(0.25, seed=3)] for _ in range(4_000)]
    some = [fault for fault in faults if fault is not None]
    assert [fault is None for fault in faults] == [fault is None for fault in again]
    assert 800 < len(some) < 1_200
    assert any(fault.edit is not None for fault in some)
    assert {fault.instead for fault in some} == {None, 1, 4}
    assert {fault.status for fault in some} == {None, 429, 500, 502, 503, 504}
    assert any(fault.drop for fault in some)
    assert any(fault.cut for fault in some)
    assert any(fault.body for fault in some)
    assert Weather(0).next(1) is None


async def test_a_server_in_bad_weather(market: Market) -> None:
    """A client that goes on asking gets pages, whole ones and others."""
    weather = Weather(0.5, seed=1)
    async with (
        Simulator(market, KEY, weather=weather) as simulator,
        Client(simulator.url, KEY, requests_per_second=10_000, seams=FakeTime().seams) as client,
    ):
        query = Query("US", sort="total_sale_7d_cnt", top=60)
        results = [
            await read_scan(ScanOrder(query, "w", turn, known_pages=6), client, Purse(), lambda: 1)
            for turn in range(1, 21)
        ]
    assert sum(len(result.scan) for result in results) > 200
    assert any(result.scan.doubt is not None for result in results)
