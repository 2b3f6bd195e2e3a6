"""The README's pictures, taken from the demo: ``python -m tools.pictures`` (``make pictures``).

Plays the demo for some simulated days, and takes pages, light and dark, and a message's mail in
headless Chromium (Debian's package ``chromium``).
"""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser, Page, async_playwright
from yarl import URL

from watcher.cli.logs import configure
from watcher.delivery.attachments import chart_file
from watcher.delivery.message import render
from watcher.delivery.rendered import Style, Way
from watcher.demo import Demo, Listener, Settings
from watcher.message import Message
from watcher.notification.charting import chart_of
from watcher.rules.files.loading import load
from watcher.store.sqlite.database import Database

FOLDER = Path(__file__).parents[1] / "docs"
DAYS = 4  # of alerts before the pictures are taken
PAST = 60  # days, for plots
HEIGHT = 900  # pixels of what is seen of a page at once
LOOKS = 20  # at a page, a second apart: the pictures of its products come after the first
SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
# In the view: pictures further down are only loaded when somebody scrolls there.
_ALL_THERE = """() => [...document.images].every((each) =>
    each.complete || each.getBoundingClientRect().top > innerHeight)"""
ARGUMENTS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()


@dataclass
class Stage:
    """What the demo said so far."""

    page: str = ""
    rules: Path = Path()
    database: Path = Path()
    days: int = 0
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    def ready(self, rules: Path, database: Path, page: str | None) -> None:
        self.page, self.rules, self.database = page or "", rules, database

    def day(self) -> None:
        self.days += 1
        if self.days > DAYS:
            self.enough.set()

    def listener(self) -> Listener:
        return Listener(
            lambda _done, _total: None, self.ready, lambda _message: None, lambda _: self.day()
        )


async def take() -> None:
    """All pictures, into ``docs/``."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        sys.exit("the pictures are taken with Chromium: install the package chromium")
    stage = Stage()
    settings = Settings(now=int(time.time()), day_seconds=6, days=PAST, listen="127.0.0.1:0")
    running = asyncio.create_task(Demo(settings, stage.listener()).run())
    try:
        async with asyncio.timeout(180):
            await stage.enough.wait()
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
            await shoot_pages(browser, URL(stage.page))
            await shoot_mail(browser, mail(stage))
            await browser.close()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def shoot_pages(browser: Browser, root: URL) -> None:
    """Pages of what a visitor opens first: the alerts, a list, and a product that takes off."""
    pages = {
        "alerts": root / "alerts",
        "list": root / "watches/bestsellers",
        "product": await _risen(browser, root),
    }
    for scheme in SCHEMES:
        context = await browser.new_context(
            viewport={"width": 1_280, "height": HEIGHT}, color_scheme=scheme
        )
        for name, address in pages.items():
            page = await context.new_page()
            await _look(page, address)
            await page.screenshot(path=FOLDER / f"page-{name}-{scheme}.png")
            await page.close()
        await context.close()


async def _look(page: Page, address: URL) -> None:
    """Open it again and again, until no more pictures of products come."""
    await page.goto(str(address))
    before = 0
    for _ in range(LOOKS):
        await asyncio.sleep(1)
        await page.reload()
        shown = await page.locator("main img").count()
        if shown and shown == before:
            break
        before = shown
    await page.wait_for_function(_ALL_THERE)


async def _risen(browser: Browser, root: URL) -> URL:
    """The page of the product with the longest past of those that took off, with its sales and its
    price."""
    page = await browser.new_page()
    told = await _read(page, (root / "api/alerts.json").with_query(rule="taking-off", state="all"))
    metrics = [("metric", "total_sale_7d_cnt"), ("metric", "spu_avg_price")]
    pasts: dict[URL, int] = {}
    for each in told["alerts"]:
        path = f"products/{each['region']}/{each['product_id']}"
        past = await _read(page, (root / f"api/{path}.json").with_query(metrics))
        pasts[(root / path).with_query(metrics)] = len(past["series"][0]["values"])
    await page.close()
    return max(pasts, key=lambda each: pasts[each])


async def _read(page: Page, address: URL) -> Any:
    answer = await page.goto(str(address))
    return json.loads(await answer.text()) if answer else None


async def shoot_mail(browser: Browser, address: str) -> None:
    """A message as mail, from its top to its end."""
    page = await browser.new_page(viewport={"width": 600, "height": HEIGHT})
    await page.goto(address)
    await page.screenshot(path=FOLDER / "message.png", full_page=True)
    await page.close()


def mail(stage: Stage) -> str:
    """A message with some products, as mail; the picture, which comes with it, in its place."""
    book = load([stage.rules], {"KEYAPI_KEY": "x", "DEMO_INBOX": "json://localhost"})
    with Database.open(stage.database, readonly=True) as database:
        told = [each.message for each in database.outbox.list(limit=200)]
        message = max(filter(_is_telling, told), key=lambda each: min(len(each.items), 3))
        chart = chart_of(database, book, message)
    html = render(message, Style.EMAIL).body
    if chart is not None:
        content = base64.b64encode(chart_file(chart, Way()).content).decode()
        image = f'<img src="data:image/png;base64,{content}" style="max-width:100%">'
        html = html.replace("</body>", f"{image}</body>")
    path = stage.database.with_name("message.html")
    path.write_text(html, encoding="utf-8")
    return path.as_uri()


def _is_telling(message: Message) -> bool:
    return message.kind == "alerts" and 1 <= len(message.items) <= 4


if __name__ == "__main__":
    configure("text", "warning")
    asyncio.run(take())
