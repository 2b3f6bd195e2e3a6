"""Commands beside a simulated market: the demo's, and one that is served on its own."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.end_to_end.market import market
from tests.end_to_end.process import PATIENCE, Watcher

pytestmark = pytest.mark.end_to_end

RULES = """
api: {requests_per_second: 500}
defaults: {region: US}
rules:
  - name: selling
    watch: {sort: total_sale_7d_cnt desc, top: 20}
    when: {total_sale_7d_cnt: {rises: 1, from: last}}
"""
MINE = """
  - name: mine
    watch: bestsellers
    notify: [own]
    when: {total_sale_7d_cnt: {at_least: 1}}
"""


async def lives_by_its_clock(watcher: Watcher) -> bool:
    """Whether the commands' time is the market's: by the machine's, its scans lie days ahead."""
    code, out, err = await watcher.call("status", "--json")
    assert code == 0, err
    status = json.loads(out)
    scanned = [watch["last"]["at"] for watch in status["watches"] if watch["last"] is not None]
    assert scanned
    return all(status["now"] >= at for at in scanned)


@pytest.mark.long
async def test_alerts_within_days_of_seconds(tmp_path: Path) -> None:
    """The daemon lives by the market's clock, and so does every command beside it."""
    async with market("--products", "300", "--day-seconds", "0.3") as address:
        watcher = Watcher(tmp_path, address)
        watcher.rules.write_text(RULES, encoding="utf-8")
        async with watcher.running("--market-clock") as daemon:
            await daemon.said("scanned", count=14)  # of a day each
            assert await lives_by_its_clock(watcher)
            _, alerts, _ = await watcher.call("alerts", "--since", "40d")
            assert "selling" in alerts
            code, dry, _ = await watcher.call("once", "--dry-run")
            assert code == 0
            assert "not due" in dry or "complete" in dry
            assert await daemon.stop() == 0
        assert await lives_by_its_clock(watcher)
        async with watcher.running():  # by the machine's clock again, as are the commands then
            assert not (tmp_path / "watcher.db-clock").exists()


async def test_a_market_that_stands_has_no_clock(tmp_path: Path) -> None:
    """One line says what to start; no daemon begins."""
    async with market("--products", "300") as address:
        watcher = Watcher(tmp_path, address)
        watcher.rules.write_text(RULES, encoding="utf-8")
        code, _, err = await watcher.call("run", "--market-clock")
        assert code == 1
        assert "no simulated market whose days pass" in err
        assert len(err.splitlines()) == 1
        assert not watcher.database.exists()
        nobody = replace(watcher, api_url="http://127.0.0.1:9")
        code, _, err = await nobody.call("run", "--market-clock")
        assert (code, len(err.splitlines())) == (1, 1)


def _add_a_rule(rules: Path) -> None:
    text = rules.read_text("utf-8") + MINE
    channel = 'channels:\n  own: {url: "${OWN_URL}"}\n'
    rules.write_text(text.replace("channels:\n", channel), encoding="utf-8")


async def test_commands_beside_the_demo(tmp_path: Path) -> None:
    """On its rules and database: a rule that is added, with a variable of one's own."""
    watcher = Watcher(tmp_path, "http://127.0.0.1:1", {"OWN_URL": "json://127.0.0.1:9/"})
    demo = await watcher.spawn(
        "demo",
        "--products",
        "300",
        "--days",
        "3",
        "--day-seconds",
        "2",
        "--listen",
        "off",
        "--market",
        "smooth",  # its clock matters here, not how it sells
    )
    try:
        assert demo.stdout is not None
        found = None
        async with asyncio.timeout(PATIENCE):
            while found is None:
                line = (await demo.stdout.readline()).decode()
                found = re.search(r"WATCHER_RULES=(\S+) WATCHER_DB=(\S+)", line)
        beside = replace(
            watcher,
            env={**watcher.env, "WATCHER_RULES": found[1], "WATCHER_DB": found[2]},
        )
        _add_a_rule(Path(found[1]))
        code, told, err = await beside.call("backtest", "mine")
        assert (code, err) == (0, "")
        assert re.search(r"own: [1-9]\d* message", told)
        code, _, err = await beside.call("check")
        assert code == 0, err
        _, status, _ = await beside.call("status")
        assert "mine" in status
        assert await lives_by_its_clock(beside)
    finally:
        demo.terminate()
        await demo.communicate()
