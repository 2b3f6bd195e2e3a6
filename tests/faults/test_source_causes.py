"""What the operator hears of the source: each cause once, and once that it is over, whatever is
started anew in between."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.source_bench import (
    FOR_EVER,
    RULES,
    Row,
    SourceBench,
    benched,
    edited,
    having,
    without,
)
from watcher.fields import NUMERIC
from watcher.source.simulator import Fault
from watcher.source.simulator.server import short
from watcher.units import DAY, HOUR, next_midnight

DAILY = RULES.replace("every: 1h", "every: 1d")
STILL = "watcher: region US: data stands still"
STILL_OVER = "watcher: over: region US: data stands still"


async def days(bench: SourceBench, count: int, *, fresh: bool, watch: int = 0) -> None:
    """Daily scans; ``fresh``: of a market that moves on."""
    for _ in range(count):
        if fresh:
            bench.simulator.market.advance(1)
        await bench.scan(after=DAY, watch=watch)
        await bench.restart()


async def test_yesterdays_data_for_days(tmp_path: Path) -> None:
    """Told on the third day, once, and once when the data moves again."""
    async with benched(tmp_path, DAILY) as bench:
        await days(bench, 3, fresh=True)
        await days(bench, 1, fresh=False)  # who left the list on the last day is gone for sure
        before = await bench.alerts()
        await days(bench, 1, fresh=False)
        assert await bench.told() == []
        await days(bench, 5, fresh=False)
        assert await bench.told() == [STILL]
        assert await bench.alerts() == before
        await days(bench, 3, fresh=True)
        assert await bench.told() == [STILL, STILL_OVER]
        await days(bench, 3, fresh=False)
        assert await bench.told() == [STILL, STILL_OVER, STILL]


async def test_troubles_are_told_in_the_rule_files_zone(tmp_path: Path) -> None:
    """Since when data stands still, and since when nothing could be read."""
    rules = DAILY.replace("defaults: {", "defaults: {timezone: Asia/Shanghai, ")
    second = "{sort: spu_avg_price, top: 30}"
    rules += f"  - {{name: dear, watch: {second}, when: {{spu_avg_price: {{above: 1m}}}}}}\n"
    async with benched(tmp_path, rules) as bench:
        await days(bench, 2, fresh=True)
        await days(bench, 4, fresh=False)
        (still,) = await bench.texts()
        assert re.search(r"since \d{4}-\d\d-\d\d \d\d:\d\d Asia/Shanghai: ", still)
        bench.fault(status=500, times=100_000)
        for _ in range(3):
            for watch in range(len(bench.book.used_watches)):
                await bench.scan(after=DAY, watch=watch)
        assert any("Asia/Shanghai; last" in text for text in await bench.texts())


MOVING = (
    DAILY
    + """
  - {name: up, watch: list, when: {total_sale_gmv_7d_amt: {rises: 2%, from: 2d ago}}, for: 3d}
  - {name: down, watch: list, when: {total_sale_gmv_7d_amt: {falls: 2%, from: 2d ago}}}
  - {name: dearer, watch: list, when: {spu_avg_price: {changes: 1%, from: median 4d}}}
  - {name: sold, watch: list, when: {total_sale_7d_cnt: {changes: 1%}}}
  - {name: climbed, watch: list, when: {rank: {climbs: 1, from: 1d ago}}}
"""
)


async def test_late_data_is_not_held_against_a_past_that_moves_on(tmp_path: Path) -> None:
    """Rules with baselines neither fire nor end by it, nor begin to wait anew."""
    async with benched(tmp_path, MOVING) as bench:
        await days(bench, 6, fresh=True)
        before = await bench.alerts()
        comparing = ("up", "down", "dearer", "sold", "climbed")
        held = [row for row in before if row[0] in comparing]
        assert {(row[0], row[2]) for row in held} >= {
            ("up", "pending"), ("down", "firing"), ("sold", "firing"), ("climbed", "firing"),
        }  # fmt: skip
        await days(bench, 4, fresh=False)
        now = await bench.alerts()
        assert [row for row in now if row[0] in comparing] == held
        await days(bench, 1, fresh=True)
        now = await bench.alerts()
        assert [row for row in now if row[0] in comparing] != held
        assert ("up", "firing") in {(row[0], row[2]) for row in now}


async def test_data_that_never_moved_is_told_too(tmp_path: Path) -> None:
    """From the first scan on; read every hour, it still takes three days."""
    async with benched(tmp_path, RULES) as bench:
        for hour in range(3 * 24 - 1):
            await bench.scan()
            assert await bench.told() == [], hour
        for _ in range(4):
            await bench.scan()
        assert await bench.told() == [STILL]


async def test_new_products_among_old_numbers_are_no_change(tmp_path: Path) -> None:
    """A filter that moves on lets others into the list: the data stands still all the same."""

    def renamed(day: int, rows: list[Row]) -> list[Row]:
        return [*rows[:-1], {**rows[-1], "product_id": f"99{day}"}]

    async with benched(tmp_path, DAILY) as bench:
        for day in range(5):
            bench.simulator.faults.clear()
            bench.fault(edit=edited(lambda rows, day=day: renamed(day, rows)))  # type: ignore[misc]
            await bench.scan(after=DAY)
        assert await bench.told() == [STILL]


QUIET_LISTS = {
    "empty": [Fault(edit=short(0))],
    "one product": [Fault(page=1, edit=short(1)), Fault(edit=short(0))],
    "nobody buys": [
        Fault(edit=having({field.name: 0 for field in NUMERIC if field.window == 7}))
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", QUIET_LISTS)
async def test_quiet_lists_do_not_cry_wolf(tmp_path: Path, name: str) -> None:
    """Nothing, or nothing that should have changed, is in the list for ten days."""
    async with benched(tmp_path, DAILY) as bench:
        bench.simulator.faults += [replace(fault, times=FOR_EVER) for fault in QUIET_LISTS[name]]
        await days(bench, 10, fresh=False)
        assert await bench.told() == []


async def test_a_weekly_watch_does_not_cry_wolf(tmp_path: Path) -> None:
    """Two scans a week apart may be of the same data; and failed scans say nothing at all."""
    async with benched(tmp_path, DAILY) as bench:
        for _ in range(3):
            await bench.scan(after=7 * DAY)
        assert await bench.told() == []
        fault = bench.fault(status=404)
        for _ in range(2):
            await bench.scan(after=DAY)
        bench.simulator.faults.remove(fault)
        bench.simulator.market.advance(1)
        await bench.scan(after=DAY)
        assert await bench.told() == []


TWO = (
    DAILY
    + """
  - {name: dear, watch: {sort: spu_avg_price, top: 30}, when: {spu_avg_price: {above: 1}}}
  - {name: growing, watch: list, when: {sales_growth: {at_least: 50%}}}
  - {name: named, watch: list, when: {product_name: {contains: x}}}
"""
)


async def test_a_field_that_disappears(tmp_path: Path) -> None:
    """Told once for all watches with the rules that fall silent, and once when the last of the
    watches has it again; rules on it neither fire nor end."""
    async with benched(tmp_path, TWO) as bench:
        await bench.scan(after=DAY)
        await bench.scan(watch=1)
        bench.simulator.market.advance(1)
        await bench.scan(after=DAY)
        await bench.scan(watch=1)
        await bench.scan(after=DAY)  # who left the list is gone for sure
        before = await bench.alerts()
        fault = bench.fault(edit=without("total_sale_30d_cnt", "total_sale_7d_cnt"))
        for _ in range(3):
            await bench.scan(after=DAY)
            await bench.restart()
            await bench.scan(watch=1)
        lost = "watcher: fields total_sale_30d_cnt, total_sale_7d_cnt lost"
        assert await bench.told() == [lost]
        (text,) = await bench.texts()
        assert "total_sale_7d_cnt (7-day sales): gone" in text
        assert text.endswith("can't fire: sells, slow, growing.")
        assert [row for row in await bench.alerts() if row[0] in ("sells", "growing")] == [
            row for row in before if row[0] in ("sells", "growing")
        ]
        bench.simulator.faults.remove(fault)
        bench.simulator.market.advance(1)
        await bench.scan(after=DAY)
        assert await bench.told() == [lost]
        await bench.scan(watch=1)
        assert await bench.told() == [lost, lost.replace("watcher:", "watcher: over:")]


async def test_a_field_of_another_type(tmp_path: Path) -> None:
    """Most products have an object where a number was; some fields come back before others."""
    async with benched(tmp_path, DAILY) as bench:
        await days(bench, 2, fresh=True)
        both = having({"spu_avg_price": {"usd": 5}, "product_name": ["a"]})
        fault = bench.fault(edit=both)
        await days(bench, 2, fresh=True)
        lost = "watcher: fields product_name, spu_avg_price lost"
        assert await bench.told() == [lost]
        assert "spu_avg_price (price): now an object, not a number" in (await bench.texts())[0]
        bench.simulator.faults.remove(fault)
        fault = bench.fault(edit=having({"spu_avg_price": {"usd": 5}}))
        await days(bench, 2, fresh=True)
        names_back = "watcher: over: field product_name lost"
        assert await bench.told() == [lost, names_back]
        bench.simulator.faults.remove(fault)
        await days(bench, 2, fresh=True)
        price_back = "watcher: over: field spu_avg_price lost"
        assert await bench.told() == [lost, names_back, price_back]


async def test_fields_that_may_be_absent_are_not_told(tmp_path: Path) -> None:
    """A field that never was, one that some products lose, a discount that ends, a page that
    fails: none of these is the API's loss of a field."""

    def some(rows: list[Row]) -> list[Row]:
        return [{**row, "review_count": None} for row in rows[:9]] + rows[9:]

    async with benched(tmp_path, DAILY) as bench:
        never = bench.fault(edit=without("product_rating"))
        await days(bench, 3, fresh=True)
        bench.simulator.faults.remove(never)
        await days(bench, 1, fresh=True)
        bench.fault(edit=edited(some))
        await days(bench, 2, fresh=True)
        bench.simulator.faults.clear()
        bench.fault(edit=without("discount"))
        await days(bench, 2, fresh=True)
        bench.simulator.faults.clear()
        bench.fault(page=3, status=404)
        bench.fault(edit=without("spu_avg_price"))
        await days(bench, 2, fresh=True)
        assert await bench.told() == []


async def test_a_source_that_is_down_is_one_cause(tmp_path: Path) -> None:
    """Not one for each watch; a watch that goes on failing alone is told by its own name."""
    rules = RULES + "".join(
        f"  - {{name: r{n}, watch: {{region: GB, top: {n}0, sort: spu_avg_price}}, when: "
        "{rank: 1}}\n"
        for n in range(1, 4)
    )  # fmt: skip
    async with benched(tmp_path, rules) as bench:
        for watch in range(4):
            await bench.scan(after=1, watch=watch)
        fault = bench.fault(status=503)
        for _ in range(4):
            for watch in range(4):
                await bench.scan(after=60, watch=watch)
            await bench.restart()
        assert await bench.told() == ["watcher: KeyAPI fails"]
        bench.simulator.faults.remove(fault)
        await bench.scan(watch=1)
        assert await bench.told() == ["watcher: KeyAPI fails", "watcher: over: KeyAPI fails"]
        bench.fault(status=503)
        await bench.scan(watch=0)
        assert (await bench.told())[2:] == ["watcher: watch list: fails"]


async def test_a_rule_that_breaks_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its alerts stay, the other rules go on, and its end is told."""
    async with benched(tmp_path) as bench:
        await bench.scan()
        before = await bench.alerts()
        (kind,) = {type(rule.when) for rule in bench.book.rules if rule.name == "leads"}
        whole = kind.judge

        def judge(self: object, table: object) -> object:
            if "rank" in self.key:  # type: ignore[attr-defined]
                raise ArithmeticError("out of range")
            return whole(self, table)  # type: ignore[arg-type]

        monkeypatch.setattr(kind, "judge", judge)
        for _ in range(3):
            await bench.scan()
            await bench.restart()
        monkeypatch.undo()
        assert await bench.told() == ["watcher: rule leads: breaks"]
        assert await bench.alerts() == before
        await bench.scan()
        assert (await bench.told())[1:] == ["watcher: over: rule leads: breaks"]


async def test_credits_nearly_used_end_with_the_day(tmp_path: Path) -> None:
    """80% of the day's and of the month's cap: each once, and over at midnight and at the
    month's end, though nothing is scanned then."""
    rules = RULES.replace("api: {", "api: {credits_per_day: 10, credits_per_month: 30, ")
    async with benched(tmp_path, rules) as bench:
        bench.clock.instant = next_midnight(bench.clock.instant)
        for _ in range(3):
            await bench.scan()
            await bench.restart()
        day = "credits of the day nearly used"
        assert await bench.told() == [f"watcher: {day}"]
        assert await bench.scan() is None
        bench.clock.instant = next_midnight(bench.clock.instant) - 60
        await bench.sweep()
        assert [title for title in await bench.told() if "over" in title] == []
        bench.clock.instant += 60
        await bench.sweep()
        await bench.sweep()
        over = [title for title in await bench.told() if "over" in title]
        assert over == [f"watcher: over: {day}", "watcher: over: credits: a scan did not fit"]
        for _ in range(6):
            await bench.scan(after=8 * HOUR)
        told = await bench.told()
        month = "credits of the month nearly used"
        assert told.count(f"watcher: {month}") == 1
        bench.clock.instant += 31 * DAY
        await bench.sweep()
        assert (await bench.told()).count(f"watcher: over: {month}") == 1
