"""Asking KeyAPI for a page: session, key, pace, retries.

One client serves all watches: its pace and its limit of requests at once hold over all of them.
The key is in the headers only: no error, log or ``repr`` shows it.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import ssl
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, Self

import aiohttp
from yarl import URL

from watcher import __version__, network
from watcher.errors import KeyRefused, SourceError, SourceUnavailable
from watcher.redaction import KeyRedaction
from watcher.retrying import backoff
from watcher.source.decoding import Page, decoder_of, failure, plain
from watcher.source.endpoint import Endpoint
from watcher.source.endpoints import PRODUCT_LIST

LONGEST_PAUSE = 15 * 60.0  # seconds, whatever Retry-After says

_TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=5, sock_read=15)
LARGEST_BODY = 8 * 2**20  # bytes, packed and unpacked
_TOO_LONG = f"the answer is longer than {LARGEST_BODY >> 20} MiB"
_LAYERS = 2  # a server and a proxy may both have packed
_GZIP = b"\x1f\x8b"
_EITHER, _BARE = zlib.MAX_WBITS | 32, -zlib.MAX_WBITS  # gzip or zlib by its head; without a head
_DEFLATE = frozenset(("deflate", "x-deflate"))
_KNOWN = _DEFLATE | {"", "identity", "gzip", "x-gzip"}
_READABLE = re.compile(rb'(?:\xef\xbb\xbf)?\s*[{\[<"]|\Z')  # as JSON or HTML begins; or empty
_CHUNK = 64 * 2**10
_MOST_REDIRECTS = 3
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_PASSING = frozenset((200, 408, 425, 429))
_FIRST_BACKOFF, _LONGEST_BACKOFF = 1.0, 30.0  # seconds
_LONGEST_INTERVAL = 60.0  # seconds between requests, however often the server complains


@dataclass(frozen=True, slots=True)
class Seams:
    """Seams for tests: clocks in seconds (``now`` since 1970), sleeping, chance in [0, 1)."""

    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Callable[[], float] = random.random


class RateLimiter:
    """Lets requests begin one after another, at most so many a second. After a "too many requests"
    nobody begins before the pause is over, and the pace is halved; each good answer then makes it a
    little faster, up to what is configured."""

    def __init__(self, requests_per_second: float, seams: Seams) -> None:
        self._shortest = self.interval = 1 / requests_per_second
        self._seams = seams
        self._next = 0.0
        self._queue = asyncio.Lock()

    async def turn(self) -> None:
        """Return when a request may begin, in the order of asking."""
        async with self._queue:
            # Again after sleeping: a pause may have begun meanwhile.
            while (wait := self._next - self._seams.clock()) > 0:
                await self._seams.sleep(wait)
            self._next = self._seams.clock() + self.interval

    def waits(self) -> float:
        """Seconds until the next one may begin."""
        return max(0.0, self._next - self._seams.clock())

    def slow_down(self, pause: float) -> None:
        self.interval = min(2 * self.interval, max(_LONGEST_INTERVAL, self._shortest))
        self._next = max(self._next, self._seams.clock() + pause)

    def speed_up(self) -> None:
        self.interval = max(0.9 * self.interval, self._shortest)


class Budget(Protocol):
    """A purse for requests, one credit each."""

    async def spend(self) -> None:
        """Pay for the attempt that comes next; raises ``BudgetSpent`` to forbid it."""

    async def refund(self) -> None:
        """Take back the last payment: the attempt never reached the server."""


class Client:
    """Reads pages over HTTP. An async context manager: the connections live within it."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        requests_per_second: float = 2,
        concurrency: int = 2,
        tries: int = 4,
        timeout: aiohttp.ClientTimeout = _TIMEOUT,
        seams: Seams | None = None,
    ) -> None:
        """``url`` is the base, without an endpoint's path: ``https://api.keyapi.ai``.

        Raises:
            KeyRefused: ``key`` is empty, or can't be a key.
        """
        self.concurrency = concurrency
        # By region: whether commissions are percentages there, as the last list told that can.
        self.percentages: dict[str, bool] = {}
        self._key = _checked_key(key)
        self._redaction = KeyRedaction(self._key)
        self._url = URL(url.rstrip("/"))
        # Of each request, not of the session: that would hand its own to a proxy, the key too.
        self._headers = {
            "Authorization": f"Bearer {self._key}",
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",  # see ``unpacked``
            "User-Agent": f"watcher/{__version__}",
        }
        self._tries = tries
        self._timeout = timeout
        self._seams = seams or Seams()
        self._pace = RateLimiter(requests_per_second, self._seams)
        self._at_once = asyncio.Semaphore(concurrency)
        self._session: aiohttp.ClientSession | None = None
        self._tls: ssl.SSLContext | bool = True
        self._proxies: dict[URL, str | None] = {}  # by origin: the environment is no quick read
        self._readers = 0
        self._retired = False

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Open the connections, for a use that no ``async with`` block fits."""
        self._session = aiohttp.ClientSession(
            timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
        )
        self._tls = network.tls_context() or True
        # aiohttp sends a GET again by itself when a kept connection drops: a request, and maybe
        # a credit, that no budget would know of. Our own tries are enough. It has no public switch.
        self._session._retry_connection = False  # noqa: SLF001

    async def close(self) -> None:
        """Close the connections, whoever reads; a second time does nothing."""
        if self._session is not None:
            await self._session.close()

    @property
    def closed(self) -> bool:
        """Whether its connections were open, and are no more."""
        return self._session is not None and self._session.closed

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """For the time of a scan: it may go on with a client that is retired meanwhile."""
        self._readers += 1
        try:
            yield
        finally:
            self._readers -= 1
            if self._retired and not self._readers:
                await self.close()

    async def retire(self) -> None:
        """Another takes its place: the connections are closed once no scan reads any more."""
        self._retired = True
        if not self._readers:
            await self.close()

    def waits(self) -> float:
        """Seconds until the next request may begin, as the source has asked for."""
        return self._pace.waits()

    async def page(
        self,
        params: Mapping[str, str],
        page_num: int,
        budget: Budget,
        endpoint: Endpoint = PRODUCT_LIST,
    ) -> Page:
        """One page of a list, asked for up to ``tries`` times; ``params`` as ``Query.params``.

        Raises:
            SourceError: of the kind that says what to do; what ``budget.spend`` raises.
        """
        asked, read = {**params, **endpoint.place(page_num)}, decoder_of(endpoint).decode
        request = _Request(endpoint, asked, budget, endpoint.path, read)
        for tried in range(1, self._tries + 1):
            outcome = await self._attempt(request)
            if isinstance(outcome, Page):
                return outcome
            if tried == self._tries or not _passes(outcome):
                raise outcome
            await self._seams.sleep(self._pause(outcome, tried))
        raise ValueError("a client needs at least one try")

    async def answer(
        self, endpoint: Endpoint, params: Mapping[str, str], budget: Budget, path: str = ""
    ) -> bytes:
        """The body of an endpoint's answer, whatever is in it, asked for once; the ``path`` may be
        another than that of its row. Raises as ``page`` does."""
        request = _Request(endpoint, params, budget, path or endpoint.path, bytes)
        outcome = await self._attempt(request)
        if isinstance(outcome, SourceError):
            raise outcome
        return bytes(outcome)

    async def _attempt(self, request: _Request) -> Any:
        """Return what the request reads, or the error; raised is only what the budget raises."""
        async with self._at_once:
            await self._pace.turn()
            await request.budget.spend()
            outcome, reached = await self._ask(request)
        if not reached:
            await request.budget.refund()
        if not isinstance(outcome, SourceError):
            self._pace.speed_up()
        elif outcome.status == 429:
            self._pace.slow_down(self._pause(outcome, 1))
        return outcome

    async def _ask(self, request: _Request) -> tuple[Any, bool]:
        """Return what the request reads or the error, and whether it reached the server."""
        # Errors are values here: an exception of aiohttp can hold the request's headers, and
        # must not go along as the cause or the context of ours.
        try:
            return await self._get(request), True
        except _NoWay as error:
            return error, False
        except SourceError as error:
            return self._redacted(error), True
        except (
            aiohttp.ClientConnectorError,
            aiohttp.ConnectionTimeoutError,
            aiohttp.ClientHttpProxyError,
        ) as error:
            return SourceUnavailable(f"can't connect to {self._via()}: {_words(error)}"), False
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            fault = SourceUnavailable(f"no whole answer from {self._url.host}: {_words(error)}")
            return self._redacted(fault), True

    async def _read(self, response: aiohttp.ClientResponse, request: _Request) -> object:
        body = await _body(response)
        if 200 <= response.status < 300:
            # Whoever echoes the key may do so anywhere, in a product's name too.
            return request.read(self._redaction.body(body))
        asked = "&".join(f"{name}={value}" for name, value in request.params.items())
        now = self._seams.now()
        raise failure(response.status, response.headers, body, now=now, asked=asked)

    async def _get(self, request: _Request) -> object:
        """Return what it reads, after redirects that stay on the host: each is one more request."""
        if self._session is None:
            raise RuntimeError("use the client as an async context manager")
        url, query = URL(f"{self._url}{request.path}"), request.params
        for redirected in range(_MOST_REDIRECTS + 1):
            if redirected:
                await self._pace.turn()
                await request.budget.spend()
            async with self._session.get(
                url,
                params=query,
                headers=self._headers,
                allow_redirects=False,
                proxy=self._proxy(url),
                ssl=self._tls,
            ) as response:
                if response.status not in _REDIRECTS:
                    return await self._read(response, request)
                url, query = self._redirect(url, response), {}
        raise SourceUnavailable("KeyAPI redirects in circles: is api.url right?", status=302)

    def _redirect(self, url: URL, response: aiohttp.ClientResponse) -> URL:
        target = url.join(URL(response.headers.get("Location", "")))
        same = target.origin() == url.origin()
        safer = target.host == url.host and (url.scheme, target.scheme) == ("http", "https")
        if not (same or safer):
            raise SourceUnavailable(
                f"KeyAPI redirects to another address ({target.origin()}): not followed, for it "
                "would be told the key",
                status=response.status,
            )
        return target

    def _proxy(self, url: URL) -> str | None:
        origin = url.origin()
        if origin not in self._proxies:
            try:
                self._proxies[origin] = network.proxy_for(str(origin))
            except ValueError as error:
                raise _NoWay(str(error)) from None
        return self._proxies[origin]

    def _via(self) -> str:
        """The host that is asked, and the proxy that lies between."""
        proxy = self._proxies.get(self._url.origin())
        between = f" through the proxy {network.name_of(proxy)}" if proxy is not None else ""
        return f"{self._url.host}{between}"

    def _pause(self, error: SourceError, tried: int) -> float:
        """Seconds to wait after a failed attempt: what the server says, else full jitter."""
        if error.retry_after is not None:
            return min(error.retry_after, LONGEST_PAUSE)
        return backoff(tried - 1, _FIRST_BACKOFF, _LONGEST_BACKOFF, self._seams.random())

    def _redacted(self, error: SourceError) -> SourceError:
        # A server may repeat the key in what it says about it.
        error.args = tuple(self._redaction(str(part)) for part in error.args)
        error.said = self._redaction(error.said)
        return error.with_traceback(None)


class _NoWay(SourceUnavailable):
    """The environment names a proxy that can't be used: no try reaches the server."""


class _Request(NamedTuple):
    endpoint: Endpoint
    params: Mapping[str, str]
    budget: Budget
    path: str
    read: Callable[[bytes], object]


def _checked_key(key: str) -> str:
    key = key.strip()
    if not key:
        raise KeyRefused("there is no key for KeyAPI: set api.key, KEYAPI_KEY or KEYAPI_TOKEN")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise KeyRefused("the key for KeyAPI holds characters that no key has: copy it again")
    return key


async def _body(response: aiohttp.ClientResponse) -> bytes:
    chunks, size = [], 0
    async for chunk in response.content.iter_chunked(_CHUNK):
        size += len(chunk)
        if size > LARGEST_BODY:
            raise SourceUnavailable(_TOO_LONG, status=200)
        chunks.append(chunk)
    return unpacked(b"".join(chunks), response.headers.get("Content-Encoding", ""))


def _passes(error: SourceError) -> bool:
    """Whether another try may help. A redirect or a 404 will be the same again."""
    if not isinstance(error, SourceUnavailable) or isinstance(error, _NoWay):
        return False
    return error.status is None or error.status in _PASSING or error.status >= 500


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it took too long"
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy answers {error.status}"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "its certificate is not valid"
    if isinstance(error, aiohttp.ClientConnectorError):
        return _os_words(error.os_error)
    return plain(f"{type(error).__name__}: {error}")


def _os_words(error: OSError) -> str:
    # asyncio's own text names the address as Python writes it.
    number = error.errno or 0
    return os.strerror(number) if number > 0 else error.strerror or "no way"


# ------------------------------------------------------------------ bodies


def unpacked(body: bytes, encoding: str) -> bytes:
    """The body as it was before the server packed it, whatever it says of that.

    The names of an ``encoding`` are many (``x-gzip``, ``GZIP``), a proxy may unpack and leave the
    header, or pack without one: so the bytes decide. What was not asked for (``br``) can't be read.

    Raises ``SourceUnavailable``: it is cut off, broken, too long or packed in an unknown way.
    """
    for _ in range(_LAYERS):
        body = _inflated(body, _EITHER) if _is_packed(body) else body
    if _READABLE.match(body):
        return body
    names = [*map(str.strip, encoding.casefold().split(","))]
    if not _DEFLATE.isdisjoint(names):
        return _inflated(body, _BARE)
    strange = next((name for name in names if name not in _KNOWN), None)
    if strange is not None:
        text = f'the answer is packed as "{strange[:20]}", which was not asked for'
        raise SourceUnavailable(text, status=200)
    return body


def _is_packed(body: bytes) -> bool:
    if body.startswith(_GZIP):
        return True
    # The head of zlib: its method, and a check over both bytes.
    return len(body) > 2 and body[0] & 0x8F == 0x08 and int.from_bytes(body[:2]) % 31 == 0


def _inflated(body: bytes, bits: int) -> bytes:
    members, size = [], 0
    while body:
        member, body = _first_member(body, bits, LARGEST_BODY - size)
        members.append(member)
        size += len(member)
    return b"".join(members)


def _first_member(body: bytes, bits: int, most: int) -> tuple[bytes, bytes]:
    """The first member, unpacked, and the others of a gzip file that has several."""
    stream = zlib.decompressobj(bits)
    try:
        member = stream.decompress(body, most + 1)
    except zlib.error:
        raise SourceUnavailable("the answer can't be unpacked", status=200) from None
    if len(member) > most:
        raise SourceUnavailable(_TOO_LONG, status=200)
    if not stream.eof:
        raise SourceUnavailable("the packed answer was cut off", status=200)
    # Anything else behind the end is nothing.
    return member, stream.unused_data if stream.unused_data.startswith(_GZIP) else b""
