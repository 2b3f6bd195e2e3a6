"""What one visitor may hold, and that nobody else goes short for it: the real server."""

from __future__ import annotations

import asyncio
import gzip
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import repeat
from pathlib import Path

import aiohttp
import pytest
from structlog.testing import capture_logs

from tests.fakes.world import World
from tests.web.raw import HEAD, PATIENCE, visiting
from tests.web.serving import Page, serving
from tests.web.test_access import TOKEN
from tests.web.test_app import RULES
from watcher.store.sqlite.database import Database
from watcher.web.accept_errors import FEWEST, MOST, OWN, VisitorLimits, most_connections

WHOLE = HEAD + b"\r\n"
FORM = (
    b"POST /silences HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
)
QUICK = VisitorLimits(connections=8, arrival=0.3, answer=0.5, penalty=0)


@asynccontextmanager
async def page_of(folder: Path, limits: VisitorLimits, token: str = "") -> AsyncIterator[Page]:
    """The page of an empty database."""
    path = folder / "watcher.db"
    with Database.open(path) as database:
        async with serving(path, World(database, RULES), token=token, limits=limits) as page:
            yield page


def tracebacks(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Of those lines that go on to the log: aiohttp's own stop at the handler that reads them."""
    return [
        each.getMessage()
        for each in caplog.records
        if each.exc_info and logging.getLogger(each.name).propagate
    ]


@pytest.fixture
async def quick(tmp_path: Path) -> AsyncIterator[Page]:
    """A page that waits for nobody."""
    async with page_of(tmp_path, QUICK) as page:
        yield page


def test_as_it_is_run() -> None:
    """Ten seconds for a request, one for a wrong token; far fewer connections than descriptors."""
    usual = VisitorLimits(connections=1)
    assert (usual.arrival, usual.penalty) == (10, 1)
    assert [most_connections(each) for each in (-1, 524_288, 1_024, 128, 96, 10)] == [
        MOST, MOST, MOST, (128 - OWN) // 2, 16, FEWEST,
    ]  # fmt: skip
    assert VisitorLimits().connections <= MOST


@pytest.mark.parametrize(
    ("sent", "answers"),
    [
        (b"", 0),
        (b"G", 0),
        (HEAD, 0),
        (FORM, 0),
        (FORM + b"token=", 0),
        (WHOLE, 1),
        (WHOLE + HEAD, 1),
        (WHOLE + FORM, 1),
        (WHOLE + WHOLE + b"\r\n", 2),
    ],
)
async def test_a_request_that_never_comes(quick: Page, sent: bytes, answers: int) -> None:
    """The first one or the next, its head or its body: the connection is cut."""
    async with visiting(quick.site.url) as visitor:
        visitor.send(sent)
        assert (await visitor.rest()).count(b"HTTP/1.1 200 OK") == answers
    assert "watcher_page_connections_dropped_total 1.0" in (await quick.get("metrics"))[1]


@pytest.mark.parametrize(
    ("head", "piece"),
    [(b"GET / HTTP/1.1\r\nX: ", b"x"), (HEAD, b"X: y\r\n"), (FORM, b"x"), (WHOLE + HEAD, b"X")],
)
async def test_byte_by_byte_is_no_quicker(quick: Page, head: bytes, piece: bytes) -> None:
    """However often something comes: what counts is that all of it came."""
    async with visiting(quick.site.url) as visitor:
        visitor.send(head)
        await visitor.drip(repeat(piece, 200), 0.02)


async def test_who_never_takes_the_answer(quick: Page) -> None:
    """Neither one large answer nor many small ones are kept for ever."""
    for path in (b"/metrics", b"/nowhere", b"/healthz"):
        async with visiting(quick.site.url) as visitor:
            visitor.reading.pause_reading()
            visitor.send((b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % path) * 40_000)
            async with asyncio.timeout(PATIENCE):
                while not visitor.writer.is_closing():
                    visitor.send(b"\r\n")  # that it was cut shows only to who writes
                    await asyncio.sleep(0.02)


async def test_the_longest_idle_makes_room(tmp_path: Path) -> None:
    """Half a request on as many connections as there may be, and more: a whole one is answered."""
    patient = VisitorLimits(connections=5, arrival=2 * PATIENCE)
    async with page_of(tmp_path, patient) as page, AsyncExitStack() as stack:
        idle = await stack.enter_async_context(visiting(page.site.url))
        first = await stack.enter_async_context(visiting(page.site.url))
        first.send(HEAD)
        idle.send(WHOLE)
        await idle.answer()  # it has just been answered: the half one has stood still for longer
        for _ in range(3):
            half = await stack.enter_async_context(visiting(page.site.url))
            half.send(HEAD)
        assert (await page.get("healthz"))[0] == 200
        assert await first.rest() == b""
        idle.send(WHOLE)
        assert b"200 OK" in await idle.answer()
        half.send(b"\r\n")
        assert b"200 OK" in await half.answer()


async def test_who_was_answered_makes_room(tmp_path: Path) -> None:
    """A connection that is only kept open is in nobody's way."""
    patient = VisitorLimits(connections=2, arrival=2 * PATIENCE)
    async with page_of(tmp_path, patient) as page, AsyncExitStack() as stack:
        for _ in range(5):
            visitor = await stack.enter_async_context(visiting(page.site.url))
            visitor.send(WHOLE)
            assert b" 200 " in await visitor.answer()


async def test_who_is_being_answered_is_not_cut(tmp_path: Path) -> None:
    """Where all are, there is no room for another one."""
    async with page_of(tmp_path, VisitorLimits(connections=2)) as page, AsyncExitStack() as stack:
        busy, go = asyncio.Semaphore(0), asyncio.Event()

        async def ill() -> str | None:
            busy.release()
            await go.wait()
            return None

        page.ask = ill
        visitors = [await stack.enter_async_context(visiting(page.site.url)) for _ in range(2)]
        for visitor in visitors:
            visitor.send(WHOLE)
            await busy.acquire()
        third = await stack.enter_async_context(visiting(page.site.url))
        assert await third.rest() == b""
        go.set()
        for visitor in visitors:
            assert b"200 OK" in await visitor.answer()


async def test_a_wrong_token_costs_only_who_gives_it(tmp_path: Path) -> None:
    """While it waits, others are answered, on the same address; it is counted, and told once."""
    slow = VisitorLimits(penalty=PATIENCE)
    async with page_of(tmp_path, slow, TOKEN) as page, AsyncExitStack() as stack:
        with capture_logs() as said:
            for _ in range(3):
                wrong = await stack.enter_async_context(visiting(page.site.url))
                wrong.send(HEAD + b"Authorization: Bearer guessed\r\n\r\n")
            right = {"Authorization": f"Bearer {TOKEN}"}
            async with aiohttp.ClientSession(headers=right) as session:
                while True:
                    async with session.get(f"{page.site.url}metrics") as answer:
                        if "watcher_page_wrong_tokens_total 3.0" in await answer.text():
                            break
            assert (await page.get("healthz"))[0] == 401  # none was given: at once
            waiting = asyncio.create_task(wrong.rest())
            await asyncio.sleep(0)
            assert not waiting.done()
            waiting.cancel()
        assert [line["event"] for line in said] == ["a wrong token was given"]


async def test_after_its_penalty_a_wrong_token_is_refused(tmp_path: Path) -> None:
    """With 401, and the connection goes on."""
    async with page_of(tmp_path, QUICK, TOKEN) as page, visiting(page.site.url) as visitor:
        visitor.send(HEAD + b"Authorization: Bearer guessed\r\n\r\n")
        assert b" 401 " in await visitor.answer()
        visitor.send(HEAD + f"Authorization: Bearer {TOKEN}\r\n\r\n".encode())
        assert b" 200 " in await visitor.answer()


MALFORMED = (
    b"\r\nX\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64) + b"\r\n\r\n",  # TLS
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET\r\n\r\n",
    b"G\xff\xfe / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
    b"GET / HTTP/1.1\r\nX: \x00\r\n\r\n",
    b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 500 + b"\r\n",
    b"GET http://[ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST /silences HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
)


async def test_what_is_no_request_is_one_line(
    quick: Page, caplog: pytest.LogCaptureFixture
) -> None:
    """A minute, without a traceback, whatever it is; each is counted."""
    with capture_logs() as said, caplog.at_level(logging.DEBUG):
        for number, sent in enumerate(MALFORMED, start=1):
            async with visiting(quick.site.url) as visitor:
                visitor.send(sent)
                found = await visitor.rest()
                assert b" 400 " in found.partition(b"\r\n")[0], (sent[:60], found)
                assert b"Traceback" not in found
            counted = f"watcher_page_malformed_requests_total {float(number)}"
            assert counted in (await quick.get("metrics"))[1], sent[:60]
    assert [line["event"] for line in said] == ["malformed request"]
    assert said[0]["remote"] == "127.0.0.1"
    assert tracebacks(caplog) == []


async def test_who_leaves_in_the_middle_is_no_error(
    quick: Page, caplog: pytest.LogCaptureFixture
) -> None:
    """Of a body that never comes, or before the answer."""
    with capture_logs() as said, caplog.at_level(logging.DEBUG):
        for sent in (HEAD, FORM, FORM + b"token=", WHOLE * 30):
            async with visiting(quick.site.url) as visitor:
                visitor.send(sent)
            assert (await quick.get("healthz"))[0] == 200
    assert said == []
    assert tracebacks(caplog) == []


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "CONNECT", "BREW"])
async def test_methods_that_nobody_uses_here(quick: Page, method: str) -> None:
    """Are answered and leave the connection as it was, or end it."""
    target = "localhost:80" if method == "CONNECT" else "/healthz"
    async with visiting(quick.site.url) as visitor:
        visitor.send(f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        found = await visitor.rest()
        assert found.startswith(
            b"HTTP/1.1 200" if method == "HEAD" else (b"HTTP/1.1 4", b"HTTP/1.0 4")
        )


async def test_bodies_are_bounded(quick: Page) -> None:
    """A large one is refused before it is there; one that is packed stays as it is."""
    async with visiting(quick.site.url) as visitor:
        visitor.send(FORM.replace(b"4000", b"4000000000") + b"x" * 200_000)
        assert b" 413 " in (await visitor.answer()).partition(b"\r\n")[0]
    bomb = gzip.compress(bytes(20_000_000))
    head = FORM.replace(b"4000", b"%d\r\nContent-Encoding: gzip" % len(bomb))
    async with visiting(quick.site.url) as visitor:
        visitor.send(head + bomb)
        assert b" 400 " in (await visitor.answer()).partition(b"\r\n")[0]


async def test_pipelined_requests_are_answered_in_turn(quick: Page) -> None:
    """As many as somebody sends at once, if they are taken."""
    async with visiting(quick.site.url) as visitor:
        visitor.send(WHOLE * 200)
        for _ in range(200):
            assert b" 200 " in await visitor.answer()
