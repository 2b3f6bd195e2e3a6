"""A served page: the real server on loopback, on a real database file."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import aiohttp
from prometheus_client.registry import Collector

from watcher.model import Instant
from watcher.rules.rulebook import Rulebook
from watcher.store.writer import Reader, Writer
from watcher.web.app import Site, Sources

_TOKEN = re.compile(r'name="token" value="([^"]+)"')


@dataclass
class Page:
    """A site; ``ill`` is what the daemon would say of its health, ``woken`` counts its wakes."""

    site: Site
    sources: Sources
    ill: str | None = None
    woken: int = 0

    async def get(self, path: str = "", host: str | None = None) -> tuple[int, str]:
        """Status and text."""
        headers = {"Host": host} if host else {}
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.site.url}{path}", headers=headers) as answer,
        ):
            return answer.status, await answer.text()

    async def post(
        self,
        path: str,
        fields: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, str]:
        """Status, and where it leads to or else the text."""
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                f"{self.site.url}{path}", data=fields, headers=headers, allow_redirects=False
            ) as answer,
        ):
            return answer.status, answer.headers.get("Location") or await answer.text()

    async def token(self, path: str = "silences") -> str:
        """The token of a form on a page."""
        found = _TOKEN.search((await self.get(path))[1])
        assert found is not None
        return found[1]


class World(Protocol):
    """The rules and the time that a page shows."""

    @property
    def book(self) -> Rulebook: ...

    @property
    def now(self) -> Instant: ...


@asynccontextmanager
async def serving(
    path: Path, world: World, address: str = "127.0.0.1:0", token: str = "",
    instruments: Sequence[Collector] = (),
) -> AsyncIterator[Page]:  # fmt: skip
    """The page of a database, on a free port."""

    async def ill() -> str | None:
        return served.ill

    def wake() -> None:
        served.woken += 1

    async with Writer(path) as writer, Reader(path) as reader:
        sources = Sources(
            reader.run,
            writer.run,
            lambda: world.book,
            lambda: world.now,
            ill,
            wake,
            instruments,
        )
        served = Page(Site(sources, address, token), sources)
        await served.site.start()
        try:
            yield served
        finally:
            await served.site.stop()
