"""Every page that links lead to: at the width of phones, tablets and desks, light and dark, by
keyboard alone and without the script."""

from __future__ import annotations

import os
from collections.abc import Mapping

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser
from playwright.async_api import Page as Tab

from tests.web.browser.test_browser import tab
from tests.web.browser.walking import (
    OVERLAPPING,
    REACHED,
    SMALL,
    UNLABELLED,
    WIDER,
    all_pages,
    kind_of,
)
from tests.web.serving import Page

pytestmark = [pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="session")]

UNFOLD = "document.querySelectorAll('details').forEach(each => each.open = true)"
EVERYTHING: Mapping[str, object] = {"resultTypes": ["violations"]}
COLOURS: Mapping[str, object] = {**EVERYTHING, "runOnly": ["color-contrast"]}
HEIGHT = 844


async def test_every_kind_of_page_is_found(served: Page) -> None:
    """Those that the site has an address for, and two of a kind at most."""
    kinds = [kind_of(f"/{each}").partition("?")[0] for each in await all_pages(served.site.url)]
    for each in (
        "/", "/alerts", "/rules", "/rules/*", "/watches", "/scores", "/reports", "/products",
        "/products/*/*", "/followed", "/outbox", "/outbox/*", "/silences",
    ):  # fmt: skip
        assert each in kinds


@pytest.mark.parametrize("width", [320, 390, 768, 1440])
async def test_laid_out(browser: Browser, served: Page, width: int) -> None:
    """Nothing is wider than the window, lies on something else, lacks its label as a card, or is
    too small for a thumb.

    With WATCHER_SCREENSHOTS=FOLDER in the environment, every page is left there as a picture.
    """
    folder = os.environ.get("WATCHER_SCREENSHOTS")
    asked = {"wider": WIDER, "overlapping": OVERLAPPING, "unlabelled": UNLABELLED}
    if width < 700:
        asked["small"] = SMALL
    async with tab(browser, (width, HEIGHT)) as page:
        for number, path in enumerate(await all_pages(served.site.url)):
            await page.goto(f"{served.site.url}{path}")
            await page.evaluate(UNFOLD)
            wrong = {name: await page.evaluate(script) for name, script in asked.items()}
            assert not any(wrong.values()), (path, wrong)
            if folder:
                await page.screenshot(path=f"{folder}/{number:02} {width}.png", full_page=True)


@pytest.mark.parametrize(
    ("width", "scheme", "options"),
    [(390, "light", EVERYTHING), (1440, "dark", COLOURS)],
    ids=["phone", "dark"],
)
async def test_for_everybody(
    browser: Browser, served: Page, width: int, scheme: str, options: Mapping[str, object]
) -> None:
    """axe-core finds nothing, with everything unfolded and the keys shown."""
    axe = Axe()
    async with tab(browser, (width, HEIGHT), scheme) as page:
        for path in await all_pages(served.site.url, 1):
            await page.goto(f"{served.site.url}{path}")
            await page.evaluate(UNFOLD)
            found = await axe.run(page, options=options)
            assert found.violations_count == 0, (path, found.generate_report())
        await page.keyboard.press("?")
        found = await axe.run(page, options=options)
        assert found.violations_count == 0, found.generate_report()


@pytest.mark.long
@pytest.mark.parametrize("width", [390, 1440])
async def test_tab_leads_everywhere(browser: Browser, served: Page, width: int) -> None:
    """To each link, button and field, in their order, once, where it can be seen."""
    async with tab(browser, (width, HEIGHT)) as page:
        for path in await all_pages(served.site.url, 1):
            await page.goto(f"{served.site.url}{path}")
            wanted = await page.evaluate(REACHED)
            reached = await _tabbed(page, len(wanted))
            assert reached == wanted, path


async def _tabbed(page: Tab, times: int) -> list[str]:
    """What had the focus after each Tab."""
    found = []
    for _ in range(times):
        await page.keyboard.press("Tab")
        found.append(
            await page.evaluate(
                """() => {
                    const now = document.activeElement, box = now.getBoundingClientRect();
                    const seen = box.bottom > 0 && box.top < innerHeight || now.matches(".skip");
                    return seen && now.matches(":focus-visible") ? now.dataset.number
                        : `hidden: ${now.outerHTML.slice(0, 90)}`;
                }"""
            )
        )
    return found


async def test_without_the_script(browser: Browser, served: Page) -> None:
    """The same can be read and followed; nothing is shown that only the script does."""
    read = """() => [document.querySelector("main").innerText,
        ...[...document.querySelectorAll("main a, main button, nav a")].map(e => e.textContent)]"""
    paths = await all_pages(served.site.url, 1)
    async with tab(browser) as page:
        there = [await _read(page, f"{served.site.url}{path}", read) for path in paths]
    async with tab(browser, script=False) as page:
        for path, shown in zip(paths, there, strict=True):
            assert await _read(page, f"{served.site.url}{path}", read) == shown, path
            assert (
                await page.locator(".scripted, .news button, dialog")
                .locator("visible=true")
                .count()
                == 0
            )
        await page.goto(f"{served.site.url}alerts?state=over")
        await page.get_by_role("link", name="Reload").click()
        assert page.url == f"{served.site.url}alerts?state=over"


async def _read(page: Tab, url: str, script: str) -> object:
    await page.goto(url)
    return await page.evaluate(script)


WRONG = """
<style>td::before { content: attr(data-label); width: 7rem; float: left } table { width: 900px }
thead { display: none } td { padding-left: 1rem }</style>
<nav><a href="x">x</a></nav><form><button style="height: 20px">x</button></form>
<p><a href="y" style="font-size: 5px">y</a></p><details><summary>s</summary></details>
<table class="cards"><thead><tr><th>A</th></tr></thead>
<tbody><tr><td data-label="A long label">1</td><td>2</td></tr></tbody></table>
<svg class="plot"><text class="tick" y="20">one</text>
<text class="tick" x="5" y="20">two</text></svg>
"""


async def test_what_is_wrong_is_found(browser: Browser) -> None:
    """By each of the scripts that say so: none is blind."""
    async with tab(browser, (390, HEIGHT)) as page:
        await page.set_content(WRONG)
        assert "wider than the window" in await page.evaluate(WIDER)
        overlapping = await page.evaluate(OVERLAPPING)
        assert overlapping == ["one on two", "A long label on its value"]
        assert len(await page.evaluate(UNLABELLED)) == 1
        small = await page.evaluate(SMALL)
        assert [each.split(" ")[0] for each in small] == [
            "<a",
            "<button",
            "<a",
            "<summary>s</summary>:",
        ]
