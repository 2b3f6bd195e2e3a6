"""Amounts on the page: prices with the variants' currency, GMV with none or the named one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.world import HEAD, WATCH, World
from tests.web.conftest import Furnished
from tests.web.serving import serving
from watcher.store.sqlite.database import Database

RULES = f"rules:\n- {{name: r, {WATCH}, when: {{total_sale_gmv_7d_amt: {{above: 5}}}}}}"


@pytest.mark.parametrize(("api", "gmv"), [("", ""), ("api: {gmv_currency: EUR}\n", " EUR")])
async def test_amounts(tmp_path: Path, api: str, gmv: str) -> None:
    """On cards, in the plot and its table, in an alert's reasons, and in a message kept."""
    path = tmp_path / "watcher.db"
    with Database.open(path) as database:
        world = World(database, RULES, head=HEAD + api)
        for day in range(3):
            world.scan({"1": {"total_sale_gmv_7d_amt": 777.0 + day, "spu_avg_price": 888.0}})
            database.execute("UPDATE products SET currency = 'IDR'")
    async with serving(path, Furnished(path, world.book, world.now)) as page:
        for metric in ("total_sale_gmv_7d_amt", "spu_avg_price"):
            _, text = await page.get(f"products/US/1?metric={metric}")
            assert f">779{gmv}<" in text
            assert ">888 IDR<" in text
            shown = f": 779{gmv}" if "gmv" in metric else ": 888 IDR"
            assert shown in text, "what the plot says of a point"
            assert "779 IDR" not in text
        for address in ("", "alerts", "rules/r", "outbox/1"):
            _, text = await page.get(address)
            assert f"7-day GMV 777{gmv}" in text, address


@pytest.mark.parametrize(("api", "hinted"), [("", True), ("api: {gmv_currency: EUR}\n", False)])
async def test_why_gmv_has_no_currency(tmp_path: Path, api: str, hinted: bool) -> None:
    """Tables of GMV say why it has none, and how to name it; a list without GMV says nothing."""
    path, hint = tmp_path / "watcher.db", "<code>api.gmv_currency</code>"
    with Database.open(path) as database:
        world = World(database, RULES, head=HEAD + api)
        world.scan({"1": {"total_sale_gmv_7d_amt": 777.0, "spu_avg_price": 888.0}})
        database.execute("UPDATE products SET seller_id = '7'")
    async with serving(path, Furnished(path, world.book, world.now)) as page:
        (watch, *_) = world.book.used_watches
        for address in (f"watches/{watch.name}", "sellers", "sellers/US/7"):
            _, text = await page.get(address)
            assert (hint in text) is hinted, address
        for columns in ("rank", "rank,total_sale_gmv_7d_amt.change"):
            _, text = await page.get(f"watches/{watch.name}?cols={columns}")
            assert hint not in text, columns
