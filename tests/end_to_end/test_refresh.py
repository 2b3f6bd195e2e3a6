"""A real daemon beside a market whose data comes at an hour of its own, for some days."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from tests.end_to_end.market import market
from tests.end_to_end.process import Watcher, until

pytestmark = pytest.mark.end_to_end
RULES = """
api: {requests_per_second: 500, concurrency: 1}
defaults: {region: US, every: refresh}
rules:
  - name: selling
    watch: {sort: total_sale_7d_cnt desc, top: 20}
    when: {total_sale_7d_cnt: {rises: 1, from: 1d ago}}
"""
# Data comes at about 6:00.
MARKET = ("--products", "200", "--regions", "US", "--refresh", "06:00")


async def test_reads_when_the_data_is_new(tmp_path: Path) -> None:
    """It probes, scans once a data day, goes on with what it learned after a restart, and the
    commands beside it say so."""
    async with market(*MARKET, "--day-seconds", "4") as address:
        watcher = Watcher(tmp_path, address)
        watcher.rules.write_text(RULES, encoding="utf-8")
        async with watcher.running("--market-clock") as daemon:
            await daemon.said("scanned", count=4)
            assert await daemon.stop() == 0
        before = await status(watcher)
        async with watcher.running("--market-clock") as daemon:
            await daemon.said("scanned", count=2)
            # On a busy machine several market days pass between two looks, which tell no hour.
            await until(partial(knows_the_hour, watcher))
            assert await daemon.stop() == 0
        after = await status(watcher)
        _, alerts, _ = await watcher.call("alerts", "--since", "40d")
    assert "selling" in alerts
    (was,), (found,) = before["refreshes"], after["refreshes"]
    assert found["day"] >= was["day"] + 2
    assert found["hour"] is not None
    assert 0 < found["looks"] <= 6 or found["last_look"] is not None


async def knows_the_hour(watcher: Watcher) -> bool:
    """Whether a refresh was seen to come between two looks."""
    (region,) = (await status(watcher))["refreshes"]
    return region["hour"] is not None


async def status(watcher: Watcher) -> dict[str, list[dict[str, int]]]:
    """What the command says beside the daemon, or after it."""
    code, out, err = await watcher.call("status", "--json")
    assert code == 0, err
    found: dict[str, list[dict[str, int]]] = json.loads(out)
    return found
