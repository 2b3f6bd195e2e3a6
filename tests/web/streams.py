"""A page's stream of events, as a browser reads it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import msgspec

from tests.web.raw import PATIENCE
from watcher.web.accept_errors import VisitorLimits

# Looks for what changed again and again, and says that it is there.
EAGER = VisitorLimits(penalty=0, patience=60, look=0.01, beat=0.05, share=1.0)


@dataclass
class Stream:
    """One that is open."""

    answer: aiohttp.ClientResponse
    last: str = ""  # the id of the last event

    async def line(self) -> str:
        """The next one; "" at the end."""
        async with asyncio.timeout(PATIENCE):
            try:
                return (await self.answer.content.readline()).decode()
            except aiohttp.ClientError:
                return ""

    async def kinds(self) -> list[str]:
        """The kinds of the next event; none where the stream ends instead."""
        while line := await self.line():
            if line.startswith("id: "):
                self.last = line.removeprefix("id: ").strip()
            if line.startswith("data: "):
                found: list[str] = msgspec.json.decode(line.removeprefix("data: "))["kinds"]
                return found
        return []

    async def ended(self) -> bool:
        """Whether it ends, whatever comes before."""
        while await self.line():
            pass
        return True


@asynccontextmanager
async def streaming(
    url: str, query: str = "", headers: Mapping[str, str] | None = None
) -> AsyncIterator[Stream]:
    """The stream of the page at ``url``, which ends with a slash."""
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(PATIENCE)) as session,
        session.get(f"{url}events{query}", headers=headers) as answer,
    ):
        yield Stream(answer)


def mark_of(page: str) -> str:
    """The mark that a page has."""
    found = re.search(r'data-mark="([0-9.]+)"', page)
    assert found is not None
    return found[1]
