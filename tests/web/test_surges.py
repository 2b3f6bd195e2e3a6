"""A surge on the page: the form in an alert's reason, and its past with the list's days."""

from __future__ import annotations

import json
from pathlib import Path

from tests.evaluation.test_list_facts import market
from tests.fakes.world import WATCH, World
from tests.web.serving import serving
from watcher.store.sqlite.database import Database

RULES = f"rules:\n- {{name: r, {WATCH}, when: {{sales_surge: {{at_least: 2.5}}}}}}"


async def test_a_surge_on_the_page(tmp_path: Path) -> None:
    """Chosen as a metric, in JSON, and why an alert fires."""
    with Database.open(tmp_path / "w.db") as database:
        world = World(database, RULES)
        for yesterday in (2, 2, 0.1):
            world.scan(market(yesterday=yesterday, big=(6, 80, 140, 170)))
    async with serving(tmp_path / "w.db", world) as served:
        status, text = await served.get("products/US/big?metric=sales_surge")
        assert status == 200
        assert "sales surge" in text
        found = json.loads((await served.get("api/products/US/big.json?metric=sales_surge"))[1])
        (track,) = (each for each in found["metrics"] if each["name"] == "sales_surge")
        assert [round(value, 1) for _, value in track["values"]] == [1.0, 1.0, 2.9]
        assert "sales surge (normal form) 2.92 (at least 2.5)" in (await served.get("alerts"))[1]
