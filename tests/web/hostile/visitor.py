"""A visitor that sends what it likes, and looks at all that comes back."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import aiohttp
import pytest
from multidict import CIMultiDictProxy
from yarl import URL

from tests.web.hostile.samples import PICTURE
from tests.web.serving import Page
from watcher.store.ports import Store

JPEG = b"\xff\xd8\xff small \xff\xd9"


class Desk:
    """Has a picture of every product."""

    def covers(self, _database: Store, products: Sequence[int], /) -> Mapping[int, str]:
        return dict.fromkeys(products, "https://collector.example/x.webp")

    async def present(self, covers: Mapping[int, str], /) -> Mapping[int, str]:
        return dict.fromkeys(covers, PICTURE)

    async def read(self, _cover: str, /) -> bytes | None:
        return JPEG

    def want(self, products: Sequence[int], /) -> None:
        """Nothing is fetched."""


@dataclass(frozen=True)
class Answer:
    """All of an answer."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def is_page(self) -> bool:
        return self.headers.get("Content-Type", "").startswith("text/html")


@dataclass
class Visitor:
    """One who knows the page's address."""

    page: Page
    session: aiohttp.ClientSession

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """The answer to a path that is sent as it stands."""
        return await self.send("GET", path, headers=headers)

    async def send(
        self, method: str, path: str, data: bytes | Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:  # fmt: skip
        """The answer to any request; nothing is followed."""
        url = URL(f"{self.page.site.url.rstrip('/')}{path}", encoded=True)
        async with self.session.request(
            method, url, data=data, headers=headers, allow_redirects=False
        ) as answer:
            return Answer(answer.status, answer.headers, await answer.read())


@asynccontextmanager
async def visiting(page: Page, **headers: str) -> AsyncIterator[Visitor]:
    """A visitor that keeps no cookies."""
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(headers=headers, cookie_jar=jar) as session:
        yield Visitor(page, session)


def lands(url: str, location: str) -> str:
    """The address to which a browser goes, which takes no notice of tabs and line ends, and
    backslashes for slashes."""
    bare = location.strip("\x00\x20\t\r\n\x0c")
    for sign in "\t\r\n":
        bare = bare.replace(sign, "")
    return urljoin(url, bare.replace("\\", "/"))


def stays(page: Page, path: str, location: str) -> bool:
    """Whether who is led there from the path stays on the page."""
    root = urlsplit(page.site.url)
    there = urlsplit(lands(f"{page.site.url.rstrip('/')}{path}", location))
    return (there.scheme, there.netloc) == (root.scheme, root.netloc)


def tracebacks(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Of the lines that go on to the log: aiohttp's own stop at the handler that reads them."""
    return [
        each.getMessage()
        for each in caplog.records
        if each.exc_info and logging.getLogger(each.name).propagate
    ]
