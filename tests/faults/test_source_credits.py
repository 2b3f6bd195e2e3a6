"""Caps: no kill, restart, second process, storm of retries or midnight lets more through."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from pathlib import Path

import pytest

from tests.end_to_end.process import KEY, Watcher
from tests.faults import source_credits
from tests.faults.source_bench import RULES, benched
from watcher.daemon.scheduling.budget import PaidBudget
from watcher.daemon.scheduling.scanner import Scanner
from watcher.errors import StoreError
from watcher.model import ScanState
from watcher.source.simulator import SMOOTH, Market, Simulator
from watcher.store.sqlite.database import Database
from watcher.store.threads import Scratch, Writer


@pytest.mark.end_to_end
async def test_kills_and_others_beside_never_pass_a_cap(tmp_path: Path) -> None:
    """A few rounds of the harness: real processes, killed at some moment."""
    counts = await source_credits.run(tmp_path, rounds=2, seed=7, day_seconds=6)
    assert counts["requests"] > 0


CAPPED = RULES.replace("api: {", "api: {credits_per_day: 10, ")


async def test_dry_runs_share_the_caps_with_the_daemon(tmp_path: Path) -> None:
    """Three scans of three at once, two of them dry, under a cap of ten: all fit, and a fourth
    does not; what the daemon has set aside is left alone."""
    async with benched(tmp_path, CAPPED) as bench:
        await bench.scan()
        (watch,) = bench.book.used_watches
        async with Scratch(bench.path) as one, Scratch(bench.path) as two:
            dry = [
                Scanner(bench.book, bench.client, each, bench.clock, budget=PaidBudget)
                for each in (one, two)
            ]
            await asyncio.gather(
                *(each.scan(watch, bench.clock.instant) for each in (bench.scanner, *dry))
            )
            assert bench.simulator.requests <= 10
            assert await bench.spent() == bench.simulator.requests
            assert [await each.scan(watch, bench.clock.instant) for each in dry] == [None, None]
        assert bench.simulator.requests <= 10
        assert await bench.reserved() == 0


async def test_a_dry_run_leaves_what_the_daemon_set_aside(tmp_path: Path) -> None:
    """The daemon is in the middle of a scan: its credits are not given to another."""
    async with benched(tmp_path, CAPPED) as bench:
        now = bench.clock.instant
        held = await bench.writer.run(lambda db: db.ledger.reserve("other", 8, now, 10, None))
        assert held is not None
        (watch,) = bench.book.used_watches
        async with Scratch(bench.path) as scratch:
            dry = Scanner(bench.book, bench.client, scratch, bench.clock, budget=PaidBudget)
            assert await dry.scan(watch, now) is None
        assert bench.simulator.requests == 0
        assert await bench.spent() == 8


async def test_a_dry_run_cut_by_the_cap(tmp_path: Path) -> None:
    """Retries are paid one by one, up to the cap, and what a kill would leave is paid."""
    async with benched(tmp_path, CAPPED.replace("10", "4")) as bench:
        bench.fault(page=2, status=500)
        (watch,) = bench.book.used_watches
        async with Scratch(bench.path) as scratch:
            dry = Scanner(bench.book, bench.client, scratch, bench.clock, budget=PaidBudget)
            outcome = await dry.scan(watch, bench.clock.instant)
        assert outcome is not None
        assert outcome.scan.state is ScanState.PARTIAL
        assert bench.simulator.requests == await bench.spent() == 4


async def test_a_commit_that_fails_leaves_nothing_set_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was asked is spent, the rest is given back, and no other scan's credits with it."""
    async with benched(tmp_path, CAPPED) as bench:
        await bench.scan()

        def full(_database: Database, *_: object) -> None:
            raise StoreError("the disk is full", bench.path)

        monkeypatch.setattr("watcher.daemon.scheduling.health_notes.note_changes", full)
        with pytest.raises(StoreError, match="disk is full"):
            await bench.scan()
        monkeypatch.undo()
        assert (await bench.spent(), await bench.reserved()) == (6, 0)
        assert await bench.scan() is ScanState.COMPLETE
        assert (await bench.spent(), await bench.reserved()) == (9, 0)


async def test_a_scan_cut_by_the_cap_leaves_nothing_set_aside(tmp_path: Path) -> None:
    """Also where the cap is found on the way."""
    async with benched(tmp_path, CAPPED.replace("10", "4")) as bench:
        bench.fault(page=2, status=500)
        assert await bench.scan() is ScanState.PARTIAL
        assert (await bench.spent(), await bench.reserved()) == (4, 0)


@pytest.mark.end_to_end
async def test_a_second_daemon_and_once_are_refused(tmp_path: Path) -> None:
    """They name the first; a dry run and ``status`` work beside it, and the credits are there by
    watch."""
    # Requests are counted here, not sales.
    market = Market(seed=5, products=50, start=date(2026, 11, 1), regions=("US",), behaviour=SMOOTH)
    async with Simulator(market, key=KEY) as simulator:
        watcher = Watcher(tmp_path, simulator.url)
        watcher.rules.write_text(RULES, encoding="utf-8")
        async with watcher.running() as daemon:
            await daemon.said("scanned")
            for command in (("run", "--listen", "off"), ("once",)):
                code, _, err = await watcher.call(*command)
                assert (code, str(daemon.process.pid) in err) == (1, True)
            code, out, _ = await watcher.call("once", "--dry-run", "--rule", "leads")
            assert (code, "3 credits" in out) == (0, True), out
            assert watcher.query("SELECT sum(used) FROM credits") == [(6,)]
            code, out, _ = await watcher.call("status", "--json")
            state = json.loads(out)
            assert [watch["credits_today"] for watch in state["watches"]] == [6]
            assert await daemon.stop() == 0


async def test_a_dry_run_without_a_database_makes_none(tmp_path: Path) -> None:
    """All in memory."""
    path = tmp_path / "none.db"
    async with Scratch(path) as scratch:
        await scratch.run(lambda db: db.ledger.charge("w", 3, 0))
    assert not path.exists()
    async with Writer(path) as writer, Scratch(path) as scratch:
        await scratch.run(lambda db: db.ledger.charge("w", 3, 0))
        assert await writer.run(lambda db: db.ledger.spent(0).day) == 3
