"""The page as people use it: clicked through, by keyboard, on a phone, light and dark."""

from __future__ import annotations

import itertools
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, expect
from playwright.async_api import Page as Tab

from tests.fakes.world import WATCH, World
from tests.store.making import SALES
from tests.web.browser.conftest import OUTSIDE
from tests.web.conftest import Furnished
from tests.web.furnished import BAD_RULE
from tests.web.serving import Page, serving
from tests.web.test_proxies import NGINX, Example, before
from watcher.message import NotificationState
from watcher.store.sqlite.database import Database

pytestmark = [pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="session")]

RULES = f"rules:\n- {{name: r, {WATCH}, when: {{{SALES}: {{at_least: 1m}}}}}}"
PHONE, DESK = (390, 844), (1280, 900)
PAGES = (
    "",
    "watches",
    "watches/taking-off",
    "watches/taking-off?cols=rank,discount&q=serum&when=spu_avg_price%3A%20x&sort=-product_name",
    "watches/taking-off/rule?q=serum",
    "rules",
    "scores",
    "rules/taking-off",
    f"rules/{quote(BAD_RULE, safe='')}",
    "alerts?state=over",
    "products?q=serum",
    "products/US/1",
    "outbox",
    "outbox/2",
    "silences?notice=silenced&n=1",
    "nowhere",
)


@asynccontextmanager
async def tab(
    browser: Browser, size: tuple[int, int] = DESK, scheme: str = "light", *, script: bool = True
) -> AsyncIterator[Tab]:
    """A tab that fails the test on what the browser complains about: a script, a style, a load
    that the policy forbids."""
    complaints: list[str] = []
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        java_script_enabled=script,
    )
    try:
        page = await context.new_page()
        page.set_default_timeout(5_000)
        page.on(
            "console",
            lambda said: (
                complaints.append(said.text)
                if said.type in ("error", "warning") and "404" not in said.text
                else None
            ),
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
    finally:
        await context.close()
    assert complaints == []


async def test_click_through(browser: Browser, served: Page) -> None:
    """From what fires to its product, its rule, its message, without a script."""
    async with tab(browser, script=False) as page:
        await page.goto(served.site.url)
        await page.get_by_role("link", name="Serum").first.click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Serum")
        await page.get_by_role("link", name="7-day GMV").first.click()
        await expect(page.get_by_role("heading", name="7-day GMV, last 90 days")).to_be_visible()
        await page.get_by_role("link", name="400 days").click()
        await page.get_by_label("Another metric").select_option("earnings")
        await page.get_by_role("button", name="Show").click()
        await expect(page.get_by_role("heading", name="earnings, last 400 days")).to_be_visible()
        await page.get_by_role("link", name="taking-off").first.click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("taking-off")
        await page.get_by_role("link", name="[critical]").first.click()
        await expect(page.get_by_role("heading", name="What it says")).to_be_visible()
        for name in ("Overview", "Alerts", "Rules", "Products", "Outbox", "Silences"):
            pages = page.get_by_role("navigation", name="Pages")
            await pages.get_by_role("link", name=name).click()
            await expect(page.get_by_role("heading", level=1)).to_contain_text(name)


async def test_silence_and_end_it(browser: Browser, served: Page) -> None:
    """From the rule's page, for three days, with a comment."""
    async with tab(browser, script=False) as page:
        await page.goto(f"{served.site.url}rules/taking-off")
        await page.get_by_text("Silence this rule").click()
        await page.get_by_label("For").select_option("3 days")
        await page.get_by_label("Comment").fill("sale week")
        await page.get_by_role("button", name="Silence").click()
        await expect(page.locator(".notice")).to_have_text("Silence 1 is on.")
        await expect(page.get_by_text("sale week")).to_be_visible()
        (silence,) = await served.sources.read(lambda database: database.silences.list())
        assert silence.ends - silence.begins == 3 * 86_400
        await page.get_by_role("button", name="End silence 1").click()
        await expect(page.locator(".notice")).to_have_text("Silence 1 is over.")
        assert await page.get_by_text("sale week").count() == 0


async def test_a_form_from_another_machine(
    browser: Browser, furnished: Furnished, tmp_path: Path
) -> None:
    """By a name of the network, with the token as password, without HTTPS: there a browser says
    where a form comes from in another way than on loopback."""
    path = Path(shutil.copy(furnished.path, tmp_path))
    async with serving(path, furnished, "0.0.0.0:0", "a-token-of-the-page") as served:
        port = served.site.url.rstrip("/").rpartition(":")[2]
        context = await browser.new_context(
            http_credentials={"username": "me", "password": "a-token-of-the-page"}
        )
        page = await context.new_page()
        await page.goto(f"http://{OUTSIDE}:{port}/silences")
        await page.get_by_label("Rule").fill("*")
        await page.get_by_role("button", name="Silence").click()
        await expect(page.locator(".notice")).to_have_text("Silence 1 is on.")
        await context.close()


async def test_a_form_through_a_proxy(
    browser: Browser, furnished: Furnished, tmp_path: Path
) -> None:
    """Below a path, without HTTPS: styled, and its forms are its own and lead back."""
    text = NGINX[0].replace("443 ssl", "80").replace("server_name example.com", "server_name _")
    text = re.sub(r"ssl_certificate.*", "", text)
    example = Example("nginx", text, f"http://{OUTSIDE}/watcher/")
    async with before(example, furnished, tmp_path) as (_, url), tab(browser, script=False) as page:
        await page.goto(f"{url}rules/taking-off")
        await expect(page.locator(".bar")).to_have_css("border-bottom-style", "solid")
        await page.get_by_text("Silence this rule").click()
        await page.get_by_role("button", name="Silence").click()
        await expect(page.locator(".notice")).to_have_text("Silence 1 is on.")
        assert page.url == f"{url}rules/taking-off?notice=silenced&n=1"


async def test_retry_and_drop(browser: Browser, served: Page) -> None:
    """One is dropped, then all that are dead are sent again."""
    async with tab(browser, script=False) as page:
        await page.goto(f"{served.site.url}outbox")
        await page.get_by_role("button", name="Drop message").first.click()
        await expect(page.locator(".notice")).to_have_text("1 message was dropped.")
        await page.get_by_role("button", name="Retry all 1 dead").click()
        await expect(page.locator(".notice")).to_have_text("1 message is sent again.")
        assert page.url.endswith("/outbox?notice=retried&n=1")
    counts = await served.sources.read(lambda database: database.outbox.counts())
    assert counts[NotificationState.DEAD] == 0
    assert counts[NotificationState.DROPPED] == 1
    assert served.woken == 2


async def test_by_keyboard_alone(browser: Browser, served: Page) -> None:
    """The way to the content, along the plot's points, and through a silence."""
    async with tab(browser) as page:
        await page.goto(f"{served.site.url}products/US/1")
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        await expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
        await page.keyboard.press("Enter")
        await _tab_to(page, "Skip the plot's points")
        await page.keyboard.press("Tab")
        point = page.locator(".point").first
        await expect(point).to_be_focused()
        await expect(point.locator("text")).to_have_css("opacity", "1")
        label = await point.get_attribute("aria-label")
        assert label is not None
        assert label.endswith(": average 20")
        await page.keyboard.press("Tab")
        await expect(point.locator("text")).to_have_css("opacity", "0")
        await page.keyboard.press("Shift+Tab")
        await page.keyboard.press("Shift+Tab")
        await page.keyboard.press("Enter")  # over the points
        await _tab_to(page, "All values as a table")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("region", name="Values of 7-day sales")).to_be_visible()
        await _tab_to(page, "Silence this product")
        await page.keyboard.press("Enter")
        await _tab_to(page, "Comment")
        await page.keyboard.type("by hand")
        await page.keyboard.press("Enter")
        await expect(page.locator(".notice")).to_have_text("Silence 1 is on.")


async def test_values_under_the_pointer(browser: Browser, served: Page) -> None:
    """Anywhere over the plot, the value in force there is shown."""
    async with tab(browser, script=False) as page:
        await page.goto(f"{served.site.url}products/US/1")
        point = page.locator(".point").last
        await point.locator("rect").hover()
        await expect(point.locator("text")).to_have_css("opacity", "1")
        mark = page.locator(".mark").first
        await mark.locator(".hit").hover()
        await expect(mark.locator(".tip")).to_have_css("opacity", "1")


async def test_no_violation_of_accessibility(browser: Browser, served: Page) -> None:
    """axe-core finds nothing, on any page, light and dark, with everything unfolded."""
    axe = Axe()
    all_: dict[str, object] = {"resultTypes": ["violations"]}
    colours = {**all_, "runOnly": ["color-contrast"]}  # all that the scheme changes
    for scheme, size, options in (("light", PHONE, all_), ("dark", DESK, colours)):
        async with tab(browser, size, scheme) as page:
            for path in PAGES:
                await page.goto(f"{served.site.url}{path}")
                await page.evaluate(
                    "document.querySelectorAll('details').forEach(each => each.open = true)"
                )
                results = await axe.run(page, options=options)
                assert results.violations_count == 0, (path, scheme, results.generate_report())


async def test_no_label_runs_into_its_value(browser: Browser, served: Page) -> None:
    """On a phone a table's rows are cards: the longest label ends before the value begins."""
    async with tab(browser, PHONE) as page:
        for path in ("", "watches", "rules"):
            await page.goto(f"{served.site.url}{path}")
            free = await page.eval_on_selector_all(
                ".cards td[data-label]",
                """cells => cells.map(cell => {
                    const style = getComputedStyle(cell, "::before");
                    return parseFloat(getComputedStyle(cell).paddingLeft) - parseFloat(style.width);
                })""",
            )
            assert min(free) >= 4, (path, free)


_OVERLAPPING = """texts => {
    const boxes = texts.map(text => [text.textContent, text.getBoundingClientRect()]);
    const apart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top
        || b.bottom <= a.top;
    return boxes.flatMap(([name, box], i) => boxes.slice(i + 1)
        .filter(([_, other]) => !apart(box, other)).map(([other]) => `${name} on ${other}`));
}"""
_OUTSIDE = """texts => texts.filter(text => {
    const box = text.getBoundingClientRect();
    return box.left < 0 || box.right > innerWidth;
}).map(text => text.textContent)"""


async def test_no_label_of_a_plot_lies_on_another(browser: Browser, tmp_path: Path) -> None:
    """On phones, with alerts side by side and long numbers; and what is pointed at can be read."""
    path = tmp_path / "watcher.db"
    with Database.open(path) as database:
        world = World(database, RULES)
        database.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('alerts', 123450)")
        for day in range(70):
            sales = 123_456_789.0 if day % 3 == 0 else 20.0
            world.scan({"1": {SALES: sales, "sales_trend_flag": day % 3}, "2": 60.0 + day})
        world.day = 100
        async with serving(path, world) as served:
            for width in (320, 390, 1280):
                async with tab(browser, (width, 844), script=False) as page:
                    for days, metric in itertools.product(
                        (30, 90, 400), (SALES, "rank", "sales_trend_flag")
                    ):
                        where = f"products/US/1?metric={metric}&days={days}"
                        await page.goto(f"{served.site.url}{where}")
                        shown = page.locator(".plot .tick, .plot .name")
                        assert await shown.count() > 5
                        assert await shown.evaluate_all(_OVERLAPPING) == [], (width, where)
                        moving = page.locator(".point text, .mark .tip")
                        assert await moving.evaluate_all(_OUTSIDE) == [], (width, where)
                    assert await page.locator(".plot .name").count() > 0


async def test_nothing_is_wider_than_a_phone(browser: Browser, served: Page) -> None:
    """What is wide scrolls within itself, never the page.

    With WATCHER_SCREENSHOTS=FOLDER in the environment, every page is left there as a picture.
    """
    folder = os.environ.get("WATCHER_SCREENSHOTS")
    for size, scheme in itertools.product(
        (PHONE, DESK), ("light", "dark") if folder else ("dark",)
    ):
        async with tab(browser, size, scheme) as page:
            for number, path in enumerate(PAGES):
                await page.goto(f"{served.site.url}{path}")
                width = await page.evaluate("document.documentElement.scrollWidth")
                assert width <= size[0], path
                if folder:
                    name = (
                        f"{number:02} {path.partition('?')[0].replace('/', ' ')[:20] or 'overview'}"
                    )
                    await page.screenshot(
                        path=f"{folder}/{name} {size[0]} {scheme}.png", full_page=True
                    )


async def _tab_to(page: Tab, name: str) -> None:
    """Press Tab until what has that text or label has the focus."""
    for _ in range(80):
        await page.keyboard.press("Tab")
        found = await page.evaluate(
            "(e => e.textContent.trim() || '')(document.activeElement)"
            " + (document.activeElement.labels?.[0]?.textContent.trim() ?? '')"
        )
        if found == name:
            return
    raise AssertionError(f"no Tab leads to {name}")
