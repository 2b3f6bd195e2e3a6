"""Streams of events and the answers after them: the real server on a real database."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from tests.web.conftest import Furnished
from tests.web.raw import HEAD, PATIENCE, visiting
from tests.web.serving import Page, serving
from tests.web.streams import EAGER, Stream, mark_of, streaming
from watcher.model import Instant
from watcher.rules.rulebook import Rulebook
from watcher.web.accept_errors import FEWEST, MOST, VisitorLimits, most_streams

EVENTS = HEAD.replace(b"/healthz", b"/events") + b"\r\n"


@pytest.fixture
async def page(furnished: Furnished, tmp_path: Path) -> AsyncIterator[Page]:
    """A page that looks often for what changed."""
    async with page_of(furnished, tmp_path, EAGER) as served:
        yield served


def page_of(
    furnished: Furnished, folder: Path, limits: VisitorLimits
) -> AbstractAsyncContextManager[Page]:
    """The page of a copy of the furnished database."""
    path = folder / "copy.db"
    path.write_bytes(furnished.path.read_bytes())
    return serving(path, furnished, limits=limits)


async def silence(page: Page, rule: str = "x") -> None:
    """Change something."""
    fields = {"token": await page.token(), "rule": rule, "for": "1d"}
    assert (await page.post("silences", fields))[0] == 303


async def test_an_event_says_of_which_kind(page: Page) -> None:
    """And nothing else; its id is the mark of the page as it is then."""
    before = mark_of((await page.get())[1])
    async with streaming(page.site.url, f"?mark={before}") as stream:
        head = stream.answer.headers
        assert stream.answer.status == 200
        assert head["Content-Type"] == "text/event-stream"
        assert (head["Cache-Control"], head["X-Accel-Buffering"]) == ("no-store", "no")
        assert "default-src 'none'" in head["Content-Security-Policy"]
        retry = await stream.line()
        assert retry.startswith("retry: ")
        assert 3_000 <= int(retry.removeprefix("retry: ")) <= 8_000
        await silence(page, "a-name-that-no-event-tells")
        while not (line := await stream.line()).startswith("id: "):
            assert line in ("\n", ":\n")
        data = await stream.line()
        assert '"kinds":["alerts"]' in data
        assert "a-name" not in data
        assert line == f"id: {mark_of((await page.get())[1])}\n"
        assert line != f"id: {before}\n"


async def test_one_beat_after_the_other(page: Page) -> None:
    """Where nothing changes there are comments, so that no proxy takes it for dead."""
    async with streaming(page.site.url) as stream:
        lines = [await stream.line() for _ in range(8)]
    assert lines[2:] == [":\n", "\n"] * 3


async def test_what_was_missed(page: Page) -> None:
    """Who comes back hears of what changed meanwhile, by the last event or the page's own mark."""
    before = mark_of((await page.get())[1])
    await silence(page)
    for query, headers in ((f"?mark={before}", {}), ("?mark=x", {"Last-Event-ID": before})):
        async with streaming(page.site.url, query, headers) as stream:
            assert await stream.kinds() == ["alerts"]
    now = stream.last
    async with streaming(page.site.url, f"?mark={now}") as stream:
        await silence(page, "y")
        assert await stream.kinds() == ["alerts"]
        assert stream.last != now


async def test_only_kinds_that_are_asked_for(page: Page) -> None:
    """A page of messages hears nothing of silences."""
    async with streaming(page.site.url, "?of=messages+nonsense") as stream:
        await stream.line()
        await silence(page)
        fields = {"token": await page.token(), "id": "3"}
        assert (await page.post("outbox/drop", fields))[0] == 303
        assert await stream.kinds() == ["messages"]


async def test_health_is_news(page: Page) -> None:
    """Of the daemon, which is asked beside the store."""
    page.ill = "the part delivery stands still"
    async with streaming(page.site.url) as stream:
        assert await stream.kinds() == ["health"]


@dataclass
class _Shown:
    """The rules that are in force, which may change."""

    book: Rulebook
    now: Instant


async def test_other_rules_are_news(furnished: Furnished, tmp_path: Path) -> None:
    """As soon as they are in force, whoever wrote them; the same ones read anew are none."""
    path = tmp_path / "copy.db"
    path.write_bytes(furnished.path.read_bytes())
    shown = _Shown(furnished.book, furnished.now)
    async with serving(path, shown, limits=EAGER) as page, streaming(page.site.url) as stream:
        for rules in (
            replace(shown.book, page_number=1),
            replace(shown.book, rules=shown.book.rules[1:]),
        ):
            shown.book = rules
            assert await stream.kinds() == ["health"]
        before = mark_of((await page.get())[1])
        shown.book = replace(shown.book)
        assert mark_of((await page.get())[1]) == before


async def test_as_many_as_may(furnished: Furnished, tmp_path: Path) -> None:
    """One more is told so, in words; who leaves makes room at once, and no reload fills it."""
    async with (
        page_of(furnished, tmp_path, replace(EAGER, streams=2, beat=PATIENCE)) as page,
        AsyncExitStack() as stack,
    ):
        for _ in range(2):
            await (await stack.enter_async_context(streaming(page.site.url))).line()
        async with streaming(page.site.url) as third:
            assert third.answer.status == 503
            assert third.answer.headers["Retry-After"] == "60"
            assert "2 pages hear of changes already" in await third.line()
        assert (await page.get())[0] == 200
        await stack.aclose()
        for _ in range(10):
            async with asyncio.timeout(PATIENCE):
                await _once_there_is_room(page)


async def _once_there_is_room(page: Page) -> None:
    while True:
        async with streaming(page.site.url) as stream:
            if stream.answer.status == 200:
                return


def test_how_many_may() -> None:
    """Far fewer than descriptors, beside the other connections."""
    assert [most_streams(each) for each in (-1, 1_024, 128, 10)] == [MOST, MOST, 16, FEWEST]
    assert VisitorLimits().streams >= 50


async def test_streams_are_in_nobodys_way(furnished: Furnished, tmp_path: Path) -> None:
    """They take no place of other visitors, and outlast what those may take."""
    limits = replace(EAGER, connections=1, streams=4, arrival=0.2, answer=0.2)
    async with page_of(furnished, tmp_path, limits) as page, AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(streaming(page.site.url)) for _ in range(4)]
        for each in streams:
            for _ in range(20):  # beats, of more than a second
                assert await each.line()
        for _ in range(5):
            assert (await page.get("alerts"))[0] == 200
        await silence(page)
        assert [await each.kinds() for each in streams] == [["alerts"]] * 4


@pytest.mark.long
async def test_a_thousand_who_want_to_hear(furnished: Furnished, tmp_path: Path) -> None:
    """The page answers all the same, and those who hear go on hearing."""
    limits = replace(EAGER, connections=16, streams=4)
    async with page_of(furnished, tmp_path, limits) as page, AsyncExitStack() as stack:
        heard = await stack.enter_async_context(streaming(page.site.url))
        for _ in range(1_000):
            visitor = await stack.enter_async_context(visiting(page.site.url))
            visitor.send(EVENTS)
        async with asyncio.timeout(PATIENCE):
            while not await _is_answered(page):
                pass
        await silence(page)
        assert await heard.kinds() == ["alerts"]


async def _is_answered(page: Page) -> bool:
    """Whether it was: while each place is of somebody who is being answered, nobody else is."""
    with suppress(aiohttp.ClientConnectionError):
        return (await page.get("alerts"))[0] == 200
    return False


async def test_who_takes_nothing_is_cut_off(furnished: Furnished, tmp_path: Path) -> None:
    """Little is kept for it: a few beats, and it makes room."""
    limits = replace(EAGER, streams=1, beat=0.001)
    async with page_of(furnished, tmp_path, limits) as page:
        url = URL(page.site.url)
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            slow.setblocking(False)  # noqa: FBT003
            loop = asyncio.get_running_loop()
            await loop.sock_connect(slow, (url.host, url.port))
            await loop.sock_sendall(slow, EVENTS)
            async with asyncio.timeout(PATIENCE):
                await _once_there_is_room(page)


async def test_the_end_of_the_page_ends_them(page: Page) -> None:
    """At once: nobody waits for the next beat."""
    async with AsyncExitStack() as stack:
        streams: list[Stream] = []
        for _ in range(5):
            streams.append(await stack.enter_async_context(streaming(page.site.url)))
            await streams[-1].line()
        async with asyncio.timeout(1.5):  # a handler that goes on is waited for for longer
            await page.site.stop()
        assert [await each.ended() for each in streams] == [True] * 5


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT"])
async def test_no_other_method(page: Page, method: str) -> None:
    """Nor one that would hold the connection for nothing."""
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(PATIENCE)) as session,
        session.request(method, f"{page.site.url}events") as answer,
    ):
        assert answer.status == 405


async def test_who_may_not_see_the_page_hears_nothing(furnished: Furnished, tmp_path: Path) -> None:
    """Neither by another name nor without the token."""
    async with (
        page_of(furnished, tmp_path, EAGER) as page,
        streaming(page.site.url, headers={"Host": "evil.example"}) as stream,
    ):
        assert stream.answer.status == 403
    async with serving(page_path(tmp_path), furnished, token="a-token-of-the-page") as guarded:
        async with streaming(guarded.site.url) as stream:
            assert stream.answer.status == 401
        right = {"Authorization": "Bearer a-token-of-the-page"}
        async with streaming(guarded.site.url, headers=right) as stream:
            assert stream.answer.status == 200


def page_path(folder: Path) -> Path:
    """The copy that ``page_of`` made."""
    return folder / "copy.db"


async def ask(page: Page, path: str = "", **headers: str) -> str:
    """What a page gets that asks for itself anew."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{page.site.url}{path}", headers={"X-Watcher-Live": "1", **headers}) as answer,
    ):
        assert answer.status == 200
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
        return await answer.text()


async def test_what_many_ask_is_made_once(furnished: Furnished, tmp_path: Path) -> None:
    """Where the same is asked by the same people, in their language, of the same moment."""
    asked = 0

    async def ill() -> str | None:
        nonlocal asked
        asked += 1
        return f"ill for time {asked}"

    async with page_of(furnished, tmp_path, replace(EAGER, look=PATIENCE)) as page:
        page.ask = ill
        first, *others = await asyncio.gather(*(ask(page) for _ in range(10)))
        assert "ill for time 1" in first
        assert set(others) == {first}
        assert "ill for time 2" in (await page.get())[1]  # who loads it gets his own
        for number, how in enumerate(
            (
                {"Accept-Language": "zh"},
                {"Authorization": "Bearer somebody-else-0000"},
                {"Cookie": "a=b"},
                {"Host": "localhost:1"},
                {"Via": "1.1 a-proxy"},  # whose visitors may do less
            ),
            start=3,
        ):
            assert f"time {number}" in await ask(page, **how)
        assert "time 8" in await ask(page, "?notice=x")
        assert await ask(page) == first
    async with serving(page_path(tmp_path), furnished, limits=replace(EAGER, look=0)) as page:
        page.ask = ill
        before = await ask(page)
        await silence(page)
        assert await ask(page) != before


async def test_an_error_is_kept_for_nobody(page: Page) -> None:
    """It is answered as to anybody."""
    async with aiohttp.ClientSession() as session:
        for path in ("nowhere", "rules/nowhere"):
            for _ in range(2):
                async with session.get(
                    f"{page.site.url}{path}", headers={"X-Watcher-Live": "1"}
                ) as answer:
                    assert answer.status == 404
