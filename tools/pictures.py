"""The README's pictures, taken from the demo: ``python -m tools.pictures`` (``make pictures``).

Plays the demo for some simulated days, and takes the web page and a message's mail in headless
Chromium (Debian's package ``chromium``).
"""

from __future__ import annotations

import asyncio
import base64
import shutil
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser, async_playwright

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
    """Both pictures, into ``docs/``."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        sys.exit("the pictures are taken with Chromium: install the package chromium")
    stage = Stage()
    settings = Settings(now=int(time.time()), day_seconds=6, listen="127.0.0.1:0")
    running = asyncio.create_task(Demo(settings, stage.listener()).run())
    try:
        async with asyncio.timeout(180):
            await stage.enough.wait()
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
            await shoot(browser, stage.page, 1_280, FOLDER / "page.png")
            await shoot(browser, mail(stage), 600, FOLDER / "message.png")
            await browser.close()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def shoot(browser: Browser, address: str, width: int, target: Path) -> None:
    """The page at ``address``, from its top."""
    page = await browser.new_page(viewport={"width": width, "height": 900})
    await page.goto(address)
    await page.screenshot(path=target, full_page=width < 1_000)
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
