"""The page's languages as people meet them: by the browser's own, and by a click."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, expect
from playwright.async_api import Page as Tab

from tests.web.serving import Page

pytestmark = [pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="session")]

PAGES = (
    "",
    "watches",
    "rules",
    "rules/taking-off",
    "products/US/1",
    "outbox",
    "silences",
    "nowhere",
)


@asynccontextmanager
async def tab(
    browser: Browser, language: str, size: tuple[int, int] = (1440, 900), scheme: str = "light",
    *, script: bool = False,
) -> AsyncIterator[Tab]:  # fmt: skip
    """A tab of a browser that speaks a language."""
    context = await browser.new_context(
        locale=language,
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        java_script_enabled=script,
    )
    try:
        page = await context.new_page()
        page.set_default_timeout(5_000)
        yield page
    finally:
        await context.close()


async def test_the_switch_by_click(browser: Browser, served: Page) -> None:
    """From English to Chinese and back, on the page that one is on, by mouse and by keyboard."""
    async with tab(browser, "en-US") as page:
        address = f"{served.site.url}alerts?state=over&rule=taking-off"
        await page.goto(address)
        root = page.locator("html")
        await expect(root).to_have_attribute("lang", "en")
        switch = page.get_by_role("navigation").filter(has=page.get_by_text("中文"))
        await switch.get_by_role("link", name="中文").click()
        await expect(root).to_have_attribute("lang", "zh-Hans")
        assert page.url == address
        await page.goto(f"{served.site.url}products/US/1?days=400")
        await expect(root).to_have_attribute("lang", "zh-Hans")
        await page.get_by_role("link", name="English").focus()
        await page.keyboard.press("Enter")
        await expect(root).to_have_attribute("lang", "en")
        assert page.url.endswith("products/US/1?days=400")


async def test_it_follows_the_browser(browser: Browser, served: Page) -> None:
    """Any Chinese; English for what nobody speaks here."""
    for language, lang in (("zh-CN", "zh-Hans"), ("zh-TW", "zh-Hans"), ("de-DE", "en")):
        async with tab(browser, language) as page:
            await page.goto(served.site.url)
            await expect(page.locator("html")).to_have_attribute("lang", lang)
            chosen = page.locator(".languages [aria-current]")
            await expect(chosen).to_have_text("English" if lang == "en" else "中文")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(390, 844), (1440, 900)])
async def test_nothing_is_wrong_with_it_in_chinese(
    browser: Browser, served: Page, size: tuple[int, int], scheme: str
) -> None:
    """Nothing to scroll sideways, nothing that axe finds, and the choice is big enough to hit."""
    async with tab(browser, "zh-CN", size, scheme, script=True) as page:
        for path in PAGES:
            await page.goto(f"{served.site.url}{path}")
            wide, seen = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            assert wide <= seen, path
            found = await Axe().run(page)
            assert found.violations_count == 0, (path, found.generate_report())
            box = await page.get_by_role("link", name=re.compile("English")).bounding_box()
            assert box is not None
            assert box["height"] >= 24, path
