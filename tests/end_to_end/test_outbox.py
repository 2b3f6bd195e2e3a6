"""``watcher outbox`` beside a running daemon, and a backlog of many targets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.delivery.backlog import deliver
from tests.end_to_end.process import Watcher, until
from tests.fakes.sink import SECRET, Service, serving
from watcher.message import NotificationState
from watcher.source.simulator import Simulator

pytestmark = pytest.mark.end_to_end

RULES = """
channels:
  http: {url: ["${SINK_URL}", "${OTHER_URL}"]}
operator: [http]
defaults: {region: US, every: 24h, notify: [http]}
rules:
  - name: selling
    watch: {sort: total_sale_7d_cnt desc, top: 20}
    when: {total_sale_7d_cnt: {at_least: 1}}
"""


async def test_a_dead_message_is_retried_by_hand(
    tmp_path: Path, simulator: Simulator, sink: Service
) -> None:
    """404: dead at once, told by the other target; mended and retried, it arrives."""
    async with serving() as other:
        sink.status = 404
        urls = {"SINK_URL": sink.url.reveal(), "OTHER_URL": other.url.reveal()}
        watcher = Watcher(tmp_path, simulator.url, urls)
        watcher.rules.write_text(RULES, encoding="utf-8")
        async with watcher.running() as daemon:
            await until(lambda: len(other.taken) == 2)
            assert other.taken[1]["title"] == "watcher: dead message http/1"
            code, out, err = await watcher.call("outbox", "list", "--json")
            (row,) = json.loads(out)
            assert (code, err) == (0, "")
            assert (row["target"], row["state"]) == ("http/1", "dead")
            assert row["error"] == "json: HTTP 404 Not Found"
            sink.status = 200
            code, out, _ = await watcher.call("outbox", "retry", str(row["id"]))
            assert (code, out) == (0, f"Message {row['id']} is tried again.\n")
            await until(lambda: len(sink.taken) == 2)  # the first one was refused
            await until(lambda: len(other.taken) == 3)
            assert other.taken[2]["title"] == "watcher: over: dead message http/1"
            code, out, _ = await watcher.call("outbox", "list")
            assert (code, out[:29]) == (0, "No messages wait or are dead.")
            code, _, err = await watcher.call("outbox", "drop", str(row["id"]))
            assert (code, err) == (1, f"message {row['id']} was sent to http/1 already\n")
            assert await daemon.stop() == 0
            assert SECRET not in repr(daemon.log) + repr(daemon.other)
        shown = await watcher.call("outbox", "list", "--state", "sent", "--json")
        assert SECRET not in shown[1]


@pytest.mark.parametrize("joined", [False, True])
async def test_a_backlog_arrives(tmp_path: Path, joined: bool) -> None:
    """All of it once and in order, or as one; ``benchmarks.delivery`` sends more."""
    run = await deliver(tmp_path / "w.db", 240, 4, joined=joined)
    each = [str(number) for number in range(60)]
    expected = ["[info] what still holds: nothing"] if joined else each
    assert run.taken == {f"me/{number}": expected for number in range(1, 5)}
    sent = 4 if joined else 240
    assert run.counts[NotificationState.SENT] == sent
    assert run.counts[NotificationState.JOINED] == (240 if joined else 0)
