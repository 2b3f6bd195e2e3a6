"""What is wrong with a list ends no alert and begins none, whatever it is, until it lasts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.fakes.market import boost, ignoring_pages
from tests.faults.source_bench import FOR_EVER, RULES, SourceBench, benched
from tests.store.making import raw
from watcher.model import ScanState
from watcher.source.simulator import Fault, Simulator
from watcher.source.simulator.server import short, unreadable
from watcher.units import DAY

LIST = (
    RULES.replace("top: 30", "top: 60").replace("every: 1h", "every: 1d")
    + """
  - {name: new, watch: list, when: {appears: true}}
  - {name: up, watch: list, when: {rank: {enters_top: 25}}}
  - {name: down, watch: list, when: {rank: {leaves_top: 25}}}
"""
)
PROBLEMS, OVER = (
    "watcher: watch list: read with problems",
    "watcher: over: watch list: read with problems",
)

Break = Callable[[Simulator], None]


def on(page: int | None, **how: object) -> Break:
    """A fault of one page, or of all."""
    return lambda simulator: simulator.faults.append(Fault(FOR_EVER, page, **how))  # type: ignore[arg-type]


def ignore_pages(simulator: Simulator) -> None:
    """Let the page's number mean nothing to the server."""
    simulator.answer = ignoring_pages(simulator.market)


FLAWS: Mapping[str, Break] = {
    **{
        f"row on page {page}": on(page, edit=unreadable(kind, 2))
        for page, kind in ((1, "id null"), (3, "null"), (6, "id float"))
    },
    **{f"rubbish on page {page}": on(page, edit=unreadable("number")) for page in (1, 3, 6)},
    **{f"short page {page}": on(page, edit=short(4)) for page in (1, 3, 5)},
    **{f"empty page {page}": on(page, edit=short(0)) for page in (1, 3, 5)},
    **{f"page {page} again": on(page, instead=page - 1) for page in (2, 4, 6)},
    "page_num ignored": ignore_pages,
    "a row of every page": on(None, edit=unreadable("id missing", 0)),
}


def mend(simulator: Simulator) -> None:
    """All is well again."""
    simulator.faults.clear()
    simulator.answer = simulator.market.answer


async def told(bench: SourceBench) -> list[str]:
    """What the operator hears but that the data stands still, as it does here."""
    return [title for title in await bench.told() if "stands still" not in title]


ALONE = ("row on page 1", "short page 3", "empty page 5", "page 4 again", "page_num ignored")


@pytest.mark.parametrize(
    ("flaw", "concurrency"), [*((flaw, 2) for flaw in FLAWS), *((flaw, 1) for flaw in ALONE)]
)
async def test_no_flaw_ends_or_begins_an_alert(tmp_path: Path, flaw: str, concurrency: int) -> None:
    """Nor when it is mended. It is complete, and told to the operator at the third time."""
    rules = LIST.replace("concurrency: 1", f"concurrency: {concurrency}")
    async with benched(tmp_path, rules) as bench:
        for _ in range(2):
            await bench.scan(after=DAY)
        before = await bench.alerts()
        FLAWS[flaw](bench.simulator)
        for turn in range(4):
            asked = bench.simulator.requests
            assert await bench.scan(after=DAY) is ScanState.COMPLETE
            assert bench.simulator.requests - asked <= 6
            assert await told(bench) == ([PROBLEMS] if turn >= 2 else [])
            await bench.restart()
        assert await bench.alerts() == before
        mend(bench.simulator)
        assert await bench.scan(after=DAY) is ScanState.COMPLETE
        assert await bench.alerts() == before
        assert await told(bench) == [PROBLEMS, OVER]


@pytest.mark.parametrize("flaw", ["row on page 1", "short page 3", "page_num ignored"])
async def test_a_first_list_with_flaws_makes_nobody_new(tmp_path: Path, flaw: str) -> None:
    """Who was on it all the time does not appear when it is mended."""
    async with benched(tmp_path, LIST) as bench:
        FLAWS[flaw](bench.simulator)
        assert await bench.scan(after=DAY) is ScanState.COMPLETE
        mend(bench.simulator)
        assert await bench.scan(after=DAY) is ScanState.COMPLETE
        begun = {row[0] for row in await bench.alerts()}
        assert begun.isdisjoint({"new", "up", "down"})


async def test_a_week_of_flaws_is_believed(tmp_path: Path) -> None:
    """Then who is missing has left, as after any two scans; the operator heard of it once."""
    async with benched(tmp_path, LIST) as bench:
        for _ in range(2):
            await bench.scan(after=DAY)
        before = await bench.alerts()
        FLAWS["row on page 1"](bench.simulator)
        for _ in range(7):
            await bench.scan(after=DAY)
        await bench.scan(after=DAY)
        assert [row[:6] for row in await bench.alerts() if row[0] != "down"] == [
            row[:6] for row in before
        ]
        await bench.scan(after=DAY)
        ended = [row for row in await bench.alerts() if row[5] is not None]
        assert {row[0] for row in ended} == {"sells", "slow", "leads"}
        assert await told(bench) == [PROBLEMS]


async def test_who_moves_on_a_flawed_list_is_judged_once(tmp_path: Path) -> None:
    """A place that is known counts, whatever is doubted of others: nobody enters twice."""
    async with benched(tmp_path, LIST.replace("resolved: true", "cooldown: 0s")) as bench:
        for _ in range(2):
            await bench.scan(after=DAY)
        ids = [str(row["product_id"]) for row in bench.simulator.market.answer(PAGE)]
        climber = ids[9]
        FLAWS["row on page 1"](bench.simulator)  # the third one is never seen from now on
        boost(bench.simulator.market, climber, 50, 3)
        bench.simulator.market.advance(2)
        await bench.scan(after=DAY)
        await bench.scan(after=DAY)
        await bench.scan(after=DAY)
        rows = await bench.writer.run(
            lambda db: raw(db).rows(
                "SELECT a.rule, count(*) FROM alerts AS a JOIN products AS p ON p.id = a.product "
                "WHERE a.rule IN ('up', 'down') GROUP BY a.rule, p.id"
            )
        )
        assert {count for _, count in rows} == {1}


PAGE = {
    "region": "US",
    "page_num": "3",
    "page_size": "10",
    "product_sort_field": "4",
    "sort_type": "1",
}


async def test_one_broken_row_silences_no_heartbeat(tmp_path: Path) -> None:
    """The watch is healthy: it is read, and that is known."""
    async with benched(tmp_path, LIST) as bench:
        FLAWS["row on page 1"](bench.simulator)
        for _ in range(5):
            assert await bench.scan(after=DAY) is ScanState.COMPLETE
        key = bench.book.used_watches[0].key
        health = await bench.writer.run(lambda db: db.health.get("watch", key))
        assert (health.failing_since, health.failures) == (None, 0)
        assert health.last_ok == bench.clock.instant


async def test_a_first_list_of_rubbish_has_failed(tmp_path: Path) -> None:
    """It counts as not read, and is asked again soon."""
    async with benched(tmp_path, LIST) as bench:
        bench.simulator.faults.append(Fault(FOR_EVER, edit=unreadable("id null")))
        assert await bench.scan(after=DAY) is ScanState.FAILED
        (watch,) = bench.book.used_watches
        row = await bench.writer.run(lambda db: db.history.last_scan(watch.key))
        assert row is not None
        assert not row.interrupted
        assert (row.error or "").startswith("nothing of the list can be read")
        assert row.problems


async def test_the_cost_reckons_with_one_page_more(tmp_path: Path) -> None:
    """A list that ended before ``top``: what is set aside is what is asked for."""
    rules = LIST.replace("top: 60", 'top: 900, category_id: "601450"')
    async with benched(tmp_path, rules) as bench:
        await bench.scan(after=DAY)
        first = bench.simulator.requests
        before = await bench.spent()
        assert first == before < 90
        rules_with_cap = rules.replace("api: {", f"api: {{credits_per_day: {2 * first - 1}, ")
        bench.rules = rules_with_cap
        await bench.restart()
        assert await bench.scan(after=60) is None  # one short of it: not begun
        bench.rules = rules.replace("api: {", f"api: {{credits_per_day: {2 * first}, ")
        await bench.restart()
        assert await bench.scan(after=60) is ScanState.COMPLETE
        assert await bench.spent() == 2 * first
