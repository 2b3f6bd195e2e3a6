"""Visitors that no browser would be: bytes on a connection of their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import cast

from yarl import URL

PATIENCE = 20.0  # seconds until a test is lost
HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"


@dataclass
class Visitor:
    """A connection to the page."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def reading(self) -> asyncio.ReadTransport:
        """What can be told to take nothing more."""
        return cast("asyncio.ReadTransport", self.writer.transport)

    def send(self, data: bytes) -> None:
        """Without waiting until it was taken."""
        self.writer.write(data)

    async def drip(self, data: Iterable[bytes], seconds: float) -> bytes:
        """Send piece after piece, so slowly; what came back until the page cut the connection."""
        cut = asyncio.create_task(self.rest())
        for piece in data:
            if cut.done():
                break
            with suppress(ConnectionError):
                self.writer.write(piece)
                await self.writer.drain()
            await asyncio.wait([cut], timeout=seconds)
        assert cut.done(), "it was never cut"
        return await cut

    async def answer(self) -> bytes:
        """The head of an answer, and of its body what its length says."""
        async with asyncio.timeout(PATIENCE):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
            return head + await self.reader.readexactly(length)

    async def rest(self) -> bytes:
        """All that comes until the page ends the connection."""
        found = b""
        with suppress(ConnectionError):
            async with asyncio.timeout(PATIENCE):
                while piece := await self.reader.read(1 << 16):
                    found += piece
        return found


@asynccontextmanager
async def visiting(url: str) -> AsyncIterator[Visitor]:
    """A new connection to the page at ``url``."""
    page = URL(url)
    reader, writer = await asyncio.open_connection(page.host, page.port)
    try:
        yield Visitor(reader, writer)
    finally:
        writer.transport.abort()
