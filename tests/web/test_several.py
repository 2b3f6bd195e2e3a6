"""The page on rules of several watches, and on rules that are not enabled."""

from __future__ import annotations

import json
from pathlib import Path

from tests.fakes.world import HEAD, World
from tests.web.conftest import Furnished
from tests.web.serving import serving
from watcher.store.sqlite.database import Database

RULES = """
watches:
  mine: {sort: total_sale_7d_cnt desc}
  rival: {sort: total_sale_30d_cnt desc, every: 12h}
rules:
  - {name: r, watch: [mine, rival], when: {total_sale_7d_cnt: {at_least: 10}}}
  - {name: off, watch: mine, when: {total_sale_7d_cnt: {at_least: 10}}, enabled: false}
"""


async def test_on_which_list(tmp_path: Path) -> None:
    """Beside each alert, and for programs; a rule names all that it reads."""
    path = tmp_path / "watcher.db"
    with Database.open(path) as database:
        world = World(database, RULES, head=HEAD)
        world.scan({"1": 20.0}, of="mine")
        world.scan({"2": 20.0}, of="rival")
        first = database.outbox.waiting_for("me/1")[0].id
    async with serving(path, Furnished(path, world.book, world.now)) as page:
        for address in ("", "alerts", "rules/r"):
            _, text = await page.get(address)
            assert "<span>on mine</span>" in text, address
            assert "<span>on rival</span>" in text, address
        assert "on rival" not in (await page.get("products/US/1"))[1]
        assert "on the list mine" in (await page.get(f"outbox/{first}"))[1]
        rows = json.loads((await page.get("api/rules/r.json"))[1])["firing"]
        assert {row["product_id"]: row["watch"] for row in rows} == {"1": "mine", "2": "rival"}
        _, text = await page.get("rules/r")
        assert "mine: US, by 7-day sales, first 100; rival: US, by 30-day sales" in text
        assert "every 1d, every 12h" in text
        assert "mine, rival" in (await page.get("rules"))[1]


async def test_a_rule_that_is_not_enabled(tmp_path: Path) -> None:
    """It is shown as such, and is not counted as one that never fires."""
    path = tmp_path / "watcher.db"
    with Database.open(path) as database:
        world = World(database, RULES, head=HEAD)
        world.scan({"1": 20.0}, of="mine")
        assert database.alerts.live(["off"]) == []
    later = world.now + 100 * 86_400
    async with serving(path, Furnished(path, world.book, later)) as page:
        _, text = await page.get("rules")
        assert text.count("not enabled") == 1
        assert "no: it is not judged" in (await page.get("rules/off"))[1]
        found = json.loads((await page.get("api/overview.json"))[1])["overview"]["rules"]
        assert {rule["name"]: (rule["enabled"], rule["quiet"]) for rule in found} == {
            "r": (True, False), "off": (False, False),
        }  # fmt: skip
