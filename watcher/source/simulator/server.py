"""The simulated market on loopback: KeyAPI's endpoints, and faults on demand."""

from __future__ import annotations

import asyncio
import gzip
import hmac
import random
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, datetime
from typing import Any, Self, TypeAlias

import aiohttp
import msgspec
from aiohttp import web

from watcher.errors import WatcherError
from watcher.source.endpoint import Endpoint
from watcher.source.endpoints import COVERS, ENDPOINTS, SIBLINGS
from watcher.source.simulator.covers import PATH as PICTURES
from watcher.source.simulator.covers import SignedCovers, painted
from watcher.source.simulator.market import Market
from watcher.source.simulator.others import check
from watcher.source.simulator.refusals import BadParameter
from watcher.units import DAY

CONTROL = "/simulator"
_JSON = {"Content-Type": "application/json; charset=utf-8"}
_PAUSES = {429: {"Retry-After": "1"}}
_SMALL = 1_400  # bytes: compressing less than a packet gains nothing
_PIECES = 20
_REMEMBERED = 10_000
_MOST_DAYS = 3_650
_TIMEOUT = aiohttp.ClientTimeout(total=10)


# ------------------------------------------------------------------ faults

Product: TypeAlias = dict[str, object]
Row: TypeAlias = dict[str, Any]
Edit: TypeAlias = Callable[[bytes], bytes]

# What an unreadable row holds instead of a product; by name, so that a test can go through all.
UNREADABLE: Mapping[str, Callable[[Row], object]] = {
    "id null": lambda row: {**row, "product_id": None},
    "id float": lambda row: {**row, "product_id": float(row["product_id"])},
    "id object": lambda row: {**row, "product_id": {"id": row["product_id"]}},
    "id list": lambda row: {**row, "product_id": [row["product_id"]]},
    "id bool": lambda row: {**row, "product_id": True},
    "id empty": lambda row: {**row, "product_id": ""},
    "id text": lambda row: {**row, "product_id": "no / id"},
    "id missing": lambda row: {name: row[name] for name in row if name != "product_id"},
    "null": lambda _: None,
    "list": lambda row: [row],
    "number": lambda _: 7,
    "text": lambda _: "broken",
    "bool": lambda _: False,
}


@dataclass(slots=True)
class Fault:
    """A fault of the next requests: an answer instead of the page, or a change to it."""

    times: int = 1  # requests
    page: int | None = None  # only those for it
    status: int | None = None
    body: bytes | str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0  # seconds that pass first
    drop: bool = False  # the connection is closed without an answer
    edit: Edit | None = None
    instead: int | None = None  # another page is given
    drip: float | None = None  # it comes in pieces, with so many seconds between them
    cut: int | None = None  # it ends after so many bytes

    def is_for(self, page: str) -> bool:
        return self.page is None or str(self.page) == page

    @property
    def answer(self) -> tuple[int, bytes] | None:
        """The status and body that come instead of the page; None where it comes."""
        status, body = self.status or 200, self.body
        if body is None:
            return None if self.status is None else (status, _body(status, "simulated fault"))
        return status, body.encode() if isinstance(body, str) else body

    def asked(self, query: Mapping[str, str], page: str) -> dict[str, str]:
        """The parameters of the page that is given; ``page`` is the name of its number."""
        return {**query} if self.instead is None or not page else {**query, page: str(self.instead)}


def rows_edited(change: Callable[[list[Any]], list[Any]]) -> Edit:
    """An edit of a body's list of products."""

    def edit(body: bytes) -> bytes:
        answer = msgspec.json.decode(body)
        if isinstance(answer.get("data"), list):
            answer["data"] = change(answer["data"])
        return msgspec.json.encode(answer)

    return edit


def unreadable(kind: str, place: int | None = None) -> Edit:
    """One row of the page (``place`` from 0), or all of them, as ``UNREADABLE`` says."""
    spoil = UNREADABLE[kind]
    return rows_edited(
        lambda rows: [
            spoil(row) if place in (None, number) else row for number, row in enumerate(rows)
        ]
    )


def short(rows: int) -> Edit:
    """So many rows of the page; 0 leaves it empty."""
    return rows_edited(lambda all_: all_[:rows])


class Weather:
    """Faults that come by themselves: each request meets one with a chance of ``rate``.

    The same ``seed`` brings the same ones to the same requests.
    """

    def __init__(self, rate: float, seed: int = 0) -> None:
        self.rate = rate
        self._chance = random.Random(seed)  # noqa: S311 - nothing is secret here

    def next(self, page_num: int) -> Fault | None:
        """The fault of the next request, which is for that page."""
        if self._chance.random() >= self.rate:
            return None
        return self._chance.choice(_WEATHER)(self._chance, page_num)


_WEATHER: tuple[Callable[[random.Random, int], Fault], ...] = (
    lambda chance, _: Fault(edit=unreadable(chance.choice([*UNREADABLE]), chance.randrange(10))),
    lambda chance, _: Fault(edit=unreadable(chance.choice([*UNREADABLE]))),
    lambda chance, _: Fault(edit=short(chance.randrange(1, 10))),
    lambda *_: Fault(edit=short(0)),
    lambda _, page: Fault(instead=max(1, page - 1)),
    lambda *_: Fault(instead=1),
    lambda chance, _: Fault(status=chance.choice((500, 502, 503, 504))),
    lambda *_: Fault(status=429, headers={"Retry-After": "1"}),
    lambda *_: Fault(body="<html><body>maintenance</body></html>"),
    lambda *_: Fault(body=b'{"code": 500, "message": "system busy", "data": null}'),
    lambda chance, _: Fault(cut=chance.randrange(1, 2_000)),
    lambda *_: Fault(drop=True),
)


# ------------------------------------------------------------------ serving


@dataclass(eq=False)
class Simulator:
    """Serves a market on 127.0.0.1 within ``async with``."""

    market: Market
    key: str = "demo-key"
    _: KW_ONLY
    port: int = 0  # 0 takes a free one
    credits: int | None = None  # pages that may still be given, then 402
    per_second: int | None = None  # requests in any second, then 429
    weather: Weather | None = None  # faults beside those that are queued
    faults: list[Fault] = field(default_factory=list)
    requests: int = 0  # that reached the endpoint
    asked: deque[Mapping[str, str]] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    pages: int = 0  # given
    covers: SignedCovers = field(default_factory=SignedCovers)
    covers_asked: int = 0  # pictures

    def __post_init__(self) -> None:
        self.answer: Callable[[Mapping[str, str], Endpoint], list[Product]] = self.market.answer
        self._recent: deque[float] = deque()
        self._runner: web.AppRunner | None = None
        self._day_began = 0.0
        self._day_seconds: float | None = None

    @property
    def url(self) -> str:
        """The value for ``api.url``; the endpoint's path is not in it."""
        return f"http://127.0.0.1:{self.port}"

    def fail_next(self, fault: Fault | None = None, **how: Any) -> Fault:
        """Queue a fault, given whole or by its fields; gives it."""
        fault = fault or Fault(**how)
        self.faults.append(fault)
        return fault

    async def __aenter__(self) -> Self:
        app = web.Application()
        for endpoint in _served():
            app.router.add_get(endpoint.path, self._list)
        app.router.add_get(f"{PICTURES}/{{name:.+}}", self._cover)
        app.router.add_get(CONTROL, self._state)
        app.router.add_post(f"{CONTROL}/advance", self._advance)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        except OSError:
            await self._runner.cleanup()
            raise
        self.port = int(self._runner.addresses[0][1])
        return self

    async def __aexit__(self, *_error: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def pass_days(self, seconds: float) -> None:
        """Advance the market by a day every ``seconds``, until cancelled."""
        self._day_began, self._day_seconds = time.monotonic(), seconds
        while True:
            # On a grid: who lives by the market's clock would else get ahead of it.
            await asyncio.sleep(max(0.0, self._day_began + seconds - time.monotonic()))
            self.market.advance(1)
            self._day_began += seconds

    async def _list(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        self.asked.append(dict(request.query))
        page = _asked_of(request).page
        fault = self._fault(request.query.get(page, "") if page else "1") or Fault()
        await asyncio.sleep(fault.delay)
        return await self._reply(request, fault)

    def _fault(self, page: str) -> Fault | None:
        fault = next((one for one in self.faults if one.is_for(page)), None)
        if fault is not None:
            fault.times -= 1
            if fault.times <= 0:
                self.faults.remove(fault)
            return fault
        return self.weather.next(int(page)) if self.weather and page.isdigit() else None

    def _page(self, request: web.Request, fault: Fault) -> tuple[int, bytes]:
        """Status and body of the answer to a request, or to one for another page."""
        endpoint = _asked_of(request)
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self.key}".encode()):
            return 401, _body(401, "invalid api key")
        if self._too_many(asyncio.get_running_loop().time()):
            return 429, _body(429, "too many requests")
        if len(set(request.query)) < len(request.query):
            return 400, _body(400, "a parameter is given twice")
        try:
            products = self._rows(fault.asked(request.query, endpoint.page), endpoint)
        except BadParameter as error:
            return 400, _body(400, f"invalid parameter: {error}")
        if self.credits is not None and self.pages >= self.credits:
            return 402, _body(402, "credits used up")
        self.pages += 1
        data: object = products
        for name in reversed(endpoint.rows.split(".")[1:]):
            data = {name: data}
        return 200, _body(0, "success", data)

    def _rows(self, params: Mapping[str, str], endpoint: Endpoint) -> list[Product]:
        if endpoint is not COVERS:
            return self.answer(params, endpoint)
        check(params, endpoint)
        return self.covers.signed(params, self.url, self.now())

    async def _cover(self, request: web.Request) -> web.Response:
        """A picture, to whoever has its signed address."""
        self.covers_asked += 1
        if not self.covers.allow(request.path, request.query, self.now()):
            return web.Response(status=403, text="AccessDenied", content_type="application/xml")
        return web.Response(body=painted(request.path), content_type="image/png")

    def _too_many(self, now: float) -> bool:
        if self.per_second is None:
            return False
        while self._recent and self._recent[0] <= now - 1:
            self._recent.popleft()
        if len(self._recent) >= self.per_second:
            return True
        self._recent.append(now)
        return False

    async def _reply(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if fault.drop:
            return _close(request)
        if (instead := fault.answer) is not None:
            return _answer(request, *instead, fault.headers)
        status, body = self._page(request, fault)
        body = body if fault.edit is None else fault.edit(body)
        if fault.drip is None and fault.cut is None:
            return _answer(request, status, body, {**_PAUSES.get(status, {}), **fault.headers})
        return await _trickle(request, status, body, fault)

    async def _state(self, _request: web.Request) -> web.Response:
        state: dict[str, object] = {
            "day": self.market.day.isoformat(),
            "products": len(self.market),
            "requests": self.requests,
            "pages": self.pages,
        }
        if self._day_seconds is not None:
            state |= {"now": self.now(), "day_seconds": self._day_seconds}
        return web.json_response(state)

    def now(self) -> float:
        """The market's time, in seconds of Unix; where its days don't pass, the begin of today."""
        today = datetime.combine(self.market.day, datetime.min.time(), UTC).timestamp()
        if self._day_seconds is None:
            return today
        return today + min((time.monotonic() - self._day_began) / self._day_seconds, 1) * DAY

    async def _advance(self, request: web.Request) -> web.Response:
        text = request.query.get("days", "1")
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= _MOST_DAYS):
            return web.json_response({"error": f"days must be from 1 to {_MOST_DAYS}"}, status=400)
        self.market.advance(int(text))
        return await self._state(request)


def _asked_of(request: web.Request) -> Endpoint:
    return next(one for one in _served() if one.path == request.path)


def _served() -> tuple[Endpoint, ...]:
    """The lists, and what is asked with the same key beside them."""
    return (*ENDPOINTS.values(), *SIBLINGS)


def _body(code: int, message: str, data: object = None) -> bytes:
    answer = {"code": code, "message": message, "data": data, "requestId": str(uuid.uuid4())}
    return msgspec.json.encode(answer)


def _answer(
    request: web.Request, status: int, body: bytes, headers: Mapping[str, str]
) -> web.Response:
    fields = {**_JSON, **headers}
    accepted = request.headers.get("Accept-Encoding", "")
    if len(body) >= _SMALL and "gzip" in accepted and "Content-Encoding" not in fields:
        body = gzip.compress(body, 1)
        fields["Content-Encoding"] = "gzip"
    return web.Response(status=status, body=body, headers=fields)


async def _trickle(
    request: web.Request, status: int, body: bytes, fault: Fault
) -> web.StreamResponse:
    """Announce the whole body, send it slowly or only its beginning."""
    response = web.StreamResponse(status=status, headers={**_JSON, **fault.headers})
    response.content_length = len(body)
    await response.prepare(request)
    sent = body[: fault.cut]
    size = len(sent) // _PIECES + 1 if fault.drip is not None else max(1, len(sent))
    for start in range(0, len(sent), size):
        await response.write(sent[start : start + size])
        await asyncio.sleep(fault.drip or 0)
    if len(sent) < len(body):
        return _close(request, response)
    await response.write_eof()
    return response


def _close(request: web.Request, response: web.StreamResponse | None = None) -> web.StreamResponse:
    """End the connection under the answer."""
    if request.transport is not None:
        request.transport.close()
    return response or web.Response()


# ------------------------------------------------------------------ asking for its time


class Pace(msgspec.Struct):
    """The market's time, in seconds of Unix, and how many real seconds its days take."""

    now: float
    day_seconds: float


async def pace_of(url: str) -> Pace:
    """The pace of the market served at ``url``; ``WatcherError`` where there is none."""
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as session,
            session.get(f"{url}{CONTROL}") as response,
        ):
            return msgspec.json.decode(await response.read(), type=Pace)
    except (aiohttp.ClientError, TimeoutError, msgspec.MsgspecError):
        raise WatcherError(
            f"--market-clock: no simulated market whose days pass is at {url} (KEYAPI_URL, or "
            "api.url): start python -m watcher.source.simulator --day-seconds 5"
        ) from None
