"""A server with furnished books, and the page of it."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

import aiohttp
import pytest
from yarl import URL

from tests.fakes.world import HEAD
from tests.postgres import create_database
from tests.web import furnished
from tests.web.serving import PATIENT, leads_to
from watcher.model import Instant
from watcher.rules.files.loading import load_text
from watcher.store.control import Control, DaemonState
from watcher.store.engine import StoreReader, Writer, open_control, open_store
from watcher.store.places import Server
from watcher.web.accept_errors import VisitorLimits
from watcher.web.address import parse_page_url
from watcher.web.app import Site
from watcher.web.context import ShownBooks, Sources
from watcher.web.server_books import ServerBooks

RULES = HEAD + furnished.RULES
_SERIAL = count()
TOKEN = "0123456789abcdef-token"
HOSTILE = '<script>alert(1)</script>"><img src=x>\x1b[31m\u202e'
PUBLIC = "https://shop.example/tools/watcher/"


@dataclass(frozen=True)
class Library:
    """A server with the furnished books ``a`` and ``b``, and ``c``, which has no rules."""

    url: str
    now: Instant
    rules: str = RULES

    def control(self) -> Control:
        return open_control(self.url)


@pytest.fixture(scope="module")
def library(postgres_server: str) -> Library:
    """Made once; daemons and leases are told anew by each test that needs some."""
    url = create_database(postgres_server, f"page{os.getpid()}_{next(_SERIAL)}")
    with open_control(url) as control:
        for book in ("a", "b", "c"):
            control.books.create(book)
        for book in ("a", "b"):
            control.books.push(
                book, {"rules.yaml": RULES.encode()}, expected=None, by=HOSTILE, comment=HOSTILE
            )
    for book in ("a", "b"):
        with open_store(Server(url, book)) as store:
            now = furnished.furnish(store).now
    return Library(url, now)


@dataclass
class HeldBook:
    """A book that is held, and what is wrong with it."""

    name: str
    ill: Callable[[], Awaitable[str | None]]
    sources: Sources | None = None


@dataclass
class Fake(ShownBooks):
    """A daemon that holds some books."""

    library: Library
    held: dict[str, HeldBook] = field(default_factory=dict)
    trouble: str | None = None

    def books(self) -> Mapping[str, HeldBook]:
        return self.held

    async def ill(self) -> str | None:
        return self.trouble


@dataclass
class Served:
    """A site of the library."""

    site: Site
    books: ServerBooks
    woken: list[str] = field(default_factory=list)

    async def get(self, path: str = "", token: str = "", basic: str = "") -> tuple[int, str]:
        """Status and text, or where it leads to."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if basic:
            headers["Authorization"] = f"Basic {base64.b64encode(basic.encode()).decode()}"
        url = URL(f"{self.site.url}{path}", encoded=True)
        async with (
            aiohttp.ClientSession() as session,
            session.get(url, headers=headers, allow_redirects=False) as answer,
        ):
            if "Location" in answer.headers:
                return answer.status, leads_to(answer.url, answer.headers["Location"])
            return answer.status, await answer.text()

    async def post(self, path: str, fields: Mapping[str, str], token: str = "") -> tuple[int, str]:
        """Status, and where it leads to or the text."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                f"{self.site.url}{path}", data=fields, headers=headers, allow_redirects=False
            ) as answer,
        ):
            if "Location" in answer.headers:
                return answer.status, leads_to(answer.url, answer.headers["Location"])
            return answer.status, await answer.text()

    async def form(self, path: str, token: str = "") -> str:
        """The token of a form on a page."""
        found = re.search(r'name="token" value="([^"]+)"', (await self.get(path, token))[1])
        assert found is not None
        return found[1]


@asynccontextmanager
async def served(
    library: Library, token: str = "", *, page_url: str | None = None,
    only: Sequence[str] | None = None, held: ShownBooks | None = None, url: str = "",
    limits: VisitorLimits = PATIENT,
) -> AsyncIterator[Served]:  # fmt: skip
    """The page of the library."""
    books = ServerBooks(
        url or library.url, held, only, clock=lambda _control, _book: lambda: library.now
    )
    address = parse_page_url(page_url) if page_url is not None else None
    site = Site(books, "127.0.0.1:0", token, address, limits)
    await site.start()
    try:
        yield Served(site, books)
    finally:
        await site.stop()
        await books.aclose()


@asynccontextmanager
async def holding(library: Library, *names: str) -> AsyncIterator[Fake]:
    """A daemon that holds these books."""
    fake = Fake(library)
    book = load_text(RULES)

    async def well() -> str | None:
        return None

    opened = []
    for name in names:
        place = Server(library.url, name)
        writer, reader = await Writer(place).start(), await StoreReader(place).start()
        opened += [writer, reader]
        sources = Sources(
            reader.run, writer.run, lambda: book, lambda: library.now, well, lambda: None
        )
        fake.held[name] = HeldBook(name, well, sources)
    try:
        yield fake
    finally:
        for each in opened:
            await each.aclose()


def lease_all(library: Library, seconds: float = 600) -> None:
    """Two daemons hold all books."""
    with library.control() as control:
        for name, page in (("d1", "https://h1.example/x"), ("d2", "javascript:alert(1)")):
            control.daemons.beat(
                DaemonState(name, f"{name}-{HOSTILE}", 7, f"0.15.{name}", page, library.now)
            )
        for book in control.leases.all():
            if not book.held:
                control.leases.take(book.book, "d2" if book.book == "b" else "d1", seconds)
