"""The real daemon, killed and started anew while the source refuses it for days: what the
operator's channel really gets."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.end_to_end.process import until
from tests.fakes.sink import Service, serving
from tests.faults.source_credits import Counting, Harness
from watcher.source.simulator import Fault

pytestmark = pytest.mark.end_to_end

RULES = """
api: {requests_per_second: 500}
# The clock runs fast: what two rules tell one channel would be one message or joined, as it falls.
channels: {me: {url: "${SINK_URL}"}, you: {url: "${SINK_URL}"}}
operator: [me]
defaults: {region: US, notify: [me]}
rules:
  - name: top
    watch: {sort: total_sale_7d_cnt desc, top: 30, every: 6h}
    when: {rank: {at_most: 30}}
    resolved: true
  - name: other
    watch: {sort: spu_avg_price desc, top: 30, every: 6h}
    when: {rank: {at_most: 30}}
    resolved: true
    notify: [you]
"""


class Told(Harness):
    """A harness whose operator is a service that takes messages."""

    sink: Service

    @property
    def env(self) -> dict[str, str]:
        return {**super().env, "SINK_URL": self.sink.url.reveal()}

    def titles(self) -> list[str]:
        """What came, in order; not that the data stands still, as it does here for days."""
        titles = [str(message["title"]) for message in self.sink.taken]
        return [title for title in titles if "stands still" not in title]

    async def heard(self, title: str) -> None:
        """Wait for it."""
        await until(lambda: title in self.titles())


@contextlib.asynccontextmanager
async def daemon(harness: Told) -> AsyncIterator[asyncio.subprocess.Process]:
    """A daemon, killed at the end."""
    process = await harness.spawn("run")
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()


@pytest.mark.long
async def test_a_key_that_is_revoked_for_days_and_given_back(tmp_path: Path) -> None:
    """One message when it begins, one when it ends, over a kill; one request a day meanwhile,
    and one for each start; no alert ends, and none is told twice."""
    async with Counting() as simulator, serving() as sink:
        harness = Told(tmp_path, simulator, random.Random(1), day_seconds=2)
        harness.sink = sink
        (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
        async with daemon(harness):
            await harness.heard("[info] top: 30 products (US)")
            await harness.heard("[info] other: 30 products (US)")
            fault = Fault(times=10**9, status=401)
            simulator.faults.append(fault)
            await harness.heard("watcher: key refused")
            # Both watches may have been under way; from now on one tries for both.
            asked, since = len(simulator.times), harness.now()
            await until(lambda: len(simulator.times) >= asked + 2)
            days = (harness.now() - since) / 86_400
            assert len(simulator.times) - asked <= days + 1
        asked = len(simulator.times)
        async with daemon(harness):
            await until(lambda: len(simulator.times) > asked)
            simulator.faults.remove(fault)
            await harness.heard("watcher: over: key refused")
            pages = simulator.pages
            await until(lambda: simulator.pages >= pages + 12)
        assert sorted(harness.titles()) == sorted(
            [
                "[info] top: 30 products (US)",
                "[info] other: 30 products (US)",
                "watcher: key refused",
                "watcher: over: key refused",
            ]
        )
