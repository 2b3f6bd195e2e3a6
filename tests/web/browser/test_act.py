"""The page of links in a browser: on a phone without scripts, and opened by a scanner's browser."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Error, expect
from playwright.async_api import Page as Tab
from yarl import URL

from tests.web.acting.message import TOKEN, acting
from tests.web.browser.conftest import OUTSIDE

pytestmark = [pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="session")]

PASSWORD = "sesame-open-sesame"
# Those of charts, too, whose links are of another kind.
_ADDRESSES = "all => all.map(one => new URL(one.getAttribute('href'), one.baseURI).href)"
PICTURES = os.environ.get("WATCHER_ACT_PICTURES")  # a folder to look at them


@asynccontextmanager
async def phone(browser: Browser, scheme: str = "light", *, script: bool) -> AsyncIterator[Tab]:
    """A tab of a phone's size."""
    context = await browser.new_context(
        viewport={"width": 390, "height": 844},
        color_scheme="dark" if scheme == "dark" else "light",
        java_script_enabled=script,
    )
    try:
        yield await context.new_page()
    finally:
        await context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_on_a_phone(browser: Browser, tmp_path: Path, scheme: str) -> None:
    """Each button does its thing and can be undone, by plain HTTP and a name of the network, where
    browsers say of their forms only that they come from nowhere."""
    async with (
        acting(tmp_path, token=PASSWORD) as (page, made),
        phone(browser, scheme, script=False) as tab,
    ):
        url = f"http://{OUTSIDE}:{URL(page.site.url).port}/act/{TOKEN}/1"
        await tab.goto(url)
        if PICTURES:
            await tab.screenshot(path=f"{PICTURES}/act-{scheme}.png", full_page=True)
        wide = await tab.locator("html").bounding_box()
        assert wide is not None
        assert wide["width"] <= 390
        for button, said, undone in (
            ("Snooze for 7 days", "Snoozed for 7 days.", "Snoozed until"),
            ("Follow", "Followed: its numbers", "Followed"),
            ("Acknowledge", "Acknowledged: there are no", "Acknowledged"),
        ):
            await tab.get_by_role("button", name=button).click()
            await expect(tab.locator(".notice")).to_contain_text(said)
            done = tab.locator("li", has=tab.locator(".is-done", has_text=undone))
            await done.get_by_role("button", name="Undo").click()
            await expect(tab.locator(".notice")).to_have_text("Undone.")
        await tab.get_by_role("button", name="Never again by sells [well]").click()
        await expect(tab.locator(".notice")).to_contain_text("Excluded")
        if PICTURES:
            await tab.screenshot(path=f"{PICTURES}/act-done-{scheme}.png", full_page=True)
        await tab.reload()  # sends nothing again
        (never, snooze) = made.look(lambda database: database.silences.list())
        assert never.is_endless
        assert not snooze.is_on(made.now)


async def test_for_everybody(browser: Browser, tmp_path: Path) -> None:
    """Nothing stands in the way of who reads by a screen reader or by keyboard."""
    async with acting(tmp_path) as (page, _), phone(browser, script=True) as tab:
        for path in (f"act/{TOKEN}", f"act/{TOKEN}/1", "act/x"):
            await tab.goto(f"{page.site.url}{path}")
            found = await Axe().run(tab)
            assert found.violations_count == 0, found.generate_report()


async def test_a_scanners_browser(browser: Browser, tmp_path: Path) -> None:
    """It loads all, follows every address that pages name, and clicks nothing: no write."""
    async with acting(tmp_path) as (page, made), phone(browser, script=True) as tab:
        before, seen = made.rows(), set[str]()
        new = {f"{page.site.url}act/{TOKEN}", f"{page.site.url}act/{TOKEN}/1"}
        while new and len(seen) < 60:
            address = new.pop()
            seen.add(address)
            try:
                assert await tab.goto(address) is not None
            except Error as error:  # a file, which is kept and not shown
                assert "Download is starting" in error.message  # noqa: PT017
                continue
            links = await tab.eval_on_selector_all("[href]", _ADDRESSES)
            # A place on the page that is open is no address to load: going there is no answer.
            pages = {str(URL(each).with_fragment(None)) for each in links}
            new |= {each for each in pages if each.startswith(page.site.url)} - seen
        assert len(seen) > 20
        assert made.rows() == before
        assert page.woken == 0
