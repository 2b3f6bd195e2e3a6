"""Alerts in a browser: searched, ticked and acted on without scripts, by keyboard alone, and on a
phone."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, expect
from playwright.async_api import Page as Tab

from tests.web.alerting.crowd import Crowd, crowded
from watcher.alert import AlertState

pytestmark = [pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="session")]

PICTURES = os.environ.get("WATCHER_ALERT_PICTURES")  # a folder to look at them
WIDTHS = (390, 768, 1_440)
PATHS = ("alerts", "alerts?state=all&severity=critical&from=x", "alerts/matching?state=all")


@asynccontextmanager
async def opened(
    browser: Browser, width: int = 1_440, scheme: str = "light", *, script: bool = False
) -> AsyncIterator[Tab]:
    """A tab of that width, without scripts."""
    context = await browser.new_context(
        viewport={"width": width, "height": 844},
        color_scheme="dark" if scheme == "dark" else "light",
        java_script_enabled=script,
    )
    try:
        yield await context.new_page()
    finally:
        await context.close()


def firing(made: Crowd) -> list[int]:
    """The alerts that fire."""
    return [each.id for each in made.alerts(AlertState.FIRING)]


@pytest.mark.parametrize("width", WIDTHS)
async def test_tick_three_and_silence(browser: Browser, tmp_path: Path, width: int) -> None:
    """Without scripts: find, tick, silence, read what was done, undo it."""
    async with crowded(tmp_path) as (page, made), opened(browser, width) as tab:
        await tab.goto(f"{page.site.url}alerts")
        await tab.get_by_role("searchbox").fill("sells")
        await tab.get_by_role("button", name="Find").click()
        await expect(tab.get_by_role("checkbox")).to_have_count(3)
        for box in await tab.get_by_role("checkbox").all():
            await box.check()
        await tab.locator(".bulk summary").click()
        await tab.locator(".bulk [name=for]").select_option("3d")
        await tab.get_by_label("Comment").fill("fair")
        await tab.get_by_role("button", name="Silence the products").click()
        await expect(tab.locator(".notice[role=status]")).to_contain_text(
            "3 silences were made, until"
        )
        assert "q=sells" in tab.url
        found = made.look(lambda database: database.silences.active(made.now))
        assert {each.comment for each in found} == {"fair"}
        assert len(found) == 3
        await tab.get_by_role("button", name="Undo").click()
        await expect(tab.locator(".notice[role=status]")).to_have_text(
            "Undone: 3 silences were ended."
        )
        assert made.look(lambda database: database.silences.active(made.now)) == []


async def test_by_keyboard_alone(browser: Browser, tmp_path: Path) -> None:
    """Tab, Space and Enter do: a box that Enter is pressed on sends nothing by itself, nor does a
    comment; what has the focus is not below the bar."""
    async with crowded(tmp_path) as (page, made), opened(browser, 390) as tab:
        await tab.goto(f"{page.site.url}alerts?state=all")
        await tab.get_by_role("checkbox").first.focus()
        await tab.keyboard.press("Enter")
        await tab.keyboard.press("Space")
        ticked = tab.locator("[name=alert]:checked")
        await expect(ticked).to_have_count(1)
        number = int(await ticked.get_attribute("value") or 0)
        assert number in firing(made)
        for _ in range(12):  # some boxes and links on: none of them is covered
            await tab.keyboard.press("Tab")
            here = await tab.locator(":focus").bounding_box()
            bar = await tab.locator(".bulk").bounding_box()
            assert here is not None
            assert bar is not None
            assert here["y"] + here["height"] <= bar["y"]
        await tab.locator(".bulk summary").focus()
        await tab.keyboard.press("Enter")
        await tab.get_by_label("Comment").focus()
        await tab.keyboard.press("Enter")
        assert made.look(lambda database: database.silences.list()) == []
        await tab.get_by_role("button", name="Acknowledge").focus()
        await tab.keyboard.press("Enter")
        await expect(tab.locator(".notice[role=status]")).to_contain_text(
            "1 alert was acknowledged"
        )
        assert made.look(lambda database: database.alerts.acknowledged(range(500))) == {number}


async def test_all_that_match(browser: Browser, tmp_path: Path) -> None:
    """Counted, looked at, done."""
    async with crowded(tmp_path) as (page, made), opened(browser) as tab:
        await tab.goto(f"{page.site.url}alerts?rule=rising")
        await tab.get_by_role("link", name="All that match").click()
        count = len([each for each in made.alerts(AlertState.FIRING) if each.rule == "rising"])
        await expect(tab.locator(".lead")).to_contain_text(f"{count} alerts match.")
        await tab.get_by_role("button", name=f"Acknowledge {count} alerts").click()
        await expect(tab.locator(".notice[role=status]")).to_contain_text(
            f"{count} alerts were acknowledged"
        )
        assert "rule=rising" in tab.url


async def test_one_alert(browser: Browser, tmp_path: Path) -> None:
    """From the list to its page, where it is acknowledged and reminded of again."""
    async with crowded(tmp_path) as (page, made), opened(browser, 390) as tab:
        await tab.goto(f"{page.site.url}alerts")
        number = firing(made)[0]
        await tab.get_by_role("link", name=f"A{number}", exact=True).click()
        await tab.get_by_role("button", name="Acknowledge").click()
        await expect(tab.locator(".notice[role=status]")).to_contain_text(
            "1 alert was acknowledged"
        )
        await tab.get_by_role("button", name="Remind again").click()
        await expect(tab.locator(".notice[role=status]")).to_contain_text(
            "1 alert is reminded of again."
        )


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_how_it_looks(browser: Browser, tmp_path: Path, scheme: str) -> None:
    """No wider than the screen at any width; nothing stands in the way of who reads otherwise."""
    async with crowded(tmp_path) as (page, made):
        for width in WIDTHS:
            async with opened(browser, width, scheme, script=True) as tab:
                for path in (*PATHS, f"alerts/{firing(made)[0]}"):
                    await tab.goto(f"{page.site.url}{path}")
                    if await tab.locator(".bulk").count():
                        await tab.get_by_role("checkbox").first.check()
                    wide = await tab.evaluate("document.documentElement.scrollWidth")
                    assert wide <= width, (path, width)
                    if PICTURES:
                        name = path.partition("?")[0].replace("/", "-")
                        name = f"{name}-{len(path)}-{width}-{scheme}"
                        await tab.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)
                    found = await Axe().run(tab)
                    assert found.violations_count == 0, found.generate_report()
