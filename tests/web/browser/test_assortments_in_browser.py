"""Pages of sellers, categories and groups as people use them: at each width, light and dark, by
their links alone, without a script."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, expect
from playwright.async_api import Page as Tab

from tests.web.conftest import Furnished
from tests.web.serving import Page, serving
from tests.web.shop import BEAUTY, CARE, GLOW, furnish_shop
from watcher.store.sqlite.database import Database

pytestmark = [pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="session")]

PAGES = (
    "sellers", "categories?level=2", f"sellers/US/{GLOW}", f"sellers/US/{GLOW}?all=1&page=3",
    f"categories/US/{BEAUTY}?days=30&sum=products", f"categories/US/{CARE}?sort=rank",
)  # fmt: skip


@pytest_asyncio.fixture(loop_scope="session")
async def shop(tmp_path: Path) -> AsyncIterator[Page]:
    """The page of a shop."""
    path = tmp_path / "shop.db"
    with Database.open(path) as database:
        world = furnish_shop(database)
    async with serving(path, Furnished(path, world.book, world.now + 600)) as page:
        yield page


@asynccontextmanager
async def _tab(browser: Browser, width: int, scheme: str, *, script: bool) -> AsyncIterator[Tab]:
    context = await browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        java_script_enabled=script,
    )
    try:
        yield await context.new_page()
    finally:
        await context.close()


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (768, "dark"), (1440, "light")])
async def test_no_violation_and_nothing_beside_the_screen(
    browser: Browser, shop: Page, width: int, scheme: str
) -> None:
    """axe-core finds nothing, with everything unfolded; no page is wider than the screen."""
    axe = Axe()
    async with _tab(browser, width, scheme, script=True) as tab:
        for path in PAGES:
            await tab.goto(f"{shop.site.url}{path}")
            await tab.evaluate(
                "document.querySelectorAll('details').forEach(each => each.open = true)"
            )
            assert await tab.evaluate("document.documentElement.scrollWidth") <= width, path
            results = await axe.run(tab, options={"resultTypes": ["violations"]})
            assert results.violations_count == 0, (path, results.generate_report())


@pytest.mark.parametrize("path", ["sellers", "categories", f"sellers/US/{GLOW}"])
async def test_phones_sort_too(browser: Browser, shop: Page, path: str) -> None:
    """Though the cards have no heads: these are a row of links above them, large enough to press.
    Tables that nobody sorts have none there."""
    async with _tab(browser, 390, "light", script=False) as tab:
        await tab.goto(f"{shop.site.url}{path}")
        for order in ("descending", "ascending"):
            link = tab.get_by_role("link", name="7-day GMV", exact=True)
            box = await link.bounding_box()
            assert box is not None
            assert box["height"] >= 44
            await link.click()
            head = tab.locator("th[aria-sort]")
            await expect(head).to_have_attribute("aria-sort", order)
            await expect(head).to_have_text("7-day GMV")
        await tab.goto(f"{shop.site.url}watches")
        await expect(tab.locator("thead").first).to_be_hidden()


async def test_from_all_sellers_to_a_product_and_back(browser: Browser, shop: Page) -> None:
    """Sorted, turned round and leafed through by links; without a script; a sort keeps the time
    that is shown, and leads back to the first page."""
    async with _tab(browser, 1440, "light", script=False) as tab:
        await tab.goto(f"{shop.site.url}sellers")
        await tab.get_by_role("link", name="Glow <Lab>").first.click()
        await expect(tab.get_by_role("heading", level=1)).to_have_text("Glow <Lab>")
        await tab.get_by_role("link", name="30 days").click()
        await tab.get_by_role("link", name="Next page").click()
        rows = tab.locator("tr[data-key]")
        await expect(rows.first).to_contain_text("Product 70")
        await tab.get_by_role("link", name="7-day sales", exact=True).click()
        await expect(rows.first).to_contain_text("<b>")  # the least of all has a hostile name
        assert "days=30" in tab.url
        assert "page=" not in tab.url
        head = tab.locator("th[aria-sort]")
        await expect(head).to_have_attribute("aria-sort", "ascending")
        await rows.nth(1).get_by_role("link").click()
        await expect(tab.get_by_role("heading", level=1)).to_have_text("Product 2")
        await tab.get_by_role("link", name=f"Glow <Lab> ({GLOW})").first.click()
        await expect(tab.get_by_role("heading", level=1)).to_have_text("Glow <Lab>")
