"""An HTML mail in a real browser: nothing wider than the phone, every text readable."""

from __future__ import annotations

import shutil
from base64 import b64encode
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.delivery.chats import PNG
from tests.delivery.messages import HOSTILE, alerts
from watcher.delivery.apprise.target import with_pictures
from watcher.delivery.message import render
from watcher.delivery.rendered import Attachment, Style
from watcher.delivery.services import PROFILES

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRAWING = b64encode(
    b'<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="600"><circle r="9"/></svg>'
).decode()
pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium"),
]

# The least contrast of a text with what is behind it, by WCAG 2's formula.
CONTRAST = """() => {
  const light = (colour) => {
    const part = (c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    const [r, g, b] = colour.match(/[0-9.]+/g).map(Number);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const behind = (e) => {
    const colour = getComputedStyle(e).backgroundColor;
    return colour === 'rgba(0, 0, 0, 0)' ? behind(e.parentElement) : colour;
  };
  return Math.min(...[...document.querySelectorAll('h1, p, a')].map((e) => {
    const [a, b] = [light(getComputedStyle(e).color), light(behind(e))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }));
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium."""
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("picture", ["shown", "blocked", "none"])
def test_fits_and_is_readable(browser: Browser, scheme: str, picture: str) -> None:
    """On a phone and a desk, in either scheme, with and without its picture."""
    chart = Attachment("chart.png", PNG, alt="7-day GMV over 30 days")
    mail = render(alerts([*HOSTILE, "Glow Serum"], ["Hat"], 14), Style.EMAIL)
    shown, _ = with_pictures(mail, [] if picture == "none" else [chart], PROFILES["mailto"])
    html = shown.body
    if picture == "shown":
        html = html.replace("cid:chart.png", f"data:image/svg+xml;base64,{DRAWING}")
    for width in (390, 800):
        page = browser.new_page(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        page.set_content(html)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.evaluate(CONTRAST) >= 4.5
        assert page.evaluate("document.querySelector('a').getBoundingClientRect().y") < 500
        page.close()
