"""The simulated market on loopback: the endpoint of KeyAPI, and faults on demand."""

from __future__ import annotations

import asyncio
import gzip
import hmac
import time
import uuid
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Self

import aiohttp
import msgspec
from aiohttp import web

from watcher.errors import WatcherError
from watcher.source.endpoints import PRODUCT_LIST
from watcher.source.simulator.faults import Fault, Paging, Weather
from watcher.source.simulator.market import BadParameter, Market
from watcher.units import DAY

CONTROL = "/simulator"
_JSON = {"Content-Type": "application/json; charset=utf-8"}
_SMALL = 1_400  # bytes: compressing less than a packet gains nothing
_PIECES = 20
_REMEMBERED = 10_000
_MOST_DAYS = 3_650
_TIMEOUT = aiohttp.ClientTimeout(total=10)


class Simulator:
    """Serves a market on 127.0.0.1 within ``async with``; ``port`` 0 takes a free one.

    ``credits`` (pages that may still be given, then 402) and ``per_second`` (requests in any
    second, then 429) are unlimited where None. ``paging`` is how it takes ``page_num``, and
    ``weather`` brings faults beside those that are queued in ``faults``. ``requests`` counts what
    reached the endpoint, ``asked`` has the parameters of the last of them.
    """

    def __init__(
        self,
        market: Market,
        key: str = "demo-key",
        *,
        port: int = 0,
        credits: int | None = None,  # noqa: A002 - the vendor's word
        per_second: int | None = None,
        weather: Weather | None = None,
    ) -> None:
        self.market = market
        self.requests = 0
        self.pages = 0
        self.asked: deque[dict[str, str]] = deque(maxlen=_REMEMBERED)
        self.faults: list[Fault] = []
        self.credits = credits
        self.per_second = per_second
        self.paging = Paging.TRUE
        self.weather = weather
        self._key = key
        self.port = port
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
        app.router.add_get(PRODUCT_LIST.path, self._list)
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
        fault = self._fault(request.query.get("page_num", "")) or Fault()
        await asyncio.sleep(fault.delay)
        return await self._reply(request, fault)

    def _fault(self, page: str) -> Fault | None:
        for fault in self.faults:
            if fault.page is None or str(fault.page) == page:
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
                return fault
        if self.weather is None or not page.isdigit():
            return None
        return self.weather.next(int(page))

    def _page(
        self, request: web.Request, instead: int | None = None
    ) -> tuple[int, bytes, Mapping[str, str]]:
        """Status, body and headers of the answer to a request, or to one for another page."""
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self._key}".encode()):
            return 401, _body(401, "invalid api key"), {}
        if self._too_many(asyncio.get_running_loop().time()):
            return 429, _body(429, "too many requests"), {"Retry-After": "1"}
        if len(set(request.query)) < len(request.query):
            return 400, _body(400, "a parameter is given twice"), {}
        try:
            products = self._products(request.query, instead)
        except BadParameter as error:
            return 400, _body(400, f"invalid parameter: {error}"), {}
        if self.credits is not None and self.pages >= self.credits:
            return 402, _body(402, "credits used up"), {}
        self.pages += 1
        return 200, _body(0, "success", products), {}

    def _products(self, asked: Mapping[str, str], instead: int | None) -> list[dict[str, object]]:
        page = 1 if self.paging is Paging.IGNORED else instead
        products = self.market.answer(asked if page is None else {**asked, "page_num": str(page)})
        number = int(asked["page_num"])
        if self.paging is Paging.CLAMPED and not products and number > 1:
            return self._products({**asked, "page_num": str(number - 1)}, None)
        return products

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
        if fault.status is not None or fault.body is not None:
            status = fault.status or 200
            told = fault.body if fault.body is not None else _body(status, "simulated fault")
            body = told.encode() if isinstance(told, str) else told
            return _answer(request, status, body, fault.headers)
        status, body, headers = self._page(request, fault.instead)
        body = body if fault.edit is None else fault.edit(body)
        if fault.drip is None and fault.cut is None:
            return _answer(request, status, body, {**headers, **fault.headers})
        return await _trickle(request, status, body, fault)

    async def _state(self, _request: web.Request) -> web.Response:
        state: dict[str, object] = {
            "day": self.market.day.isoformat(),
            "products": len(self.market),
            "requests": self.requests,
            "pages": self.pages,
        }
        if self._day_seconds is not None:
            today = datetime.combine(self.market.day, datetime.min.time(), UTC).timestamp()
            passed = (time.monotonic() - self._day_began) / self._day_seconds
            state |= {"now": today + min(passed, 1) * DAY, "day_seconds": self._day_seconds}
        return web.json_response(state)

    async def _advance(self, request: web.Request) -> web.Response:
        text = request.query.get("days", "1")
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= _MOST_DAYS):
            return web.json_response({"error": f"days must be from 1 to {_MOST_DAYS}"}, status=400)
        self.market.advance(int(text))
        return await self._state(request)


def _body(code: int, message: str, products: list[dict[str, object]] | None = None) -> bytes:
    answer = {"code": code, "message": message, "data": products, "requestId": str(uuid.uuid4())}
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
    sent = body if fault.cut is None else body[: fault.cut]
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
