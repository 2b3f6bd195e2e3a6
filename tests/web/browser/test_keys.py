"""A page that is led by keys: to rows, pages and the search, and never in the way of who writes."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect
from playwright.async_api import Page as Tab

from tests.web.browser.test_browser import tab
from tests.web.serving import Page

pytestmark = [pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="session")]


async def focused(page: Tab) -> str:
    """The text of what has the focus."""
    found: str = await page.evaluate("document.activeElement.textContent.trim()")
    return found


async def press(page: Tab, *keys: str) -> None:
    """One key after the other."""
    for key in keys:
        await page.keyboard.press(key)


async def test_from_row_to_row(browser: Browser, served: Page) -> None:
    """``j`` and ``k`` stop at the ends; the row is marked; Enter opens it."""
    async with tab(browser) as page:
        await page.goto(f"{served.site.url}rules")
        rows = await page.locator("main [data-key] a").all_text_contents()
        assert len(rows) == 3
        await press(page, "j")
        assert await focused(page) == rows[0]
        row = page.locator("[data-key]", has=page.locator(":focus"))
        await expect(row).not_to_have_css("background-color", "rgba(0, 0, 0, 0)")
        await press(page, "k")
        assert await focused(page) == rows[0]
        await press(page, "j", "j", "j", "j")
        assert await focused(page) == rows[2]
        await press(page, "k", "Enter")
        await expect(page).to_have_url(f"{served.site.url}rules/taking-off")


async def test_from_where_one_is(browser: Browser, served: Page) -> None:
    """After Tab into a row, and back to it after its page was left again."""
    async with tab(browser) as page:
        await page.goto(f"{served.site.url}rules")
        await page.get_by_role("link", name="taking-off").focus()
        await press(page, "k")
        assert "script" in await focused(page)
        await press(page, "j")
        assert await focused(page) == "taking-off"


async def test_the_search(browser: Browser, served: Page) -> None:
    """Of this page, or else that of products; what stands in it is written over."""
    async with tab(browser) as page:
        await page.goto(f"{served.site.url}alerts")
        await press(page, "/")
        await expect(page.get_by_role("searchbox")).to_be_focused()
        await page.goto(f"{served.site.url}rules")
        await press(page, "/")
        await expect(page).to_have_url(f"{served.site.url}products#search")
        field = page.get_by_role("searchbox")
        await expect(field).to_be_focused()
        await page.keyboard.type("ser/j?x")
        await expect(field).to_have_value("ser/j?x")
        await press(page, "Tab", "/")
        await expect(field).to_be_focused()
        await page.keyboard.type("um")
        await expect(field).to_have_value("um")


async def test_to_a_page(browser: Browser, served: Page) -> None:
    """``g`` and a letter; another letter, or a key between, leads nowhere."""
    async with tab(browser) as page:
        await page.goto(served.site.url)
        await press(page, "g", "r")
        await expect(page).to_have_url(f"{served.site.url}rules")
        await press(page, "g", "q", "s", "r")
        await press(page, "g", "j", "o")
        await expect(page).to_have_url(f"{served.site.url}rules")
        await press(page, "g", "o")
        await expect(page).to_have_url(served.site.url)


async def test_a_row_is_ticked(browser: Browser, served: Page) -> None:
    """By ``x``, the row's own box, and no other one."""
    async with tab(browser) as page:
        await page.goto(f"{served.site.url}rules")
        await page.evaluate(
            """document.querySelectorAll("tr[data-key] th").forEach(head => {
                const box = document.createElement("input");
                box.type = "checkbox";
                head.append(box);
            })"""
        )
        await press(page, "x")
        boxes = page.locator("main input[type=checkbox]")
        assert await boxes.evaluate_all("all => all.map(each => each.checked)") == [False] * 3
        await press(page, "j", "j", "x")
        assert await boxes.evaluate_all("all => all.map(each => each.checked)") == [
            False, True, False,
        ]  # fmt: skip
        await press(page, "Tab", "Space", "k", "x")
        assert await boxes.evaluate_all("all => all.map(each => each.checked)") == [
            True, False, False,
        ]  # fmt: skip


async def test_the_keys_are_told(browser: Browser, served: Page) -> None:
    """In a dialog that keeps the focus and gives it back; in the page's language."""
    async with tab(browser) as page:
        await page.goto(f"{served.site.url}rules")
        await press(page, "j", "?")
        dialog = page.get_by_role("dialog", name="Keyboard")
        await expect(dialog).to_be_visible()
        await expect(dialog.get_by_role("button", name="Close")).to_be_focused()
        for _ in range(4):
            await press(page, "Tab")
            assert await page.evaluate(
                "document.activeElement === document.body"  # the browser's own bar
                " || document.querySelector('dialog').contains(document.activeElement)"
            )
        await press(page, "j", "g", "o")
        await expect(page).to_have_url(f"{served.site.url}rules")
        await press(page, "Escape")
        await expect(dialog).to_be_hidden()
        assert "script" in await focused(page)
        await page.get_by_role("button", name="Keyboard").click()
        await dialog.get_by_role("button", name="Close").click()
        await expect(page.get_by_role("button", name="Keyboard")).to_be_focused()


async def test_who_does_not_want_them(browser: Browser, served: Page) -> None:
    """As who speaks to the machine: they are off, on the next pages too, until wanted again."""
    async with tab(browser) as page:
        await page.goto(f"{served.site.url}rules")
        await press(page, "?")
        await page.get_by_label("Use these keys").uncheck()
        await press(page, "Escape")
        for path in ("rules", "alerts"):
            await page.goto(f"{served.site.url}{path}")
            await press(page, "?", "j", "g", "o", "/")
            await expect(page).to_have_url(f"{served.site.url}{path}")
            assert await page.evaluate("document.activeElement === document.body")
        await page.get_by_role("button", name="Keyboard").click()
        await page.get_by_label("Use these keys").check()
        await press(page, "Escape", "g", "r")
        await expect(page).to_have_url(f"{served.site.url}rules")


@pytest.mark.parametrize("with_", ["Control", "Alt", "Meta"])
async def test_not_with_another_key(browser: Browser, served: Page, with_: str) -> None:
    """Those are the browser's and the system's."""
    async with tab(browser) as page:
        await page.goto(f"{served.site.url}rules")
        for key in "jx?/g":
            await page.evaluate(
                f"document.body.dispatchEvent(new KeyboardEvent('keydown', {{key: '{key}', "
                f"bubbles: true, cancelable: true, {with_.lower()[:4].replace('cont', 'ctrl')}Key: "
                "true}))"
            )
        await press(page, "o")
        await expect(page).to_have_url(f"{served.site.url}rules")
        assert await page.evaluate("document.activeElement === document.body")
        await expect(page.get_by_role("dialog")).to_be_hidden()


async def test_not_while_a_word_is_composed(browser: Browser, served: Page) -> None:
    """As Chinese is written."""
    async with tab(browser) as page:
        await page.goto(f"{served.site.url}rules")
        await page.evaluate(
            "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'j', bubbles: true, "
            "isComposing: true}))"
        )
        assert await page.evaluate("document.activeElement === document.body")


@pytest.mark.parametrize("what", ["select", "textarea", "div contenteditable"])
async def test_not_where_something_is_written(browser: Browser, served: Page, what: str) -> None:
    """Or chosen by its first letter."""
    async with tab(browser) as page:
        await page.goto(f"{served.site.url}rules")
        name, _, attribute = what.partition(" ")
        await page.evaluate(
            f"const one = document.createElement('{name}'); one.tabIndex = 0;"
            f"'{attribute}' && one.setAttribute('{attribute}', '');"
            "document.querySelector('main').prepend(one); one.focus()"
        )
        await press(page, "j", "?", "g", "o")
        assert await page.evaluate("document.activeElement.nodeName.toLowerCase()") == name
        await expect(page).to_have_url(f"{served.site.url}rules")
