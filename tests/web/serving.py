"""A served page: the real server on loopback, on a real database file."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import aiohttp
from prometheus_client.registry import Collector
from yarl import URL

from watcher.model import Instant
from watcher.page_text import PageText
from watcher.rules.rulebook import Rulebook
from watcher.store.threads import StoreReader, Writer
from watcher.web.accept_errors import VisitorLimits
from watcher.web.address import parse_page_url
from watcher.web.app import Site
from watcher.web.context import Drafts, ShownPictures, Sources

# A wrong token costs nothing, and each page has all that there is, however busy the machine.
PATIENT = VisitorLimits(penalty=0, patience=60)
_OURS = re.compile(r'<script src="(?:\./|(?:\.\./)+)static/page\.js" defer></script>')
_TOKEN = re.compile(r'name="token" value="([^"]+)"')


def but_our_script(page: str) -> str:
    """The page without the element that loads our script, which stands there once."""
    assert len(_OURS.findall(page)) == 1
    return _OURS.sub("", page)


def leads_to(page: URL, address: str) -> str:
    """The path and query that an address on a page (as the URL names it) stands for."""
    return page.join(URL(address, encoded=True)).raw_path_qs


@dataclass
class Page:
    """A site; ``ill`` is what the daemon would say of its health, where ``ask`` does not say it;
    ``woken`` counts its wakes."""

    site: Site
    sources: Sources
    ill: str | None = None
    ask: Callable[[], Awaitable[str | None]] | None = None
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
        """Status, and the path that it leads to or else the text."""
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                f"{self.site.url}{path}", data=fields, headers=headers, allow_redirects=False
            ) as answer,
        ):
            if "Location" in answer.headers:
                return answer.status, leads_to(answer.url, answer.headers["Location"])
            return answer.status, await answer.text()

    async def token(self, path: str = "silences") -> str:
        """The token of a form on a page."""
        found = _TOKEN.search((await self.get(path))[1])
        assert found is not None
        return found[1]


class Scene(Protocol):
    """The rules and the time that a page shows."""

    @property
    def book(self) -> Rulebook: ...

    @property
    def now(self) -> Instant: ...


@asynccontextmanager
async def serving(
    path: Path, world: Scene, address: str = "127.0.0.1:0", token: str = "",
    instruments: Sequence[Collector] = (), *, page_url: str | None = None,
    limits: VisitorLimits = PATIENT, pictures: ShownPictures | None = None,
    draft: Callable[[PageText], Rulebook] | None = None,
) -> AsyncIterator[Page]:  # fmt: skip
    """The page of a database, on a free port."""

    async def ill() -> str | None:
        return served.ill if served.ask is None else await served.ask()

    def wake() -> None:
        served.woken += 1

    async with Writer(path) as writer, StoreReader(path) as reader:
        sources = Sources(
            reader.run,
            writer.run,
            lambda: world.book,
            lambda: world.now,
            ill,
            wake,
            instruments,
            pictures=pictures,
            drafts=Drafts(draft, reader.run, clock=lambda: 0.0) if draft is not None else None,
        )
        url = parse_page_url(page_url) if page_url is not None else None
        served = Page(Site(sources, address, token, url, limits), sources)
        await served.site.start()
        try:
            yield served
        finally:
            await served.site.stop()
