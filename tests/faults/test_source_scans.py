"""Faults in the middle of a scan, and lists that suddenly are not what they were."""

from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

from tests.faults.source_bench import FOR_EVER, RULES, SourceBench, benched, edited
from tests.store.making import raw
from watcher.model import ScanState
from watcher.source.simulator import Fault
from watcher.source.simulator.server import short
from watcher.units import DAY, HOUR

LONG = (
    RULES.replace("top: 30", "top: 200").replace("every: 1h", "every: 1d")
    + """
  - {name: new, watch: list, when: {appears: true}}
  - {name: up, watch: list, when: {rank: {enters_top: 5}}}
  - {name: down, watch: list, when: {rank: {leaves_top: 5}}}
"""
)
FAILS = "watcher: watch list: fails"
OVER = "watcher: over: watch list: fails"


async def firing(bench: SourceBench) -> int:
    """Alerts that fire, but those of who left the top: an empty list that is believed has them."""
    return await bench.writer.run(
        lambda db: raw(db).number(
            "SELECT count(*) FROM alerts WHERE state = 'firing' AND rule <> 'down'"
        )
    )


async def told(bench: SourceBench) -> list[str]:
    """What the operator hears but that the data stands still, as it does here."""
    return [title for title in await bench.told() if "stands still" not in title]


async def test_page_7_of_20_fails_for_days(tmp_path: Path) -> None:
    """Each scan is partial: what was read is judged, what was not is neither gone nor new."""
    async with benched(tmp_path, LONG) as bench:
        await bench.scan()
        await bench.scan(after=DAY)
        before = await bench.alerts()
        fault = bench.fault(page=7, status=502)
        for day in range(4):
            asked = bench.simulator.requests
            assert await bench.scan(after=DAY) is ScanState.PARTIAL
            assert bench.simulator.requests - asked == 19 + 4
            assert await told(bench) == ([FAILS] if day >= 2 else [])
            await bench.restart()
        assert await bench.alerts() == before
        bench.simulator.faults.remove(fault)
        assert await bench.scan(after=DAY) is ScanState.COMPLETE
        assert await told(bench) == [FAILS, OVER]
        assert await bench.alerts() == before
        assert any("page 7" in text for text in await bench.texts())


async def test_credits_end_in_the_middle(tmp_path: Path) -> None:
    """What was read counts, nothing more is asked before midnight, and the scan is then due."""
    async with benched(tmp_path, LONG) as bench:
        await bench.scan()
        before = await bench.alerts()
        fault = bench.fault(page=7, status=402)
        assert await bench.scan(after=HOUR) is ScanState.PARTIAL
        asked = bench.simulator.requests
        assert await bench.scan(after=HOUR) is None
        assert bench.simulator.requests == asked
        assert await bench.alerts() == before
        bench.simulator.faults.remove(fault)
        midnight = bench.scanner.not_before(bench.book.used_watches[0])
        assert midnight % DAY == 0
        assert await bench.scan(after=midnight - bench.clock.instant) is ScanState.COMPLETE
        told = ["watcher: credits used up", "watcher: over: credits used up"]
        assert await bench.told() == told


async def test_a_revived_key_is_found_by_one_request_a_day(tmp_path: Path) -> None:
    """Nobody reloads: once a day one request tries; the others wait for what it finds."""
    rules = RULES + "  - {name: b, watch: {sort: spu_avg_price, top: 20}, when: {rank: 1}}\n"
    async with benched(tmp_path, rules.replace("concurrency: 1", "concurrency: 4")) as bench:
        await bench.scan()
        await bench.scan(watch=1)
        before = await bench.alerts()
        fault = bench.fault(status=403)
        await bench.scan()
        for _ in range(3):
            asked = bench.simulator.requests
            for _ in range(22):
                await bench.scan()
            assert bench.simulator.requests == asked
            opens = bench.scanner.not_before(bench.book.used_watches[1])
            assert await bench.scan(after=opens - bench.clock.instant) is ScanState.FAILED
            assert bench.simulator.requests == asked + 1
        bench.simulator.faults.remove(fault)
        opens = bench.scanner.not_before(bench.book.used_watches[0])
        assert await bench.scan(after=opens - bench.clock.instant, watch=1) is ScanState.COMPLETE
        assert await bench.scan(after=60) is ScanState.COMPLETE
        assert await bench.told() == ["watcher: key refused", "watcher: over: key refused"]
        assert [row[:3] for row in await bench.alerts() if row[0] != "slow"] == [
            row[:3] for row in before if row[0] != "slow"
        ]


async def test_while_one_tries_the_others_wait(tmp_path: Path) -> None:
    """Not even two scans that come due together ask a refused key twice."""
    async with benched(tmp_path) as bench:
        fault = bench.fault(status=401)
        await bench.scan()
        bench.clock.instant += DAY
        gate, key = bench.scanner.breaker, bench.book.used_watches[0].key
        now = bench.clock.instant
        assert gate.why_shut(key, now) is None
        with gate.passing() as trying:
            assert trying
            assert gate.why_shut("another", now) is not None
            assert now < gate.opens("another", now) <= now + 60
        assert gate.why_shut("another", now) is None
        bench.simulator.faults.remove(fault)


async def test_an_empty_list_is_not_believed_at_once(tmp_path: Path) -> None:
    """200 products yesterday, none today: no alert ends, the operator hears; back, and over."""
    async with benched(tmp_path, LONG) as bench:
        await bench.scan()
        await bench.scan(after=DAY)
        before = await bench.alerts()
        fault = bench.fault(edit=edited(lambda _: []))
        for _ in range(6):
            assert await bench.scan(after=DAY) is ScanState.FAILED
            await bench.restart()
        assert await bench.alerts() == before
        assert await bench.told() == [FAILS]
        assert (
            "the list has no products, and had 200: taken for a fault" in (await bench.texts())[0]
        )
        bench.simulator.faults.remove(fault)
        assert await bench.scan(after=DAY) is ScanState.COMPLETE
        assert await bench.alerts() == before
        assert await bench.told() == [FAILS, OVER]


async def test_a_list_that_stays_empty_is_believed(tmp_path: Path) -> None:
    """After a week; then its alerts end as those of any product that left."""
    async with benched(tmp_path, LONG) as bench:
        await bench.scan()
        await bench.scan(after=DAY)
        fires = await firing(bench)
        bench.fault(edit=edited(lambda _: []))
        states = [await bench.scan(after=DAY) for _ in range(7)]
        assert set(states) == {ScanState.FAILED}
        assert await firing(bench) == fires
        assert await bench.scan(after=DAY) is ScanState.COMPLETE
        assert await firing(bench) == fires
        assert await bench.scan(after=DAY) is ScanState.COMPLETE
        assert await firing(bench) == 0
        assert await bench.told() == [FAILS, OVER]


async def test_a_list_cut_short_proves_no_absence(tmp_path: Path) -> None:
    """Three products where there were 200: they are judged, the others are not gone; they are
    once the list is that short for the second time."""
    async with benched(tmp_path, LONG) as bench:
        await bench.scan()
        await bench.scan(after=DAY)
        before, fires = await bench.alerts(), await firing(bench)
        bench.simulator.faults += [
            Fault(FOR_EVER, 1, edit=short(3)), Fault(FOR_EVER, edit=short(0)),
        ]  # fmt: skip
        asked = bench.simulator.requests
        assert await bench.scan(after=DAY) is ScanState.COMPLETE
        assert bench.simulator.requests - asked == 2
        assert await bench.alerts() == before
        assert await bench.scan(after=DAY) is ScanState.COMPLETE
        assert await firing(bench) == fires
        assert await bench.scan(after=DAY) is ScanState.COMPLETE
        assert await firing(bench) == 3 + 3 + 3
        assert await bench.told() == []


async def test_a_bomb_takes_little_memory(tmp_path: Path) -> None:
    """Each try gives up after 8 MiB of it."""
    async with benched(tmp_path) as bench:
        bomb = gzip.compress(bytes(128 << 20), 1)
        bench.fault(body=bomb, headers={"Content-Encoding": "gzip"})
        tracemalloc.start()
        try:
            (watch,) = bench.book.used_watches
            outcome = await bench.scanner.scan(watch, bench.clock.instant)
            assert tracemalloc.get_traced_memory()[1] < 32 << 20
        finally:
            tracemalloc.stop()
        assert outcome is not None
        assert "longer than 8 MiB" in (outcome.scan.error or "")
