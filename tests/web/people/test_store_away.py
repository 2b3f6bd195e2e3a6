"""Who is let in while the store can't be read, or takes its time: those that were known last."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import aiohttp
import pytest

from tests.web.conftest import Furnished
from tests.web.people.visiting import TOKENS, Visitors
from tests.web.serving import PATIENT, Page, serving
from watcher.errors import StoreError
from watcher.people import Role
from watcher.store.ports import Store
from watcher.web.app import Site

T = TypeVar("T")


@dataclass
class Moody:
    """A way to read that fails, or never ends."""

    page: Page
    away: bool = False
    stuck: bool = False
    never: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self, job: Callable[[Store], T]) -> T:
        if self.away:
            raise StoreError("watcher.db: the disk is gone", "watcher.db")
        if self.stuck:
            await self.never.wait()
        return await self.page.sources.read(job)


@asynccontextmanager
async def moody(path: Path, furnished: Furnished) -> AsyncIterator[tuple[Moody, Visitors]]:
    """A page whose store has its moods."""
    async with serving(path, furnished) as page:
        store = Moody(page)
        site = Site(replace(page.sources, read=store.read), "127.0.0.1:0", "", None, PATIENT)
        await site.start()
        try:
            async with aiohttp.ClientSession() as session:
                yield store, Visitors(Page(site, page.sources), session)
        finally:
            store.never.set()
            await site.stop()


async def test_a_page_that_is_open_stays_so(copy: Path, furnished: Furnished) -> None:
    """Its health is told whatever the store does; before it was ever read nobody is let in."""
    async with moody(copy, furnished) as (store, visitors):
        store.away = True
        assert (await visitors.get("healthz"))[0] == 503
        store.away = False
        assert await visitors.get("healthz") == (200, "ok\n")
        store.away = True
        assert await visitors.get("healthz") == (200, "ok\n")
        store.away, store.stuck = False, True
        assert await visitors.get("healthz") == (200, "ok\n")


@pytest.mark.parametrize("mood", ["away", "stuck"])
async def test_a_page_that_is_shut_stays_so(peopled: Path, furnished: Furnished, mood: str) -> None:
    """Without a token nobody comes in because of that."""
    async with moody(peopled, furnished) as (store, visitors):
        assert (await visitors.get("healthz"))[0] == 401
        setattr(store, mood, True)
        assert (await visitors.get("healthz"))[0] == 401
        if mood == "away":
            assert (await visitors.get("healthz", TOKENS[Role.READ]))[0] == 200
            assert (await visitors.get("healthz", "wrong-token-0123456789"))[0] == 401
            assert (await visitors.get("feed/" + "1" * 40 + "/alerts.atom"))[0] == 404
