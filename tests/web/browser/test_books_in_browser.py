"""The index of a server's books and a book's page in a browser."""

from __future__ import annotations

import os

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, expect

from tests.web.browser.test_browser import DESK, PHONE, tab
from tests.web.library import Library, lease_all, library, served

__all__ = ["library"]

pytestmark = pytest.mark.asyncio(loop_scope="session")
PAGES = ("", "books/a/", "books/a/silences", "books/nobodys/")


async def test_from_the_index_to_a_book_and_back(browser: Browser, library: Library) -> None:
    """By links that say where they lead; a silence is added to that book alone, and ended."""
    lease_all(library)
    async with served(library) as page, tab(browser) as seen:
        await seen.goto(page.site.url)
        books = seen.get_by_role("region", name="Table of books")
        await books.get_by_role("link", name="a", exact=True).click()
        await expect(seen).to_have_title("Overview · a · watcher")
        await seen.get_by_role("link", name="Silences").click()
        await seen.get_by_label("Rule").fill("browser-*")
        await seen.get_by_role("button", name="Silence").click()
        await expect(seen.locator(".notice")).to_contain_text("is on.")
        await expect(seen).to_have_url(f"{page.site.url}books/a/silences?notice=silenced&n=1")
        await seen.get_by_role("button", name="End silence").click()
        await expect(seen.locator(".notice")).to_contain_text("is over.")
        await seen.get_by_role("link", name="Books", exact=True).click()
        await expect(seen).to_have_url(page.site.url)
        await books.get_by_role("link", name="b", exact=True).click()
        await seen.get_by_role("link", name="Silences").click()
        await expect(seen.get_by_text("browser-*")).to_have_count(0)


async def test_nothing_wrong_with_the_index(browser: Browser, library: Library) -> None:
    """axe-core finds nothing in either scheme, and nothing is wider than a phone.

    With WATCHER_SCREENSHOTS=FOLDER in the environment, every page is left there as a picture.
    """
    lease_all(library)
    axe, folder = Axe(), os.environ.get("WATCHER_SCREENSHOTS")
    async with served(library) as page:
        for scheme, size in (("light", PHONE), ("dark", DESK)):
            async with tab(browser, size, scheme) as seen:
                for number, path in enumerate(PAGES):
                    await seen.goto(f"{page.site.url}{path}")
                    width = await seen.evaluate("document.documentElement.scrollWidth")
                    assert width <= size[0], path
                    found = await axe.run(seen, options={"resultTypes": ["violations"]})
                    assert found.violations_count == 0, (path, found.generate_report())
                    if folder:
                        await seen.screenshot(path=f"{folder}/books {number} {scheme}.png")
