"""The page says what is so now beside what was so when an alert began."""

from __future__ import annotations

import json
from pathlib import Path

from tests.evaluation.test_now import LINE, WHEN, shares
from tests.fakes.world import HEAD, WATCH, World
from tests.web.conftest import Furnished
from tests.web.serving import serving
from watcher.model import ScanState
from watcher.store.sqlite.database import Database

RULES = (
    f"rules:\n- {{name: r, {WATCH}, when: {WHEN}}}\n- {{name: p, {WATCH}, when: {WHEN}, for: 9d}}\n"
)


async def test_every_list_of_alerts(tmp_path: Path) -> None:
    """Of the overview, the alerts, a rule and a product; also as JSON, where it is values."""
    path = tmp_path / "watcher.db"
    with Database.open(path) as database:
        world = World(database, RULES, head=HEAD)
        world.scan(shares(p1=336, p2=150))
        world.scan(shares(p1=201, p2=140))
        world.scan(shares(p1=201), ScanState.PARTIAL)
    async with serving(path, Furnished(path, world.book, world.now)) as page:
        for address in ("", "alerts", "alerts?rule=r", "rules/r", "products/US/1"):
            _, text = await page.get(address)
            assert LINE in text, address
        for address in ("", "alerts", "rules/r", "products/US/2"):
            _, text = await page.get(address)
            assert "share of live sales 150% when it began, 140% on 16 Nov" in text, address
            assert "<li>last seen 16 Nov</li>" in text, address
        _, text = await page.get("alerts?state=pending")
        assert "<li>share of live sales 201% (at least 50%)</li>" in text
        for address, key in (
            ("api/alerts.json", "alerts"),
            ("api/overview.json", "alerts"),
            ("api/rules/r.json", "firing"),
            ("api/products/US/1.json", "alerts"),
        ):
            rows = json.loads((await page.get(address))[1])[key]
            known = [
                row["known"] for row in rows
                if row["product_id"] == "1" and row["alert"]["rule"] == "r"
            ]  # fmt: skip
            assert [each["evidence"][0]["value"] for each in known] == [2.01], address
            told = [one for each in (*known, *(row["alert"] for row in rows))
                    for one in each["evidence"]]  # fmt: skip
            assert all(isinstance(one["condition"], str) for one in told), address
            assert told[0]["condition"] == "at least 50%", address
