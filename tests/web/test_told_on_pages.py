"""Pages that say what messages say, in the visitor's language: groups, reports, links to act."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.fakes.reported import HEAD, Market, P
from tests.fakes.two_sellers import SUBJECT, shelves
from tests.store.making import DAY, START
from tests.web.acting.message import HOSTILE, TOKEN, form_of, told
from tests.web.conftest import Furnished
from tests.web.pseudo_pages import BEGIN, PseudoTexts, unmarked
from tests.web.serving import serving
from watcher.analysis.reports.due import sweep
from watcher.model import Instant
from watcher.notification.policy import policies_of
from watcher.rules.rulebook import Rulebook
from watcher.store.sqlite.database import Database
from watcher.units import HOUR

# Names and ids of these worlds, signs of currencies and of units, and names of programs.
_DATA = re.compile(
    r"\b(Product \d+|bestsellers|best|strong-shelf|single|weekly|me/\d|me|sells|well|UTC|US|USD"
    r"|A\d+|English|gmv|gmv / size|strong|per product|seller_id=\d+|total_sale_7d_cnt|watcher"
    r"|seller|Lamp|Glow|Lab|GlowLab|Sellers of which many products sell|rules\.yaml:\d+"
    r"|0 8 \* \* mon)\b"
)
CHINESE = {"Accept-Language": "zh-CN"}


@pytest.fixture(autouse=True)
def pseudo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every text has a translation: itself, in brackets."""
    monkeypatch.setattr("watcher.language.catalogue", lambda _wanted: PseudoTexts())


def _left(page: str) -> Iterator[str]:
    """The texts that are neither marked nor data."""
    for text in unmarked(page):
        rest = _DATA.sub(" ", text.replace("\u200b", "").replace(HOSTILE, " "))
        if re.search("[A-Za-z]{2,}", rest):
            yield text


async def _said(url: str) -> str:
    async with aiohttp.ClientSession(headers=CHINESE) as browser, browser.get(url) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Language"] == "zh-Hans"
        text = await answer.text()
    assert '<html lang="zh-Hans">' in text
    assert BEGIN in text
    return text


@pytest.mark.parametrize("path", [f"groups/US/{SUBJECT}", "rules/strong-shelf", "rules", ""])
async def test_groups(tmp_path: Path, path: str) -> None:
    """A group's page, and its rule with what its figures mean."""
    file = tmp_path / "shelves.db"
    with Database.open(file) as database:
        world = shelves(database).world
    async with serving(file, Furnished(file, world.book, world.now + 60)) as page:
        assert [*_left(await _said(f"{page.site.url}{path}"))] == []


class _Reported:
    def __init__(self, path: Path) -> None:
        rules = 'reports: {weekly: {at: "0 8 * * mon", watch: best}}'
        with Database.open(path) as database:
            market = Market(database, rules, HEAD)
            market.weeks({"1": P(100, 10), "2": P(9)}, {"1": P(180, 9, name="Lamp"), "3": P(7)})
            self.book: Rulebook = market.book
            self.now: Instant = START + 7 * DAY
            policies = policies_of(market.book.channels)
            sweep(database, market.book, policies, self.now - 8 * DAY)
            rows = sweep(database, market.book, policies, self.now - DAY - 6 * HOUR)
            self.row = rows[0]


@pytest.mark.parametrize("path", ["reports", "reports/weekly", "outbox", "outbox/1"])
async def test_reports(tmp_path: Path, path: str) -> None:
    """As they are now, and as they were sent."""
    made = _Reported(tmp_path / "watcher.db")
    async with serving(tmp_path / "watcher.db", made) as page:
        assert [*_left(await _said(f"{page.site.url}{path}"))] == []


async def test_a_link_to_act(tmp_path: Path) -> None:
    """The whole message, a product with what was told of it, what was done, and what is over; the
    choice of a language is there, too."""
    made = told(tmp_path / "watcher.db")
    async with serving(made.path, made) as page:
        for path in (f"act/{TOKEN}", f"act/{TOKEN}/1", f"act/{TOKEN}/1?done=snooze"):
            text = await _said(f"{page.site.url}{path}")
            assert [*_left(text)] == [], path
            assert "language=en" in text
        for what in ("snooze", "acknowledge", "follow"):
            form = form_of(await _said(f"{page.site.url}act/{TOKEN}/1"), what)
            assert (await page.post(f"act/{TOKEN}/1", form))[0] == 303
        assert [*_left(await _said(f"{page.site.url}act/{TOKEN}/1"))] == []
