"""The page of links where it may stand: behind proxies, of books, on a replica, in a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from tests.web.acting.message import FORMS, TOKEN, Told, acting, form_of
from tests.web.serving import Page, leads_to
from watcher.web.app import Site


@pytest.mark.parametrize("before", ["", "path/"])
async def test_below_a_path(tmp_path: Path, before: str) -> None:
    """Whether the proxy takes it off or keeps it, all that the page names works there."""
    async with acting(tmp_path, page_url="https://watcher.example.org/path/") as (page, made):
        root = URL(page.site.url)
        headers = {"Host": "watcher.example.org", "Origin": "https://watcher.example.org"}
        async with aiohttp.ClientSession(headers=headers) as session:
            for path in (f"act/{TOKEN}", f"act/{TOKEN}/1"):
                url = root.join(URL(f"{before}{path}"))
                async with session.get(url) as answer:
                    assert answer.status == 200
                    text = await answer.text()
                for each in text.split('href="')[1:]:
                    address = each.partition('"')[0]
                    if not address.startswith("http"):
                        way = leads_to(url, address)
                        assert way.startswith(f"/{before}"), address
                        async with session.get(root.join(URL(way, encoded=True))) as answer:
                            assert answer.status == 200, way
            (form, *_) = FORMS.findall(text)
            action = form.partition('action="')[2].partition('"')[0]
            sent = root.join(URL(leads_to(url, action), encoded=True))
            data = form_of(text, "snooze")
            async with session.post(sent, data=data, allow_redirects=False) as answer:
                assert answer.status == 303
                way = leads_to(sent, answer.headers["Location"])
                assert way == f"/{before}act/{TOKEN}/1?done=snooze"
        assert len(made.look(lambda database: database.silences.list())) == 1


async def test_stripped_without_a_page_url(tmp_path: Path) -> None:
    """A link is answered by the name that messages have for the page; no other page is."""
    async with acting(tmp_path) as (page, _):
        assert (await page.get(f"act/{TOKEN}/1", "watcher.example.org"))[0] == 200
        assert (await page.get("alerts", "watcher.example.org"))[0] == 403


async def test_on_a_replica(tmp_path: Path) -> None:
    """It shows what was told, and says that nothing can be done."""
    async with acting(tmp_path) as (page, made):
        form = form_of((await page.get(f"act/{TOKEN}/1"))[1], "snooze")
        before = made.rows()
        site = Site(replace(page.sources, readonly=True), "127.0.0.1:0")
        await site.start()
        try:
            copy = Page(site, page.sources)
            status, text = await copy.get(f"act/{TOKEN}/1")
            assert status == 200
            assert "nothing can be done here" in text
            assert not FORMS.findall(text)
            assert (await copy.post(f"act/{TOKEN}/1", form))[0] == 409
        finally:
            await site.stop()
        assert made.rows() == before


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[tuple[Page, Told]]:
    """A page with a message's links."""
    async with acting(tmp_path) as made:
        yield made


async def test_a_form_outlives_a_restart(site: tuple[Page, Told]) -> None:
    """Any daemon of a fleet takes it: who opened a message in the morning sends it at noon."""
    page, made = site
    form = form_of((await page.get(f"act/{TOKEN}/1"))[1], "snooze")
    other = Site(page.sources, "127.0.0.1:0")
    await other.start()
    try:
        assert (await Page(other, page.sources).post(f"act/{TOKEN}/1", form))[0] == 303
    finally:
        await other.stop()
    assert len(made.look(lambda database: database.silences.list())) == 1
