"""Daemons that share a server's books: each is one's at a time, and another's after it."""

from __future__ import annotations

import signal
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.end_to_end.fleet import RULES, Fleet
from tests.end_to_end.process import Daemon, Watcher, until
from tests.fakes.sink import Service
from watcher.source.simulator import Simulator

pytestmark = pytest.mark.end_to_end

SIX = tuple(f"shop{number}" for number in range(1, 7))


@pytest.fixture
def fleet(tmp_path: Path, postgres_url: str, simulator: Simulator, sink: Service) -> Fleet:
    """A server without books."""
    watcher = Watcher(tmp_path, simulator.url, {"SINK_URL": sink.url.reveal()})
    return Fleet(watcher, postgres_url)


async def test_a_killed_holder_is_replaced_within_15_s(fleet: Fleet, sink: Service) -> None:
    """The heir buys nothing that is not due, and tells nothing that was told."""
    fleet.make("shop")
    async with fleet.running() as first:
        await first.said("scanned", book="shop")
        await until(lambda: len(sink.taken) == 1)
        async with fleet.running() as second:
            first.process.send_signal(signal.SIGKILL)
            began = time.monotonic()
            await second.said("at work", book="shop")
            assert time.monotonic() - began < 15
            assert fleet.held_by(second) == ["shop"]
            assert await second.stop() == 0
    assert len(sink.taken) == 1


async def test_a_planned_stop_hands_over_at_once(fleet: Fleet) -> None:
    """The other takes it as soon as the work has ended in order."""
    fleet.make("shop")
    async with fleet.running() as first, fleet.running() as second:
        await first.said("scanned", book="shop")
        began = time.monotonic()
        assert await first.stop() == 0
        await second.said("at work", book="shop")
        assert time.monotonic() - began < 8
        assert await second.stop() == 0
    assert not fleet.leases()["shop"].held


async def test_a_holder_that_stood_still_becomes_a_standby(
    fleet: Fleet, simulator: Simulator, sink: Service
) -> None:
    """It was stopped in the middle of a scan: it buys, writes and sends nothing more of it."""
    fleet.make("shop")
    simulator.fail_next(page=2, delay=3)
    async with fleet.running() as first, fleet.running() as second:
        await until(lambda: simulator.requests == 2)
        first.process.send_signal(signal.SIGSTOP)
        await second.said("scanned", book="shop")
        await until(lambda: len(sink.taken) == 1)
        bought = simulator.requests
        first.process.send_signal(signal.SIGCONT)
        await first.said("the book is another daemon's: the work on it has ended")
        assert second.process.returncode is None
        assert await second.stop() == 0
        await first.said("at work", count=2, book="shop")
        assert fleet.held_by(first) == ["shop"]
        assert await first.stop() == 0
    assert (simulator.requests, len(sink.taken)) == (bought, 1)
    assert [line["event"] for line in first.log if line["event"] == "scanned"] == []


async def test_books_are_spread_evenly(fleet: Fleet) -> None:
    """Two each of three; three each once one of them leaves; and then nothing moves."""
    fleet.make(*SIX)

    def even(*daemons: Daemon) -> bool:
        held = [fleet.held_by(each) for each in daemons]
        return all(len(each) == len(SIX) // len(daemons) for each in held)

    async with AsyncExitStack() as stack:
        daemons = [await stack.enter_async_context(fleet.running()) for _ in range(3)]
        await until(lambda: even(*daemons))
        kept = [fleet.held_by(each) for each in daemons]
        assert await daemons[2].stop() == 0
        await until(lambda: even(*daemons[:2]))
        assert all(set(kept[each]) <= set(fleet.held_by(daemons[each])) for each in (0, 1))
        fences = {book: lease.fence for book, lease in fleet.leases().items()}
        daemons.append(await stack.enter_async_context(fleet.running()))
        await until(lambda: even(daemons[0], daemons[1], daemons[3]))
        moved = [book for book, lease in fleet.leases().items() if lease.fence != fences[book]]
        assert len(moved) == 2


async def test_pushed_rules_take_effect(fleet: Fleet) -> None:
    """Those that are broken here leave the old ones in force, as files do, and are told."""
    fleet.make("shop")
    async with fleet.running() as daemon:
        await daemon.said("at work", book="shop")
        fleet.push("shop", RULES.replace("name: selling", "name: other"))
        await daemon.said("rules reloaded", book="shop")
        fleet.push("shop", RULES.replace("${SINK_URL}", "${NOWHERE}"))
        line = await daemon.said("rule file refused", book="shop")
        assert str(line["problem"]).startswith("shop/rules.yaml:3:")
        fleet.push("shop", RULES)
        await daemon.said("rules reloaded", book="shop", count=2)
        assert await daemon.stop() == 0
