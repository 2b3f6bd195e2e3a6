"""Tests of asking for pages, over real HTTP on loopback; only time is not real."""

from __future__ import annotations

import asyncio
import gzip
import socket
import traceback
from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.source.scripted import (
    KEY,
    SAMPLE_BODY,
    FakeTime,
    Purse,
    Reply,
    ScriptedServer,
    body_of,
    listing,
)
from watcher.errors import (
    BudgetSpent,
    CreditsUsedUp,
    InvalidQuery,
    KeyRefused,
    SourceError,
    SourceUnavailable,
)
from watcher.source.client import LARGEST_BODY, Client
from watcher.source.endpoints import PRODUCT_LIST

PARAMS = {"region": "US", "page_size": "10"}


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    """A server that answers with the vendor's sample unless told otherwise."""
    async with ScriptedServer() as scripted:
        yield scripted


@pytest.fixture
def time() -> FakeTime:
    """The client's clock."""
    return FakeTime()


@pytest.fixture
async def client(server: ScriptedServer, time: FakeTime) -> AsyncIterator[Client]:
    """A client of the server with the daemon's defaults."""
    async with Client(server.url, KEY, seams=time.seams) as asking:
        yield asking


async def failure_of(client: Client, budget: Purse | None = None) -> SourceError:
    """The error that asking for a page ends with; its text must not show the key."""
    with pytest.raises(SourceError) as caught:
        await client.page(PARAMS, 1, budget or Purse())
    trace = "".join(traceback.format_exception(caught.value))
    assert KEY not in trace
    assert KEY not in repr(caught.value)
    assert caught.value.__cause__ is None
    return caught.value


async def test_a_page(client: Client, server: ScriptedServer) -> None:
    """The request has the parameters, the page and the key; the answer is its products."""
    budget = Purse()
    page = await client.page(PARAMS, 3, budget)
    assert [product.product_id for product in page.products] == ["1729873073559015752"]
    (asked,) = server.asked
    assert asked.path == PRODUCT_LIST.path
    assert asked.query == {**PARAMS, "page_num": "3"}
    assert asked.headers["Authorization"] == f"Bearer {KEY}"
    assert asked.headers["User-Agent"].startswith("watcher/")
    assert budget.spent == 1


async def test_gzip(client: Client, server: ScriptedServer) -> None:
    """A compressed answer is asked for and read."""
    server.queue.append(
        Reply(body=gzip.compress(SAMPLE_BODY), headers={"Content-Encoding": "gzip"})
    )
    assert (await client.page(PARAMS, 1, Purse())).rows == 1
    assert "gzip" in server.asked[0].headers["Accept-Encoding"]


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 408])
async def test_what_passes_is_tried_again(
    client: Client, server: ScriptedServer, status: int
) -> None:
    """Each try is paid for; the page comes when the failure is over."""
    server.queue.extend([Reply(status), Reply(status)])
    budget = Purse()
    assert (await client.page(PARAMS, 1, budget)).rows == 1
    assert budget.spent == len(server.asked) == 3


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=b"<html>busy</html>"),
        Reply(body=SAMPLE_BODY[:-100]),
        Reply(body=SAMPLE_BODY, cut=500),
        Reply(status=204),
        Reply(body=body_of(None, code=500)),
        Reply(body=b"no gzip", headers={"Content-Encoding": "gzip"}),
    ],
    ids=["html", "cut json", "cut connection", "no content", "business error", "broken gzip"],
)
async def test_an_unreadable_answer_is_tried_again(
    client: Client, server: ScriptedServer, reply: Reply
) -> None:
    """What is no page passes too; four tries are all."""
    server.queue.extend([reply] * 4)
    assert isinstance(await failure_of(client), SourceUnavailable)
    assert len(server.asked) == 4
    assert (await client.page(PARAMS, 1, Purse())).rows == 1


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(400, b'{"message": "bad region"}'), InvalidQuery),
        (Reply(401), KeyRefused),
        (Reply(402), CreditsUsedUp),
        (Reply(403), KeyRefused),
        (Reply(500, b"quota exceeded"), CreditsUsedUp),
        (Reply(200, body_of(None, code=402)), CreditsUsedUp),
        (Reply(404), SourceUnavailable),
    ],
)
async def test_what_stays_is_not_tried_again(
    client: Client, server: ScriptedServer, reply: Reply, kind: type[SourceError]
) -> None:
    """Asking again would buy the same refusal."""
    server.answer = lambda _: reply
    assert type(await failure_of(client)) is kind
    assert len(server.asked) == 1


async def test_an_invalid_query_is_shown(client: Client, server: ScriptedServer) -> None:
    """The error has the server's message and what was asked."""
    server.answer = lambda _: Reply(400, b'{"message": "bad region"}')
    text = str(await failure_of(client))
    assert "bad region" in text
    assert "region=US&page_size=10&page_num=1" in text


async def test_backoff_doubles_with_jitter(
    client: Client, server: ScriptedServer, time: FakeTime
) -> None:
    """The waits are chance's share (here a half) of 1, 2 and 4 seconds."""
    server.answer = lambda _: Reply(500)
    await failure_of(client)
    assert time.sleeps == [0.5, 1.0, 2.0]


@pytest.mark.parametrize(("header", "waited"), [("7", 7.0), ("86400", 900.0), ("0", 0.0)])
async def test_retry_after_is_obeyed(
    client: Client, server: ScriptedServer, time: FakeTime, header: str, waited: float
) -> None:
    """The server's time to wait, but never more than a quarter of an hour."""
    server.queue.append(Reply(503, headers={"Retry-After": header}))
    await client.page(PARAMS, 1, Purse())
    assert time.sleeps[0] == waited


async def test_a_rate_limit_holds_everybody(
    client: Client, server: ScriptedServer, time: FakeTime
) -> None:
    """After a 429 no page is asked for within the minute, and then at half the pace."""
    server.queue.append(Reply(429))
    begun = time.time
    first = asyncio.create_task(client.page(PARAMS, 1, Purse()))
    await client.page(PARAMS, 2, Purse())
    await first
    await client.page(PARAMS, 3, Purse())
    assert server.pages[-1] == 3
    assert time.time - begun > 60.0


async def test_the_pace_holds_over_all_watches(server: ScriptedServer, time: FakeTime) -> None:
    """Ten requests at two a second take four and a half seconds, whoever asks."""
    async with Client(server.url, KEY, concurrency=4, seams=time.seams) as client:
        begun = time.time
        await asyncio.gather(*(client.page(PARAMS, page, Purse()) for page in range(1, 11)))
        assert time.time - begun == pytest.approx(4.5)


async def test_so_many_at_once(server: ScriptedServer, time: FakeTime) -> None:
    """No more requests are under way than configured."""
    both = asyncio.Barrier(2)
    server.before_answer = lambda _: both.wait()
    seams = time.seams
    async with Client(server.url, KEY, requests_per_second=1000, seams=seams) as client:
        await asyncio.gather(*(client.page(PARAMS, page, Purse()) for page in range(1, 7)))
    assert server.most_at_once == 2


async def test_the_budget_is_asked_first(client: Client, server: ScriptedServer) -> None:
    """Without a credit nothing is sent, also not another try."""
    server.answer = lambda _: Reply(500)
    assert isinstance(await failure_of(client, Purse(2)), BudgetSpent)
    assert len(server.asked) == 2
    assert isinstance(await failure_of(client, Purse(0)), BudgetSpent)
    assert len(server.asked) == 2


async def test_a_server_that_is_not_there_costs_nothing(time: FakeTime) -> None:
    """What never reached the server is given back."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    budget = Purse()
    async with Client(url, KEY, seams=time.seams) as client:
        error = await failure_of(client, budget)
    assert "can't connect to 127.0.0.1" in str(error)
    assert (budget.spent, len(time.sleeps)) == (0, 3)


async def test_every_request_is_paid(client: Client, server: ScriptedServer) -> None:
    """A kept connection that drops makes no request that the budget does not know of."""
    budget = Purse()
    await client.page(PARAMS, 1, budget)
    server.queue.extend([Reply(cut=-1), Reply(cut=-1)])
    await client.page(PARAMS, 2, budget)
    assert budget.spent == len(server.asked) == 4


async def test_a_silent_server(server: ScriptedServer, time: FakeTime) -> None:
    """A timeout is a failure that passes, and was paid for: the server may have counted it."""
    over = asyncio.Event()
    server.before_answer = lambda _: over.wait()
    short = aiohttp.ClientTimeout(total=0.05)
    budget = Purse()
    async with Client(server.url, KEY, tries=2, timeout=short, seams=time.seams) as client:
        error = await failure_of(client, budget)
    over.set()
    assert "took too long" in str(error)
    assert budget.spent == 2


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip bomb"])
async def test_a_body_over_the_limit(server: ScriptedServer, time: FakeTime, packed: bool) -> None:
    """The limit is on what comes out, so a small bomb is found too."""
    body = b" " * (LARGEST_BODY * 4)
    if packed:
        server.queue.append(Reply(body=gzip.compress(body), headers={"Content-Encoding": "gzip"}))
    else:
        server.queue.append(body)
    async with Client(server.url, KEY, tries=1, seams=time.seams) as client:
        assert "longer than 8 MiB" in str(await failure_of(client))


async def test_a_body_within_the_limit(client: Client, server: ScriptedServer) -> None:
    """A large page is still a page."""
    server.queue.append(SAMPLE_BODY + b" " * (LARGEST_BODY - len(SAMPLE_BODY)))
    assert (await client.page(PARAMS, 1, Purse())).rows == 1


async def test_a_redirect_to_another_host_is_refused(
    client: Client, server: ScriptedServer
) -> None:
    """The other host would be told the key; it is never asked."""
    async with ScriptedServer() as other:
        server.answer = lambda _: Reply(302, headers={"Location": other.url + PRODUCT_LIST.path})
        error = await failure_of(client)
        assert "redirects to another address" in str(error)
        assert other.asked == []
    assert len(server.asked) == 1


@pytest.mark.parametrize("location", ["http://[broken", "", "ftp://127.0.0.1/"])
async def test_a_redirect_to_nowhere(client: Client, server: ScriptedServer, location: str) -> None:
    """A redirect that can't be followed is an error."""
    server.answer = lambda _: Reply(301, headers={"Location": location})
    assert isinstance(await failure_of(client), SourceUnavailable)


async def test_a_redirect_on_the_same_host_is_followed(
    client: Client, server: ScriptedServer
) -> None:
    """The query is what the server says; both requests reached it, so both count."""
    server.queue.append(Reply(307, headers={"Location": "/v2/list?page_num=9"}))
    budget = Purse()
    assert (await client.page(PARAMS, 1, budget)).rows == 1
    assert [asked.path for asked in server.asked] == [PRODUCT_LIST.path, "/v2/list"]
    assert server.asked[1].query == {"page_num": "9"}
    assert budget.spent == 2


async def test_redirects_in_circles(client: Client, server: ScriptedServer) -> None:
    """A few redirects are followed, not endlessly many."""
    server.answer = lambda _: Reply(302, headers={"Location": PRODUCT_LIST.path + "?page_num=1"})
    assert "in circles" in str(await failure_of(client))
    assert len(server.asked) == 4


@pytest.mark.parametrize(
    "reply",
    [
        Reply(401, b'{"message": "invalid key ' + KEY.encode() + b'"}'),
        Reply(200, body_of(None, code=7, message=f"who is {KEY}?")),
        Reply(200, KEY.encode()),
        Reply(302, headers={"Location": f"http://{KEY}.example/"}),
    ],
)
async def test_a_server_that_repeats_the_key(
    client: Client, server: ScriptedServer, reply: Reply
) -> None:
    """The error shows it masked."""
    server.answer = lambda _: reply
    assert "***" in str(await failure_of(client))


async def test_a_retired_client_ends_with_its_last_scan(client: Client) -> None:
    """What reads goes on reading; then, or at once where nothing reads, the connections close."""
    async with client.reading():
        async with client.reading():
            await client.retire()
            await client.page(PARAMS, 1, Purse())
        assert not client.closed
    assert client.closed
    await client.close()
    idle = Client("http://127.0.0.1", KEY)
    await idle.open()
    await idle.retire()
    assert idle.closed


def test_the_key_is_not_shown() -> None:
    """Neither by ``repr`` nor by ``str``."""
    client = Client("http://127.0.0.1", KEY)
    assert KEY not in repr(client) + str(client)


@pytest.mark.parametrize("key", ["", "  ", "two words", "line\nbreak", "schlüssel", "nul\0"])
def test_a_key_that_can_not_be_one(key: str) -> None:
    """It is refused before anything is sent, and not shown."""
    with pytest.raises(KeyRefused) as caught:
        Client("http://127.0.0.1", key)
    assert not key.strip() or key not in str(caught.value)


async def test_a_key_from_a_file(server: ScriptedServer, time: FakeTime) -> None:
    """The line's end that editors add is no part of the key."""
    async with Client(server.url + "/", f"{KEY}\n", seams=time.seams) as client:
        await client.page(PARAMS, 1, Purse())
    assert server.asked[0].headers["Authorization"] == f"Bearer {KEY}"


async def test_stopping_in_the_middle(server: ScriptedServer, time: FakeTime) -> None:
    """A page that is cancelled frees its place for others."""
    arrived, over = asyncio.Event(), asyncio.Event()

    async def hang_at_one(page: int) -> None:
        if page == 1:
            arrived.set()
            await over.wait()

    server.before_answer = hang_at_one
    async with Client(server.url, KEY, concurrency=1, seams=time.seams) as client:
        hanging = asyncio.create_task(client.page(PARAMS, 1, Purse()))
        await arrived.wait()
        hanging.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hanging
        over.set()
        assert (await client.page(PARAMS, 2, Purse())).rows == 1


async def test_many_pages(client: Client, server: ScriptedServer) -> None:
    """Every page is the one that was asked for."""
    server.answer = listing(25)
    pages = await asyncio.gather(*(client.page(PARAMS, page, Purse()) for page in (1, 2, 3, 4)))
    assert [page.rows for page in pages] == [10, 10, 5, 0]
