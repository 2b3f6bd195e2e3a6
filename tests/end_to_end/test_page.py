"""The page of the real daemon: what its forms change is done by the daemon that runs."""

from __future__ import annotations

import re
from pathlib import Path

import aiohttp
import pytest

from tests.end_to_end.process import Watcher, until
from tests.end_to_end.test_running import RULES
from tests.fakes.sink import SECRET, Service
from watcher.source.simulator import Simulator

pytestmark = pytest.mark.end_to_end


async def test_a_dead_message_is_sent_again_from_the_page(
    tmp_path: Path, simulator: Simulator, sink: Service
) -> None:
    """Found on the overview, retried by the form of the outbox, delivered at once; no page shows
    the channel's address or the key."""
    watcher = Watcher(tmp_path, simulator.url, {"SINK_URL": sink.url.reveal()})
    watcher.rules.write_text(RULES, encoding="utf-8")
    sink.status = 404
    async with watcher.running() as daemon, aiohttp.ClientSession(daemon.page) as session:

        async def read(path: str) -> str:
            async with session.get(path) as answer:
                assert answer.status == 200
                return await answer.text()

        await until(lambda: watcher.query("SELECT 1 FROM notifications WHERE state = 'dead'") != [])
        sink.status = 200
        outbox = await read("/outbox")
        token = re.search(r'name="token" value="([^"]+)"', outbox)
        assert token is not None
        before = len(sink.taken)
        async with session.post(
            "/outbox/retry", data={"token": token[1], "all": "dead", "back": "/outbox"}
        ) as answer:
            assert answer.status == 200
            assert "sent again" in await answer.text()
        await until(lambda: len(sink.taken) > before)
        pages = [outbox, *[await read(path) for path in ("/", "/rules/selling", "/alerts")]]
        pages += [
            await read(f"/api/{name}.json") for name in ("overview", "outbox", "rules/selling")
        ]
        assert all(
            SECRET not in page and watcher.environment()["KEYAPI_KEY"] not in page for page in pages
        )
        assert "watcher_loop_held_seconds_count" in await read("/metrics")
        assert await daemon.stop() == 0
