"""A scan whose store or whose right fails it in the middle: nothing is bought twice, nor lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.daemon.scheduling.bench import SCANS, Bench, T, watch_of
from tests.store.making import raw
from watcher.daemon.scheduling.scanner import Scanner
from watcher.daemon.tenure import Tenure
from watcher.errors import StoreAway
from watcher.model import ScanState
from watcher.store.ports import Store
from watcher.store.records import Spent
from watcher.store.threads import Writer
from watcher.units import HOUR


async def test_what_was_bought_waits_for_the_database(bench: Bench, tmp_path: Path) -> None:
    """A file that can't grow: the commit is done again until it can. Nothing is bought twice, the
    credits are counted, the operator hears once and once when it is over."""
    waits: list[float] = []

    async def pages(most: int) -> None:
        await bench.writer.run(lambda db: raw(db).execute(f"PRAGMA max_page_count = {most}"))

    async def pause(_stop: asyncio.Event, seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            await pages(10_000)

    async with bench.client() as client, Writer(tmp_path / "w.db") as writer:
        bench.writer = writer
        await pages(1)  # no fewer than there are
        scanner = Scanner(bench.book(), client, writer, bench.clock, stop=asyncio.Event())
        scanner.pause = pause
        assert await bench.scan(scanner) is ScanState.COMPLETE
        assert scanner.unstored is None
        titles = await bench.titles()
        assert await bench.spent() == Spent(3, 3)
        assert await writer.run(lambda db: db.ledger.set_aside(bench.clock.now())) == {}
    assert (bench.simulator.pages, waits) == (3, [1, 2, 4])
    name = watch_of(scanner.book).name
    assert titles == [
        f"watcher: watch {name}: waits to be stored",
        "[info] top: 3 products (US)",
        f"watcher: over: watch {name}: waits to be stored",
    ]


@dataclass
class Unheard:
    """A store that says of the first commit of a scan that nobody heard its end."""

    writer: Writer
    lost: int = 0

    async def run(self, job: Callable[[Store], T]) -> T:
        count = partial(self.writer.run, lambda db: raw(db).execute(SCANS).fetchall())
        before = await count()
        done = await self.writer.run(job)
        if self.lost or await count() == before:
            return done
        self.lost += 1
        raise StoreAway("the connection was lost during a commit", "a server")


async def test_a_commit_whose_end_nobody_heard(bench: Bench) -> None:
    """The row is looked for before the next try: one scan, one message, its credits once."""

    async def at_once(_stop: asyncio.Event, _seconds: float) -> None:
        """No wait."""

    async with bench.client() as client:
        store = Unheard(bench.writer)
        scanner = Scanner(bench.book(), client, store, bench.clock, stop=asyncio.Event())
        scanner.pause = at_once
        for times in (1, 2):
            assert await bench.scan(scanner) is ScanState.COMPLETE
            assert await bench.spent() == Spent(3 * times, 3 * times)
            assert bench.simulator.pages == 3 * times
            bench.clock.forward(HOUR)
        assert await bench.writer.run(lambda db: db.ledger.set_aside(bench.clock.now())) == {}
        found = await bench.writer.run(lambda db: raw(db).execute(SCANS).fetchall())
    assert (store.lost, len(found)) == (1, 2)
    assert await bench.titles() == ["[info] top: 3 products (US)"]


async def test_no_page_is_asked_for_without_the_right_to_it(bench: Bench) -> None:
    """It is waited for right before each request; where it is lost the scan ends unpaid."""

    class Lapsing(Tenure):
        """A right that is lost after the first request."""

        asked = 0

        async def begin(self, waits: Callable[[], None] = lambda: None) -> None:
            self.asked += 1
            if self.asked > 1:
                raise StoreAway("its lease could not be renewed in time", "a server")

    async with bench.client() as client:
        scanner = Scanner(bench.book(), client, bench.writer, bench.clock)
        scanner.tenure = Lapsing()
        with pytest.raises(StoreAway):
            await bench.scan(scanner)
    assert bench.simulator.pages == 1
    assert await bench.spent() == Spent(1, 1)


async def test_a_scan_that_is_cut_off_keeps_its_account(bench: Bench) -> None:
    """What was asked is spent, the rest given back, and whoever cut it off is not held up."""
    asked = asyncio.Event()

    class Standing(Tenure):
        """A right that is not certain for the second request."""

        times = 0

        async def begin(self, waits: Callable[[], None] = lambda: None) -> None:
            self.times += 1
            if self.times == 2:
                asked.set()
                await asyncio.Event().wait()

    async with bench.client() as client:
        scanner = Scanner(bench.book(), client, bench.writer, bench.clock)
        scanner.tenure = Standing()
        scan = asyncio.create_task(bench.scan(scanner))
        await asked.wait()
        scan.cancel()
        with pytest.raises(asyncio.CancelledError):
            await scan
    assert await bench.spent() == Spent(1, 1)
    assert await bench.writer.run(lambda db: db.ledger.set_aside(bench.clock.now())) == {}
