"""A list as people use it: sorted, filtered, leafed through, by keyboard and without a script."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect
from playwright.async_api import Page as Tab

from tests.fakes.listed import Shelf, random_days
from tests.web.conftest import Furnished
from tests.web.serving import Page, serving
from watcher.store.sqlite.database import Database

pytestmark = [pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="session")]

PHONE, DESK = (390, 844), (1280, 900)

# Lines of the highest head and of the longest name, widths of ranges, and how much lower than its
# metric each change of the first row stands.
_MEASURED = """() => {
  const all = selector => [...document.querySelectorAll(selector)];
  const box = each => each.getBoundingClientRect();
  const lines = each => box(each).height / parseFloat(getComputedStyle(each).lineHeight);
  const cells = all("tbody tr:first-child td");
  const top = cell => { const range = document.createRange(); range.selectNodeContents(cell);
    return Math.round(range.getBoundingClientRect().top); };
  return {
    beside: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    ranges: all(".ranges fieldset").map(each => Math.round(box(each).width)),
    heads: Math.max(...all("thead th").map(head => {
      const range = document.createRange(); range.selectNodeContents(head);
      return range.getBoundingClientRect().height / parseFloat(getComputedStyle(head).lineHeight);
    })),
    names: Math.max(...all("tbody th > a").map(lines)),
    moved: cells.flatMap((cell, place) =>
      cell.matches(".beside") ? [top(cell) - top(cells[place - 1])] : []),
  };
}"""


@pytest_asyncio.fixture(loop_scope="session")
async def shelf_page(tmp_path: Path) -> AsyncIterator[Page]:
    """The page of a list of some 120 products."""
    path = tmp_path / "lists.db"
    with Database.open(path) as store:
        shelf = Shelf(store)
        for day in random_days(4, 133):
            shelf.scan(day)
        scene = Furnished(path, shelf.book, shelf.now + 60)
    async with serving(path, scene) as page:
        yield page


@asynccontextmanager
async def tab(browser: Browser, size: tuple[int, int] = DESK) -> AsyncIterator[Tab]:
    """A tab without a script."""
    width, height = size
    context = await browser.new_context(
        viewport={"width": width, "height": height}, java_script_enabled=False
    )
    try:
        page = await context.new_page()
        page.set_default_timeout(5_000)
        yield page
    finally:
        await context.close()


async def press_to(page: Tab, name: str, role: str = "link", most: int = 60) -> None:
    """Press Tab until something of that role and name has the focus."""
    wanted = page.get_by_role(role, name=name, exact=True).first  # type: ignore[arg-type]
    for _turn in range(most):
        await page.keyboard.press("Tab")
        if await wanted.and_(page.locator(":focus")).count():
            return
    raise AssertionError(f"{name} is not reached")


async def test_by_keyboard_alone(browser: Browser, shelf_page: Page) -> None:
    """From the overview to a list, sorted both ways, filtered, leafed through, with other columns,
    to the rule that selects the same."""
    async with tab(browser) as page:
        await page.goto(shelf_page.site.url)
        await press_to(page, "Watches")
        await page.keyboard.press("Enter")
        await press_to(page, "best")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_have_text("best")
        for order in ("descending", "ascending"):
            await press_to(page, "price")
            await page.keyboard.press("Enter")
            head = page.get_by_role("columnheader", name=re.compile("^price"))
            await expect(head).to_have_attribute("aria-sort", order)
        await press_to(page, "Next page", most=200)
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile(r"\?sort=spu_avg_price&page=2$"))
        await press_to(page, "Part of the name, or id", "searchbox")
        await page.keyboard.type("serum")
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile(r"\?q=serum&sort=spu_avg_price$"))
        names = await page.locator("tbody th > a").all_inner_texts()
        assert names
        assert all("serum" in name.casefold() for name in names)
        await page.locator("summary", has_text="Columns").focus()
        await page.keyboard.press("Enter")
        await press_to(page, "rating", "checkbox", 200)
        await page.keyboard.press("Space")
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile(r"cols=[^&]*product_rating"))
        await expect(page.get_by_role("columnheader", name="rating", exact=True)).to_be_visible()
        await press_to(page, "Make a rule of this")
        await page.keyboard.press("Enter")
        text = page.get_by_role("textbox")
        await expect(text).to_have_value(re.compile('product_name:\n *contains: "serum"'))


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
async def test_chosen_products_are_compared(
    browser: Browser, shelf_page: Page, size: tuple[int, int]
) -> None:
    """From anywhere in the list: the button comes along as soon as one is ticked."""
    async with tab(browser, size) as page:
        await page.goto(f"{shelf_page.site.url}watches/best")
        rows = page.locator("tr[data-key]")
        button = page.get_by_role("button", name="Compare the chosen products")
        await expect(button).not_to_be_in_viewport()
        for row in (rows.nth(1), rows.nth(3)):
            await row.locator("label").click()
        names = await rows.nth(3).locator("th > a").inner_text()
        await expect(button).to_be_in_viewport()
        await button.click()
        await expect(page).to_have_url(re.compile(r"/products/US/\d+\?compare=US"))
        await expect(page.locator(".chips")).to_contain_text(names[:20])


@pytest.mark.parametrize("width", [390, 768, 1440])
async def test_heads_fields_and_cards_are_in_line(
    browser: Browser, shelf_page: Page, width: int
) -> None:
    """Heads have two lines at most; the boxes of ranges are of one width; a change stands beside
    its metric; a name of many words takes three lines; nothing is beside the screen."""
    async with tab(browser, (width, 900)) as page:
        await page.goto(f"{shelf_page.site.url}watches/best?when=rank: {{at_least: 1}}")
        found = await page.evaluate(_MEASURED)
        assert found["beside"] == 0
        assert len({*found["ranges"]}) == 1
        assert found["names"] <= 3.2
        if width > 700:
            assert found["heads"] <= 2.5
        else:
            assert found["moved"] == [0, 0, 0]


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
async def test_ranges_and_conditions(
    browser: Browser, shelf_page: Page, size: tuple[int, int]
) -> None:
    """Are typed below what unfolds; what is wrong stands beside its field, and what was typed is
    still there."""
    async with tab(browser, size) as page:
        await page.goto(f"{shelf_page.site.url}watches/best")
        await page.get_by_text("Ranges and conditions").click()
        group = page.get_by_role("group", name="price", exact=True)
        await group.get_by_label("at least").fill("10")
        await group.get_by_label("at most").fill("12,5")
        condition = page.get_by_label("A condition of the rule language")
        await condition.fill("rank: {at_most: 100}\nnot: {spu_avg_price: {belw: 3}}")
        await page.get_by_role("button", name="Show").nth(1).click()
        await expect(page.get_by_text("line 2, column 23: not.spu_avg_price")).to_be_visible()
        await expect(group.get_by_text('"12,5"')).to_be_visible()
        await expect(group.get_by_label("at most")).to_have_value("12,5")
        await expect(condition).to_have_value(re.compile("belw"))
        await expect(condition).to_have_accessible_description(re.compile("^line 2, column 23"))
        await condition.fill("rank: {at_most: 100}")
        await group.get_by_label("at most").fill("30.5")
        await group.get_by_label("at most").press("Enter")
        await expect(page.locator(".error")).to_have_count(0)
        await expect(page).to_have_url(re.compile(r"\?when=.*&min\.spu_avg_price=10&max"))
        await expect(page.get_by_role("heading", level=2)).to_contain_text(" of ")
        await page.get_by_label("Sorted by").select_option("price, lowest first")
        await page.get_by_role("button", name="Show").first.click()
        await expect(page).to_have_url(re.compile(r"&sort=spu_avg_price$"))
        wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0


async def test_sheets_are_saved(browser: Browser, shelf_page: Page) -> None:
    """A click on CSV saves what is shown."""
    async with tab(browser) as page:
        await page.goto(f"{shelf_page.site.url}watches/best?q=serum")
        async with page.expect_download() as saving:
            await page.get_by_role("link", name="CSV", exact=True).click()
        saved = await saving.value
        assert saved.suggested_filename == "best.csv"
        lines = _lines(await saved.path())
        assert lines[0].startswith("region,product_id,name")
        assert len(lines) > 5


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8-sig").splitlines()
