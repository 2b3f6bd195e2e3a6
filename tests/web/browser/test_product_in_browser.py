"""A product's page as people use it: several lines in one plot, on a phone, by keyboard, in
Chinese."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, expect

from tests.fakes.world import WATCH, World
from tests.store.making import SALES
from tests.web.serving import Page, serving
from watcher.store.sqlite.database import Database

pytestmark = [pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="session")]

RULES = f"""
rules:
- {{name: often, {WATCH}, when: {{{SALES}: {{at_least: 100m}}}}}}
- {{name: never, {WATCH}, when: {{spu_avg_price: {{above: 1k}}}}}}
"""
NAMES = {
    "1": '<b>Serum</b> "with" a name that goes on and on and on and on and on',
    "2": "美白精华液" * 9,
    "3": "كريم مرطب للوجه",
    "4": "W" * 120,
    "5": "Lamp",
}
OTHERS = "&".join(f"compare={key}" for key in "2345")
VIEWS = (
    "products/US/1?days=all",
    f"products/US/1?days=30&metric={SALES}&metric=spu_avg_price",
    f"products/US/1?days=90&metric={SALES}&metric=sales_trend_flag&{OTHERS}",
    f"products/US/1?days=all&{OTHERS}",
)
_OVERLAPPING = """texts => {
    const boxes = texts.map(text => [text.textContent, text.getBoundingClientRect()]);
    const apart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top
        || b.bottom <= a.top;
    return boxes.flatMap(([name, box], i) => boxes.slice(i + 1)
        .filter(([_, other]) => !apart(box, other)).map(([other]) => `${name} on ${other}`));
}"""
# The newest values are at the right edge: no label of that axis stands on them.
_ON_LINES = """texts => texts.filter(text => {
    const lines = text.closest("svg.lines").querySelector("svg:not(.tip)");
    const left = text.getBoundingClientRect().left;
    const right = text.getBoundingClientRect().right;
    return left < lines.getBoundingClientRect().right || right > innerWidth;
}).map(text => text.textContent)"""
_OUTSIDE = """texts => texts.filter(text => {
    const box = text.getBoundingClientRect();
    return box.left < 0 || box.right > innerWidth;
}).map(text => text.textContent)"""


@pytest_asyncio.fixture(loop_scope="session")
async def compared(tmp_path: Path) -> AsyncIterator[Page]:
    """Five products of long and hostile names with large numbers, gaps and alerts."""
    path = tmp_path / "watcher.db"
    with Database.open(path) as database:
        world = World(database, RULES)
        database.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('alerts', 123450)")
        for day in range(60):
            world.scan(
                {
                    key: {
                        SALES: 123_456_789.0 if (day + int(key)) % 5 == 0 else 20.0 + day,
                        "total_sale_30d_cnt": 5e8, "total_sale_90d_cnt": 9e8,
                        "spu_avg_price": 1_234.56 + day, "sales_trend_flag": day % 3,
                    }
                    for key in NAMES
                    if (day + 3 * int(key)) % 20
                }
            )  # fmt: skip
        for key, name in NAMES.items():
            database.execute(
                "UPDATE products SET product_name = ?, currency = 'USD' WHERE product_id = ?",
                (name, key),
            )
        async with serving(path, world) as served:
            yield served


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
async def test_no_label_lies_on_another(browser: Browser, compared: Page, locale: str) -> None:
    """On two axes, with alerts side by side; what is pointed at is inside of the window."""
    for width in (320, 390, 1440):
        context = await browser.new_context(
            viewport={"width": width, "height": 844}, locale=locale, java_script_enabled=False
        )
        page = await context.new_page()
        for view in VIEWS:
            await page.goto(f"{compared.site.url}{view}")
            for plot in await page.locator("svg.lines").all():
                for labels in (".tick", ".name, .day"):
                    shown = plot.locator(labels)
                    assert await shown.count() >= 2
                    assert await shown.evaluate_all(_OVERLAPPING) == [], (width, view, labels)
            beside = page.locator("svg.lines:has(.right) .right")
            assert await beside.count() or view not in VIEWS[1:2]
            assert await beside.evaluate_all(_ON_LINES) == [], (width, view)
            moving = page.locator(".point text, .mark .tip")
            assert await moving.evaluate_all(_OUTSIDE) == [], (width, view)
            wide = await page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, view
        await context.close()


async def test_what_is_pointed_at_is_read(browser: Browser, compared: Page) -> None:
    """By pointer and by keyboard: all lines at that time, and only one time at once."""
    context = await browser.new_context(
        viewport={"width": 390, "height": 844}, java_script_enabled=False
    )
    page = await context.new_page()
    await page.goto(f"{compared.site.url}products/US/1?days=90&{OTHERS}")
    points = page.locator(".point")
    box = points.nth(3).locator(".box")
    await expect(box).to_have_css("opacity", "0")
    await points.nth(3).focus()
    await expect(box).to_have_css("opacity", "1")
    label = await points.nth(3).get_attribute("aria-label")
    assert label is not None
    assert label.count(";") == 4
    await page.keyboard.press("Tab")
    await expect(box).to_have_css("opacity", "0")
    await expect(points.nth(4).locator(".box")).to_have_css("opacity", "1")
    await context.close()


async def test_compared_without_a_script(browser: Browser, compared: Page) -> None:
    """From a search to two products, a third beside them, a metric more, other days, and back."""
    context = await browser.new_context(java_script_enabled=False, locale="en")
    page = await context.new_page()
    await page.goto(f"{compared.site.url}products?q=a")
    await page.get_by_label("Compare Lamp").check()
    await page.get_by_label("Compare <b>Serum").check()
    await page.get_by_role("button", name="Compare the chosen products").click()
    legend = page.get_by_role("list", name="Legend")
    await expect(legend).to_contain_text("Serum")
    await expect(legend).to_contain_text("Lamp")
    await page.get_by_role("searchbox").fill("美白")
    await page.locator("#past").get_by_role("button", name="Find").click()
    await page.locator(".chosen .found a").first.click()
    await expect(legend.locator(".name")).to_have_count(3)
    await page.get_by_label("Another metric").select_option("spu_avg_price")
    await page.get_by_role("button", name="Add to the plot").click()
    await expect(page.locator("svg.lines")).to_have_count(2)
    await page.get_by_text("From one day to another").click()
    await page.get_by_label("From day").fill("2023-12-01")
    await page.get_by_label("To day").fill("2023-12-10")
    await page.locator(".spans").get_by_role("button", name="Show").click()
    await expect(page.get_by_role("heading", name="2023-12-01 to 2023-12-10")).to_have_count(2)
    await page.get_by_role("link", name="Compare no more with Lamp").click()
    await expect(legend.first.locator(".name")).to_have_count(2)
    await context.close()


async def test_no_violation_of_accessibility(browser: Browser, compared: Page) -> None:
    """Light and dark, with everything unfolded."""
    axe = Axe()
    for scheme, view in itertools.product(("light", "dark"), (VIEWS[1], VIEWS[2])):
        context = await browser.new_context(
            viewport={"width": 390, "height": 844},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        page = await context.new_page()
        await page.goto(f"{compared.site.url}{view}")
        await page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        found = await axe.run(page, options={"resultTypes": ["violations"]})
        assert found.violations_count == 0, (scheme, view, found.generate_report())
        await context.close()
