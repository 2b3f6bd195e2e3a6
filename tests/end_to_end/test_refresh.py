"""A real daemon beside a market whose data comes at an hour of its own, for some days."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.end_to_end.process import KEY, PATIENCE, Watcher

pytestmark = pytest.mark.end_to_end
RULES = """
api: {requests_per_second: 500, concurrency: 1}
defaults: {region: US, every: refresh}
rules:
  - name: selling
    watch: {sort: total_sale_7d_cnt desc, top: 20}
    when: {total_sale_7d_cnt: {rises: 1, from: 1d ago}}
"""


@contextlib.asynccontextmanager
async def market(*arguments: str) -> AsyncIterator[str]:
    """One whose days pass, and whose data comes at about 6:00; gives its address."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "watcher.source.simulator", "--port", "0", "--key", KEY,
        "--products", "200", "--regions", "US", "--preset", "smooth", "--refresh", "06:00",
        *arguments, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            said = (await process.stdout.readline()).decode()
        found = re.search(r"http://\S+:\d+", said)
        assert found is not None, said
        yield found[0]
    finally:
        process.terminate()
        await process.wait()


async def test_reads_when_the_data_is_new(tmp_path: Path) -> None:
    """It probes, scans once a data day, goes on with what it learned after a restart, and the
    commands beside it say so."""
    async with market("--day-seconds", "4") as address:
        watcher = Watcher(tmp_path, address)
        watcher.rules.write_text(RULES, encoding="utf-8")
        async with watcher.running("--market-clock") as daemon:
            await daemon.said("scanned", count=4)
            assert await daemon.stop() == 0
        before = await status(watcher)
        async with watcher.running("--market-clock") as daemon:
            await daemon.said("scanned", count=2)
            assert await daemon.stop() == 0
        after = await status(watcher)
        _, alerts, _ = await watcher.call("alerts", "--since", "40d")
    assert "selling" in alerts
    (was,), (found,) = before["refreshes"], after["refreshes"]
    assert found["day"] >= was["day"] + 2
    assert found["hour"] is not None
    assert 0 < found["looks"] <= 6 or found["last_look"] is not None


async def status(watcher: Watcher) -> dict[str, list[dict[str, int]]]:
    """What the command says beside the daemon, or after it."""
    code, out, err = await watcher.call("status", "--json")
    assert code == 0, err
    found: dict[str, list[dict[str, int]]] = json.loads(out)
    return found
