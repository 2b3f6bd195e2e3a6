"""Visitors of a page: each with a token, and addresses that stand for all routes."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.web.conftest import Furnished
from tests.web.serving import Page, serving
from watcher.people import Role, digest_of
from watcher.store.sqlite.database import Database

OWNER = "0123456789abcdef-owner"
TOKENS = {role: f"{role.word}-token-0123456789" for role in Role}
REVOKED = {role: f"{role.word}-revoked-0123456789" for role in Role}
FIELD = re.compile(r'name="token" value="([^"]+)"')
# What stands for the variable parts of addresses.
PARTS = {
    "{region}": "US",
    "{id}": "1",
    "{name}": "taking-off",
    "{token}": TOKENS[Role.FEED],
    r"{id:\d{1,15}}": "1",
    "{id:A?[0-9]{1,15}}": "1",
    r"{number:[1-9]\d{0,3}}": "1",
    r"{product:\d{1,15}}": "1",
    "{key:[0-9a-f]{32}}": "0" * 32,
}


def path_of(route: str) -> str:
    """An address that the route answers, without the first slash."""
    for part, value in PARTS.items():
        route = route.replace(part, value)
    return route.removeprefix("/")


def let_in(path: Path, now: int) -> None:
    """People of each role, and as many whose tokens were revoked."""
    with Database.open(path) as store:
        for role in Role:
            store.people.add(f"the {role.word} one", role, digest_of(TOKENS[role]), now)
            gone = store.people.add(f"former {role.word}", role, digest_of(REVOKED[role]), now)
            store.people.revoke(gone.id, now)


@dataclass
class Visitors:
    """A page on which people knock."""

    page: Page
    session: aiohttp.ClientSession

    async def get(self, path: str, token: str | None = None, **headers: str) -> tuple[int, str]:
        """Status and text."""
        async with self.session.get(
            f"{self.page.site.url}{path}", headers=_with(token, headers), allow_redirects=False
        ) as answer:
            if answer.content_type == "text/event-stream":  # it has no end
                return answer.status, ""
            return answer.status, await answer.text(errors="replace")

    async def post(
        self, path: str, fields: Mapping[str, str], token: str | None = None
    ) -> tuple[int, str]:
        """Status and text of a form that is ours."""
        async with self.session.post(
            f"{self.page.site.url}{path}", data=fields, headers=_with(token, {}),
            allow_redirects=False,
        ) as answer:  # fmt: skip
            return answer.status, await answer.text()

    async def leads(self, path: str, fields: Mapping[str, str], token: str) -> str:
        """The address that a form leads to."""
        async with self.session.post(
            f"{self.page.site.url}{path}", data=fields, headers=_with(token, {}),
            allow_redirects=False,
        ) as answer:  # fmt: skip
            return answer.headers["Location"]

    async def form(self, token: str | None = None) -> str:
        """The token of a form."""
        found = FIELD.search((await self.get("silences", token))[1])
        assert found is not None
        return found[1]


def _with(token: str | None, headers: dict[str, str]) -> dict[str, str]:
    return headers if token is None else {"Authorization": f"Bearer {token}", **headers}


@asynccontextmanager
async def visited(
    path: Path, furnished: Furnished, token: str = "", *, page_url: str | None = None
) -> AsyncIterator[Visitors]:
    """The page of a copy of the furnished database."""
    async with (
        serving(
            path, furnished, token=token, page_url=page_url, draft=lambda _page: furnished.book
        ) as page,
        aiohttp.ClientSession() as session,
    ):
        yield Visitors(page, session)
