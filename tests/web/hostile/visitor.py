"""A visitor that sends what it likes, and looks at all that comes back."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import aiohttp
import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from tests.web import raw
from tests.web.hostile.asked import ANY, Asked
from tests.web.hostile.market import harmless
from tests.web.hostile.samples import AFTER, NAMES, PICTURE, address, fields_of
from tests.web.hostile.structure import names_asked
from tests.web.serving import Page
from watcher.store.ports import Store

_TOKEN = re.compile(r'name="token" value="([^"]+)"')
_ROUNDS = 3
FORM = "application/x-www-form-urlencoded"
EVERYWHERE = frozenset(("language", "notice", "n"))
COMMON = "/products"
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

    async def post(
        self, path: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Answer:
        """The answer to a form as a page of ours sends it."""
        given = {"Content-Type": FORM, **(headers or {})}
        return await self.send("POST", path, urlencode(fields).encode(), given)

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


async def line(page: Page, request: str) -> Answer:
    """The answer to a request as it stands on the line; without a body it needs no empty line at
    its end."""
    async with raw.visiting(page.site.url) as visitor:
        whole = request if "\r\n\r\n" in request else f"{request}\r\n"
        visitor.send(whole.encode("latin-1", "replace"))
        head, _, body = (await visitor.answer()).partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = CIMultiDict(_header(each) for each in lines)
    return Answer(int(first.split()[1]), CIMultiDictProxy(headers), body)


def _header(text: str) -> tuple[str, str]:
    name, _, value = text.partition(": ")
    return name, value


async def token_on(
    visitor: Visitor, path: str = "/silences", headers: Mapping[str, str] | None = None
) -> str:
    """The token of a form on a page."""
    found = _TOKEN.search((await visitor.get(path, headers)).text)
    assert found is not None
    return found[1]


async def ready(
    visitor: Visitor,
    form: str,
    token: str,
    headers: Mapping[str, str] | None = None,
    base: str = "",
) -> dict[str, str]:
    """The fields of a form in the harmless market, without its token; what must have been done
    before it is done."""
    fields = fields_of(form, harmless)
    if form in AFTER:
        first, name = AFTER[form]
        path = f"{base}{address(first, harmless)}"
        done = await visitor.post(path, {**fields_of(first, harmless), "token": token}, headers)
        fields[name] = parse_qs(urlsplit(done.headers["Location"]).query)[name][0]
    return fields


async def queries_of(visitor: Visitor, path: str, asked: Asked, route: str) -> Sequence[str]:
    """The names of all that a page's query may say: what it looks for, what its own links and
    forms say, and what it looks for then. Those that all pages look for are of one alone."""
    known, said = set[str](), set[str]()
    waiting = [path]
    for _ in range(_ROUNDS):
        for each in waiting:
            answer = await visitor.get(each)
            if answer.is_page:
                said |= set(names_asked(answer.text, path))
        found = (asked.by_route[route] | said) - {ANY}
        if found == known:
            break
        waiting = [f"{path}?{urlencode({name: '1'})}" for name in sorted(found - known)]
        known = found
    if ANY in asked.by_route[route]:
        known |= {*NAMES[route]}
    return sorted(known if path == COMMON else known - EVERYWHERE) or ["nothing"]


def lands(url: str, location: str) -> str:
    """The address to which a browser goes, which takes no notice of tabs and line ends, and
    backslashes for slashes."""
    bare = location.strip("\x00\x20\t\r\n\x0c")
    for sign in "\t\r\n":
        bare = bare.replace(sign, "")
    return urljoin(url, bare.replace("\\", "/"))


def leads_out(page: Page, path: str, answer: Answer, below: str = "/") -> str:
    """The place beside the page, or not below that path of it, to which the answer to ``path``
    leads; "" where there is none."""
    if "Location" not in answer.headers:
        return ""
    root = urlsplit(page.site.url)
    there = lands(f"{page.site.url.rstrip('/')}{path}", answer.headers["Location"])
    parts = urlsplit(there)
    own = (parts.scheme, parts.netloc) == (root.scheme, root.netloc)
    return "" if own and parts.path.startswith(below) and parts.path[:2] != "//" else there


def tracebacks(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Of the lines that go on to the log: aiohttp's own stop at the handler that reads them."""
    return [
        each.getMessage()
        for each in caplog.records
        if each.exc_info and logging.getLogger(each.name).propagate
    ]
