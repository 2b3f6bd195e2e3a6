"""Fetching a picture from where the vendor keeps them, and from nowhere else.

An address comes out of an answer, so it is not trusted: its host must be the vendor's, what the
name leads to no address of a private network, and nothing is followed to another place. No key
goes along.
"""

from __future__ import annotations

import asyncio
import socket

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from watcher import __version__, network
from watcher.errors import SourceUnavailable
from watcher.source.picture_hosts import PictureHosts, host_of, is_public

LARGEST = 5 * 2**20  # bytes of a picture
_TIMEOUT = aiohttp.ClientTimeout(total=10, sock_connect=5, sock_read=5)
_KINDS = ("image/jpeg", "image/png", "image/webp")
_UNNAMED = ("application/octet-stream", "binary/octet-stream")  # as buckets say of what they keep
_CHUNK = 64 * 2**10
_AT_ONCE = 4


class PictureRefused(SourceUnavailable):
    """An address that is not asked, or whose host will say the same again."""


class PublicOnly(AbstractResolver):
    """Finds the addresses of the hosts that pictures come from, as far as they are public. Of a
    proxy, which is the only other one that is asked about, the user has said where it is."""

    def __init__(self, hosts: PictureHosts, inner: AbstractResolver) -> None:
        self._hosts, self._inner = hosts, inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        if not self._hosts.names(host.casefold()):
            return found
        public = [each for each in found if is_public(each["host"])]
        if not public:
            raise OSError(f"{host} is at no public address")
        return public

    async def close(self) -> None:
        await self._inner.close()


class PictureFetcher:
    """Fetches pictures of products; its connections are opened by the first one."""

    def __init__(
        self,
        hosts: PictureHosts,
        timeout: aiohttp.ClientTimeout = _TIMEOUT,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self.hosts = hosts
        self._timeout, self._resolver = timeout, resolver
        self._session: aiohttp.ClientSession | None = None
        self._turn = asyncio.Semaphore(_AT_ONCE)

    @property
    def is_open(self) -> bool:
        """Whether it has asked anybody so far."""
        return self._session is not None

    async def close(self) -> None:
        """Close its connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def fetch(self, address: str) -> bytes:
        """The content, whatever is in it; ``PictureRefused`` where asking again is of no use,
        ``SourceUnavailable`` where it may be."""
        if not self.hosts.allow(address):
            raise PictureRefused(f"{host_of(address)} is not the vendor's: not asked for pictures")
        async with self._turn:
            try:
                return await self._get(URL(address, encoded=True))
            except SourceUnavailable:
                raise
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                # Only the kind: the text would have the address, whose query is a signature.
                kind = type(error).__name__
                raise SourceUnavailable(f"no picture from {host_of(address)}: {kind}") from None

    async def _get(self, url: URL) -> bytes:
        if self._session is None:
            self._session = self._opened()
        async with self._session.get(
            url, allow_redirects=False, proxy=network.proxy_for(str(url.origin()))
        ) as response:
            status, kind = response.status, response.content_type
            if status >= 500 or status in (408, 429):
                raise SourceUnavailable(f"{url.host} answers {status}", status=status)
            if status != 200:  # a redirect, too: nothing is asked of another place
                raise PictureRefused(f"{url.host} answers {status}", status=status)
            if kind not in _KINDS and kind not in _UNNAMED:
                raise PictureRefused(f"{url.host} answers with {kind[:40]}", status=status)
            if (response.content_length or 0) > LARGEST:
                raise PictureRefused(f"a picture of {url.host} is too large", status=status)
            return await _whole(response)

    def _opened(self) -> aiohttp.ClientSession:
        resolver = PublicOnly(self.hosts, self._resolver or aiohttp.ThreadedResolver())
        connector = aiohttp.TCPConnector(
            resolver=resolver, limit=_AT_ONCE, ssl=network.tls_context() or True
        )
        return aiohttp.ClientSession(
            connector=connector,
            timeout=self._timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # a small body might become a very large one
            headers={
                "Accept": ", ".join(_KINDS),
                "Accept-Encoding": "identity",
                "User-Agent": f"watcher/{__version__}",
            },
        )


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        content += chunk
        if len(content) > LARGEST:
            raise PictureRefused(f"a picture of {response.url.host} is too large", status=200)
    return bytes(content)
