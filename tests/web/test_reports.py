"""The pages of reports."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tests.fakes.reported import HEAD, Market, P
from tests.store.making import DAY, START
from tests.web.serving import serving
from watcher.analysis.reports.due import sweep
from watcher.model import Instant
from watcher.notification.policy import policies_of
from watcher.rules.rulebook import Rulebook
from watcher.store.engine import open_store
from watcher.units import HOUR

REPORTS = (
    'reports: {weekly: {at: "0 8 * * mon", watch: best}, '
    '"a/b <i>?": {at: "08:00", watch: best, notify: []}}'
)
NAME = "a%2Fb%20%3Ci%3E%3F"


@dataclass(frozen=True)
class _Scene:
    book: Rulebook
    now: Instant


async def test_pages_of_reports(tmp_path: Path) -> None:
    """The list says when each is told; one is shown as it is now, a hostile name as a text; the
    same for programs; what is sent is shown as tables, too."""
    path = tmp_path / "watcher.db"
    with open_store(path) as database:
        market = Market(database, REPORTS, HEAD)
        market.weeks({"1": P(100, 10), "2": P(9)}, {"1": P(180, 9, name="<b>Lamp</b>"), "3": P(7)})
        now = START + 7 * DAY
        policies = policies_of(market.book.channels)
        sweep(database, market.book, policies, now - 8 * DAY)
        rows = sweep(database, market.book, policies, now - DAY - 6 * HOUR)
        assert rows
    async with serving(path, _Scene(market.book, now)) as page:
        status, text = await page.get("reports")
        assert status == 200
        assert f'href="./reports/{NAME}"' in text
        assert "a/b &lt;i&gt;?" in text
        status, one = await page.get(f"reports/{NAME}")
        assert status == 200
        assert "&lt;\u200bb&gt;Lamp" in one
        assert "<b>Lamp" not in one
        assert "+80%" in one
        found = json.loads((await page.get("api/reports/weekly.json"))[1])
        assert found["report"]["movers"][0]["value"] == 180
        assert found["title"] == "weekly: +80% 7-day GMV of best, 1 new, 1 gone (US)"
        listed = json.loads((await page.get("api/reports.json"))[1])["reports"]
        assert [each["name"] for each in listed] == ["weekly", "a/b <i>?"]
        for path_of_none in ("reports/none", "api/reports/none.json"):
            assert (await page.get(path_of_none))[0] == 404
        overview = json.loads((await page.get("api/overview.json"))[1])
        assert overview["overview"]["reports"][0]["name"] == "weekly"
        status, message = await page.get(f"outbox/{rows[0]}")
        assert status == 200
        assert "Moved most" in message
