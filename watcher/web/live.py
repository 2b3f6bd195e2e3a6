"""The stream of events at ``/events``, one for each page that is open, and answers to what those
pages ask for then.

An event (``text/event-stream``) says that something changed, and of which kind::

    id: 17.3.99.1
    data: {"kinds":["alerts","scans"],"marks":{"alerts":17,"scans":3,"messages":99,"health":1}}

The page asks for itself anew and takes from the answer what differs. Nothing is queued for a page
but the kinds that it has not heard of, and who does not take what was written is cut off.
"""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections.abc import Awaitable, Callable, Hashable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import msgspec
from aiohttp import web

from watcher.store.sql.news import KINDS
from watcher.web.accept_errors import Connections, VisitorLimits
from watcher.web.access import visitor_of
from watcher.web.news import Follower, LivePace, Marks, NewsDesk, read_marks, written
from watcher.web.rendering import MARK
from watcher.web.shelf import OneBook, SeveralBooks

EVENTS = "/events"
ASKED_ANEW = "X-Watcher-Live"  # the header of what a page asks after an event
RETRY = 3_000, 8_000  # milliseconds after which a page comes back: not all at once
OVERHEAD = 0.0007  # seconds that an answer takes beside being made
KEPT = 5.0  # seconds for which an answer is given to others that ask the same
_BUFFER = 16 * 1024  # bytes of the kernel for one stream
_MOST = 32  # answers that are kept
_HEADERS = {
    "Content-Type": "text/event-stream",
    "X-Accel-Buffering": "no",  # nginx passes each event on at once
}


class LivePages:
    """Pages that are open, and their streams. ``admitted`` says whether who opened one may still
    see the page; ``headers`` are those of every answer."""

    def __init__(
        self,
        shelf: OneBook | SeveralBooks,
        connections: Connections,
        limits: VisitorLimits,
        admitted: Callable[[web.Request], Awaitable[bool]],
        headers: Mapping[str, str],
    ) -> None:
        self._shelf, self._connections, self._limits = shelf, connections, limits
        self._admitted, self._headers = admitted, {**headers, **_HEADERS}
        self._news = NewsDesk(shelf, limits.look, LivePace(limits.share))
        self._shared = Shared(self._news.pace)

    async def aclose(self) -> None:
        """End all streams."""
        await self._news.aclose()

    async def page(
        self, make: Callable[[web.Request], Awaitable[web.StreamResponse]], request: web.Request
    ) -> web.StreamResponse:
        """A page that may be told of what changes after it, and ask for itself anew."""
        try:
            marks = written(await self._news.marks(self._shelf.book_of(request) or ""))
        except LookupError:
            marks = ""
        request[MARK] = marks
        if ASKED_ANEW in request.headers and request.method == "GET":
            return await self._shared.answer(request, marks, partial(make, request))
        return await make(request)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """``GET /events``: until the page goes away; 503 where there are as many as may be."""
        book = self._shelf.book_of(request) or ""
        try:
            marks = await self._news.marks(book)
        except LookupError:
            raise web.HTTPNotFound(text="There is no such book.") from None
        known = _known(request)
        known = marks if known is None else known
        follower = Follower(_kinds(request), known, time.monotonic(), _page_of(request))
        with self._news.follow(book, follower):
            if not self._connections.keep(request.protocol, follower.end):
                return self._full()
            response = web.StreamResponse(headers=self._headers)
            response.force_close()  # nothing else comes by a connection that nobody watches
            with suppress(ConnectionError):
                await response.prepare(request)
                _bound(request)
                await response.write(b"retry: %d\n\n" % random.randint(*RETRY))  # noqa: S311
                await self._go_on(request, response, follower)
        return response

    async def _go_on(
        self, request: web.Request, response: web.StreamResponse, follower: Follower
    ) -> None:
        while True:
            kinds = await follower.next(self._limits.beat)
            transport = request.transport
            if follower.over or transport is None or transport.is_closing():
                return
            if transport.get_write_buffer_size():  # what was written before was not taken
                transport.abort()
                return
            if not await self._admitted(request):
                return
            await response.write(_event(kinds, follower.known) if kinds else b":\n\n")

    def _full(self) -> web.Response:
        text = (
            f"{self._limits.streams} pages hear of changes already, as many as may: reload this "
            "one to see what is new, or close another one\n"
        )
        return web.Response(text=text, status=503, headers={"Retry-After": "60"})


def _bound(request: web.Request) -> None:
    """Keep little for who takes nothing."""
    if request.transport is not None:
        with suppress(OSError):
            request.transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER
            )


def _kinds(request: web.Request) -> list[str]:
    """The kinds of which the page shows something: those that it names, or all."""
    named = request.query.get("of", "").split(" ")
    return [kind for kind in KINDS if kind in named] or [*KINDS]


def _known(request: web.Request) -> Marks | None:
    """The marks as the page knows them: of the last event, or else of when it was made."""
    last = request.headers.get("Last-Event-ID") or request.query.get("mark", "")
    return read_marks(last)


def _event(kinds: list[str], marks: Marks) -> bytes:
    data = msgspec.json.encode({"kinds": kinds, "marks": dict(marks)})
    return b"id: %s\ndata: %s\n\n" % (written(marks).encode(), data)


@dataclass(frozen=True, slots=True)
class _Kept:
    """An answer, of when, and of which marks."""

    answer: web.Response
    marks: str
    at: float


@dataclass(slots=True)
class Shared:
    """Answers to pages that were told of a change. One at a time, so that no scan waits for more
    than one; and where several ask the same, as whoever has the same page open does, it is made
    once. ``pace`` hears what each took, of the whole process: while that is busy, pages wait."""

    pace: LivePace
    clock: Callable[[], float] = time.monotonic
    used: Callable[[], float] = time.process_time
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _kept: dict[Hashable, _Kept] = field(default_factory=dict)

    async def answer(
        self, request: web.Request, marks: str, make: Callable[[], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """The page as of ``marks``, made by ``make`` unless it just was."""
        asked = _asked(request)
        async with self._turn:
            began, used = self.clock(), self.used()
            kept = self._kept.get(asked)
            made = kept is None or kept.marks != marks or began - kept.at > KEPT
            if kept is None or made:
                self._kept.pop(asked, None)
                answer = await make()
                if not isinstance(answer, web.Response) or answer.status != 200:
                    return answer
                kept = _Kept(answer, marks, self.clock())
                while len(self._kept) >= _MOST:
                    self._kept.pop(next(iter(self._kept)))
                self._kept[asked] = kept
            self.pace.took(_page_of(request), self.used() - used + OVERHEAD, made=made)
        return web.Response(body=kept.answer.body, headers=kept.answer.headers)


def _page_of(request: web.Request) -> str:
    """The page that asks, as browsers say of those of the same site."""
    return request.headers.get("Referer", "")[:2_000]


def _asked(request: web.Request) -> Hashable:
    """All of a question that its answer may depend on: its address, who asks and what they may do,
    and in which language."""
    names = ("Authorization", "Cookie", "Accept-Language", "Host")
    given = (request.headers.get(name) for name in names)
    return request.raw_path, visitor_of(request), *given
