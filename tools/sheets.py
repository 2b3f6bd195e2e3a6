"""What one scan's five rules tell of ten products, as every family of services shows it: a message
a rule beside one for all: ``python -m tools.sheets FOLDER``; and the one in Chinese, as China's
messengers show it.

The bodies are the real ones, each within its service's limit; how a service draws them is imitated,
and taken in headless Chromium (Debian's package ``chromium``).
"""

from __future__ import annotations

import asyncio
import html
import io
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import markdown
import numpy as np
from PIL import Image
from playwright.async_api import Browser, async_playwright

from tools import messengers
from tools.pictures import ARGUMENTS
from watcher.delivery.apprise.target import Target
from watcher.delivery.message import render
from watcher.delivery.rendered import Rendered, Style
from watcher.fields import NUMERIC_INDEX, TEXTS
from watcher.language import Language
from watcher.message import Message
from watcher.model import Floats, Scan, ScanState
from watcher.notification.policy import policies_of
from watcher.pipeline import evaluate
from watcher.rules.channel import Secret
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook
from watcher.store.sqlite.database import Database
from watcher.units import DAY

NOW = 1_795_446_000  # 23 November 2026, 15:00 UTC
DAYS = 9
RULES = """
channels:
  one: {url: "json://localhost"}
  each: {url: "json://localhost", group_by: rule}
defaults: {region: US, notify: [one, each], every: 24h}
api: {gmv_currency: USD}
watches:
  bestsellers: {sort: total_sale_7d_cnt desc, top: 40}
rules:
  - name: takes-off
    label: breakout
    description: Sold half as much again as yesterday
    watch: bestsellers
    when: {total_sale_7d_cnt: {rises: 50%}}
    severity: warning
  - name: price-cut
    description: Cheaper than it was for a week
    watch: bestsellers
    when: {spu_avg_price: {falls: 10%, from: median 7d}}
  - name: climbs
    description: Ten places up, or more
    watch: bestsellers
    when: {rank: {climbs: 10}}
  - name: enters-top-20
    label: new in the top 20
    description: It was not there yesterday
    watch: bestsellers
    when: {rank: {enters_top: 20}}
  - name: sells-cheaply
    label: bargain
    description: Hundreds sold, for less than ten dollars
    watch: bestsellers
    when: {spu_avg_price: {below: 10}, total_sale_7d_cnt: {at_least: 900}}
"""
NAMES = (
    "LED Sunset Lamp, 16 Colours", "Cloud Slippers for Women and Men", "Magnetic Phone Mount",
    "Snail Mucin Essence 96%", "Portable Blender 380 ml", "Heatless Curling Rod Set",
    "Sticky Lint Roller, Reusable", "Posture Corrector", "Mini Projector HD",
    "Collagen Night Mask, 4 Pieces",
)  # fmt: skip
# Of ten products: the row that each has, its sales on the last day, its price before and then.
MOVES = (
    (22, 1_480, 12.99, 9.99), (24, 1_310, 24.5, 24.5), (25, 1_290, 8.9, 8.9),
    (27, 1_175, 18.0, 15.2), (30, 1_120, 31.0, 31.0), (31, 1_090, 9.5, 7.99),
    (33, 1_060, 6.49, 6.49), (35, 860, 15.0, 15.0), (3, 1_700, 59.0, 49.0), (9, 1_395, 9.2, 7.9),
)  # fmt: skip
FAMILIES = {
    "slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    "discord": "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
    "telegram": "tgram://123456789:abcdefg_hijklmnop/12315544",
    "teams": "workflow://host/workflow-id/signature",
    "dingtalk": "dingtalk://0123456789abcdef",
    "wecom": "wecombot://0123-4567",
    "feishu": "feishu://0123456789abcdef",
    "serverchan": "schan://SCT0123456789",
    "pushplus": "pushplus://0123456789abcdef0123456789abcdef",
    "bark": "bark://127.0.0.1/key",
    "mail": "mailto://me:secret@example.org",
    "ntfy": "ntfy://topic",
    "sms": "d7sms://token@15551231234",
}


def told() -> dict[str, list[Message]]:
    """What each channel is told after the last scan."""
    book = load_text(RULES)
    with Database.in_memory() as database:
        database.rules.sync(book.marks, NOW - DAYS * DAY)
        for day in range(DAYS + 1):
            scan = _scan(book, day)
            evaluate(database, scan, book.rules, policies_of(book.channels), book.metrics, scan.at)
            if day < DAYS:
                for target in ("one/1", "each/1"):
                    rows = [row.id for row in database.outbox.waiting_for(target)]
                    database.outbox.drop(rows, scan.at)
        return {
            name: [row.message for row in database.outbox.waiting_for(f"{name}/1")]
            for name in ("each", "one")
        }


def _scan(book: Rulebook, day: int) -> Scan:
    """Forty bestsellers that stand still, and ten that move on the last day."""
    watch, at = book.watches[0], NOW - (DAYS - day) * DAY
    sales: Floats = 1_600.0 - 30.0 * np.arange(40, dtype=np.float64)
    price: Floats = 11.0 + np.arange(40, dtype=np.float64) % 7
    for row, last, before, then in MOVES:
        price[row] = then if day == DAYS else before
        sales[row] = last if day == DAYS else sales[row]
    order = np.argsort(-sales, kind="stable")
    named = {row: name for (row, *_), name in zip(MOVES, NAMES, strict=True)}
    ids = tuple(str(1_729_873_073_559_015_000 + row) for row in order.tolist())
    texts: dict[str, tuple[str | None, ...]] = {field.name: (None,) * 40 for field in TEXTS}
    names = tuple(named.get(row, f"Product {row}") for row in order.tolist())
    texts |= {"product_id": ids, "product_name": names, "region": ("US",) * 40}
    return Scan(
        watch.key, "US", at, at, at, ScanState.COMPLETE, 4, 4, ids, np.arange(1, 41),
        _numbers(sales, price)[order], texts,
    )  # fmt: skip


def _numbers(sales: Floats, price: Floats) -> Floats:
    """The fields of the products, as far as messages tell them."""
    numbers = np.full((40, len(NUMERIC_INDEX)), np.nan)
    columns = {
        "total_sale_7d_cnt": sales, "spu_avg_price": price,
        "total_sale_gmv_7d_amt": np.round(sales * price), "total_ifl_cnt": 40 + np.arange(40.0),
        "product_commission_rate": np.full(40, 0.15),
    }  # fmt: skip
    for name, values in columns.items():
        numbers[:, NUMERIC_INDEX[name]] = values
    return numbers


def drawn(shown: Rendered, style: Style, service: str) -> str:
    """A message about as its service draws it, as HTML."""
    if service in messengers.SERVICES:
        return messengers.drawn(service, shown)
    title = f"<h3>{html.escape(shown.title)}</h3>" if shown.title else ""
    if style is Style.EMAIL:
        return f'<iframe srcdoc="{html.escape(shown.body)}"></iframe>'
    if shown.format == "markdown":
        body = markdown.markdown(shown.body, extensions=["nl2br"], lazy_ol=False)
    else:
        text = html.escape(shown.body) if shown.format == "text" else shown.body
        body = f'<div class="text">{text}</div>'
    return f'<div class="message">{title}{body}</div>'


_PAGE = """<!DOCTYPE html><meta charset="utf-8"><style>
body { font: 13px/1.4 system-ui, sans-serif; margin: 12px; background: #fff; color: #1b1f24 }
main { display: grid; grid-template-columns: 1fr 1fr; gap: 16px; align-items: start }
h2 { font-size: 14px; margin: 0 0 8px } h3 { font-size: 13px; margin: 0 0 4px }
.message { border: 1px solid #d8dce2; border-radius: 6px; padding: 8px 12px; margin-bottom: 8px;
overflow-wrap: anywhere } .message p { margin: 0 0 6px }
.message ol { margin: 0; padding-left: 20px }
.text { white-space: pre-wrap }
iframe { width: 100%; border: 1px solid #d8dce2; border-radius: 6px }
MESSENGERS</style><main>""".replace("MESSENGERS", messengers.STYLE)


def _columns(told: dict[str, list[Message]], url: str) -> Iterator[str]:
    target = Target("sheet/1", Secret(url))
    for name, messages in told.items():
        shown = [render(each, target.style, limit=target.limit) for each in messages]
        lines = sum(len((each.plain or each.body).splitlines()) for each in shown)
        count = f"{len(shown)} {'message' if len(shown) == 1 else 'messages'}, {lines} lines"
        head = f"<h2>{'A message a rule' if name == 'each' else 'One message'}: {count}</h2>"
        bodies = "".join(drawn(each, target.style, target.service) for each in shown)
        yield f"<section>{head}{bodies}</section>"


def _in_chinese(message: Message) -> Iterator[str]:
    """The message in Chinese, as each of China's messengers shows it."""
    targets = [Target("sheet/1", Secret(url)) for url in FAMILIES.values()]
    for target in targets:
        if target.service in messengers.SERVICES:
            shown = render(message, target.style, limit=target.limit, language=Language.CHINESE)
            body = drawn(shown, target.style, target.service)
            yield f"<section><h2>{target.plugin.service_name}</h2>{body}</section>"


async def shoot(browser: Browser, page_text: str, target: Path) -> None:
    """A page in a picture of few colours."""
    page = await browser.new_page(viewport={"width": 1_040, "height": 400})
    await page.set_content(page_text)
    await page.evaluate(
        "document.querySelectorAll('iframe').forEach(each => each.style.height ="
        " `${each.contentDocument.documentElement.scrollHeight + 4}px`)"
    )
    shot = Image.open(io.BytesIO(await page.screenshot(full_page=True)))
    shot.convert("RGB").quantize(64).save(target, optimize=True)
    await page.close()


async def take(folder: Path) -> None:
    """A picture for each family."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        sys.exit("the pictures are taken with Chromium: install the package chromium")
    messages = told()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        for family, url in FAMILIES.items():
            text = _PAGE + "".join(_columns(messages, url)) + "</main>"
            await shoot(browser, text, folder / f"{family}.png")
        page_text = _PAGE + "".join(_in_chinese(messages["one"][0])) + "</main>"
        await shoot(browser, page_text, folder / "messengers.png")
        await browser.close()


if __name__ == "__main__":
    into = Path(sys.argv[1])
    into.mkdir(parents=True, exist_ok=True)
    asyncio.run(take(into))
