"""Refreshes where things turn: the clock, the daemon, the rule files, and what is read."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pytest

from tests.daemon.scheduling.bench import KEY, Bench, bench
from tests.daemon.scheduling.looking import RULES, Region, book_of, region_of
from watcher import plan
from watcher.alert import AlertState
from watcher.daemon.scheduling.looker import Looker
from watcher.daemon.scheduling.scanner import Scanner
from watcher.data_days import LookResult
from watcher.incidents.failing import note_clock
from watcher.notification.deferral import channel_statuses
from watcher.notification.policy import policies_of
from watcher.refreshing import SETTLE
from watcher.rules.files.loading import load_text
from watcher.store.ports import Store
from watcher.store.records import ScanRow
from watcher.units import DAY, HOUR

__all__ = ["bench"]
YEAR = 365 * DAY

OWN = """
api: {API, requests_per_second: 1000, concurrency: 1}
channels: {me: {url: "json://localhost/"}}
operator: [me]
defaults: {notify: [me], every: refresh}
watches:
  shop: {shop: "SELLER", top: 20}
  mine: {products: [PRODUCTS]}
rules: [{name: any, watch: [USED], when: {spu_avg_price: {above: 0}}}]
"""


async def one_day(region: Region, after: int = 20 * HOUR) -> None:
    """A look that finds new data, and the scans of it."""
    region.bench.simulator.market.advance()
    assert await region.look(region.bench.clock.now() + after) is LookResult.FRESH
    region.bench.clock.instant += SETTLE
    assert await region.scan_due()


def own_rules(bench: Bench, used: str) -> str:
    market = bench.simulator.market
    ids = [*market.product_ids()][:12]
    sellers = [str(market.product(each)["seller_id"]) for each in market.product_ids()]
    seller = max(set(sellers), key=sellers.count)
    products = ", ".join(f'"{each}"' for each in ids)
    return OWN.replace("SELLER", seller).replace("PRODUCTS", products).replace("USED", used)


@pytest.mark.parametrize("used", ["shop", "mine", "shop, mine"])
async def test_own_products_and_shops_alone(bench: Bench, used: str) -> None:
    """Without a region: they have one together, that has no name."""
    async with region_of(bench, rules=own_rules(bench, used), name="") as region:
        assert await region.look(bench.clock.now() + 9 * HOUR) is LookResult.QUIET
        for after in (10 * HOUR, 20 * HOUR):
            await one_day(region, after)
        days = (await region.days()).rows
        assert [each.day - days[0].day for each in days] == [0, 1, 2]
        for name in used.split(", "):
            noted = await region.scan_days(name)
            assert [(each.day - days[0].day, each.half) for each in noted] == [
                (2, False), (1, False), (0, False),
            ]  # fmt: skip
        assert (await bench.spent()).month == bench.simulator.requests
        while len(await region.told()) < 1:
            await region.look(bench.clock.now() + 1)
        (word,) = await region.told()
        assert "has not renewed the data of lists without a region since" in word


@pytest.mark.parametrize("ahead", [2 * HOUR, 30 * HOUR, 40 * DAY, YEAR])
@pytest.mark.parametrize("scanned", [False, True])
async def test_a_clock_that_goes_ahead_and_back(bench: Bench, ahead: int, scanned: bool) -> None:
    """What was seen meanwhile is mended; the next day is found and read as ever."""
    async with region_of(bench) as region:
        await one_day(region)
        clock, before = bench.clock, (await region.days()).rows
        clock.instant += ahead
        if scanned:
            await one_day(region)
        await region.attend()
        clock.instant = before[-1].began + 4 * HOUR
        await bench.writer.run(lambda db: note_clock(region.scanner.operator(db)))
        for number in (1, 2):
            found = await region.attend()
            assert not found.due
            assert found.look is not None
            assert found.look < clock.now() + DAY
            last = (await region.days()).last
            assert last is not None
            assert last.began <= clock.now()
            await one_day(region)
            now = (await region.days()).last
            assert now is not None
            assert now.day == last.day + 1, number
        words = [text for text in await region.told() if "left out" in text]
        assert len(words) == (ahead >= 40 * DAY and not scanned)  # by the clock of then it was so


async def once(region: Region) -> list[str]:
    """What a run by a cron job reads: nobody looks for it; the names."""
    now, names = region.bench.clock.now(), []
    for watch in region.scanner.book.used_watches:
        read = partial(_scans, key=watch.key)
        scans = await region.bench.writer.run(read)
        if plan.due_without_timers(watch.schedule, scans, now) <= now:
            await region.scanner.scan(watch, now)
            names.append(watch.name)
    return names


def _scans(database: Store, key: str) -> Sequence[ScanRow]:
    return database.history.scans(key, limit=plan.LOOK_BACK)


async def test_once_a_day_without_probes(bench: Bench) -> None:
    """Each run that is a day after the last reads, and finds by itself whether a day has begun; old
    rows are of the day before, and are half of nothing."""
    async with bench.client() as client:
        scanner = Scanner(book_of(bench), client, bench.writer, bench.clock)
        region = Region(bench, scanner, Looker(scanner, bench.writer, bench.clock))
        begin = bench.clock.now()
        for day, renewed in enumerate((True, True, False, True, True)):
            bench.clock.instant = begin + day * DAY + (day % 2) * HOUR
            bench.simulator.market.advance(int(renewed and day > 0))
            assert sorted(await once(region)) == ["large", "small"]
            bench.clock.instant += HOUR
            assert not await once(region)
        noted = (await region.scan_days("large"))[::-1]
        assert [each.day - noted[0].day for each in noted] == [0, 1, 1, 3, 4]
        assert not any(each.half for each in noted)
        assert not await region.noted()
        assert (await bench.spent()).month == 5 * 7


async def test_looks_alone_show_that_the_clock_was_ahead(bench: Bench) -> None:
    """Else nobody would look until the time of the last one has come."""
    async with region_of(bench) as region:
        await one_day(region)
        begin = bench.clock.now()
        while bench.clock.now() < begin + 28 * HOUR:
            assert await region.look(bench.clock.now() + 1) is LookResult.QUIET
        assert bench.clock.now() < begin + 35 * HOUR  # before a day is told to be left out
        bench.clock.instant = begin + 4 * HOUR
        await bench.writer.run(lambda db: note_clock(region.scanner.operator(db)))
        found = (await region.plan()).look
        assert found is not None
        assert found < begin + DAY


async def test_another_daemon_takes_over_while_it_settles(bench: Bench) -> None:
    """It scans when the first one would have, once, and asks for nothing that was asked for."""
    async with region_of(bench) as region:
        bench.simulator.market.advance()
        assert await region.look(bench.clock.now() + 20 * HOUR) is LookResult.FRESH
        found, asked = bench.clock.now(), bench.simulator.requests
        bench.clock.instant += SETTLE // 2
        scanner = Scanner(book_of(bench), region.scanner.client, bench.writer, bench.clock)
        other = Region(bench, scanner, Looker(scanner, bench.writer, bench.clock))
        planned = await other.attend()
        assert bench.simulator.requests == asked
        assert {*planned.due.values()} == {found + SETTLE}
        assert not await other.scan_due()
        bench.clock.instant = found + SETTLE
        assert len(await other.scan_due()) == 2
        assert not await region.scan_due()
        assert (await region.plan()).look == (await other.plan()).look


HELD = """  - {name: held, watch: large, for: 24h, when: {total_sale_7d_cnt: {at_least: 0}}}
  - name: again
    watch: large
    cooldown: 3d
    remind: 3d
    when: {total_sale_7d_cnt: {at_least: 0}}
"""


async def test_alerts_go_on_through_both_schedules(bench: Bench) -> None:
    """One that is pending fires a day later and no day after that; a cooldown stays a cooldown."""
    rules = RULES + HELD
    daily_rules = rules.replace("every: refresh", "every: 24h")
    env = {"KEYAPI_KEY": KEY, "KEYAPI_URL": bench.simulator.url}
    daily = load_text(daily_rules.replace("API", "probes_per_day: 6"), env=env)
    refreshed = load_text(rules.replace("API", "probes_per_day: 6"), env=env)
    async with bench.client() as client:
        scanner = Scanner(daily, client, bench.writer, bench.clock)
        region = Region(bench, scanner, Looker(scanner, bench.writer, bench.clock))
        for watch in daily.used_watches:
            await scanner.scan(watch, bench.clock.now())
        since = bench.clock.now()

        async def held() -> dict[AlertState, set[int]]:
            rows = await bench.writer.run(lambda db: db.alerts.live(["held"]))
            states = {each.state for each in rows}
            return {each: {row.product for row in rows if row.state is each} for each in states}

        async def opens() -> set[int]:
            book, now = scanner.book, bench.clock.now()
            (rule,) = (each for each in book.rules if each.name == "again")

            def read(database: Store) -> set[int]:
                alerts = database.alerts.live(["again"])
                policies = policies_of(book.channels)
                found = [
                    channel_statuses(database, rule, each, policies, now, now) for each in alerts
                ]
                return {status.opens - since for (status,) in found if status.opens is not None}

            return await bench.writer.run(read)

        first = await held()
        assert {*first} == {AlertState.PENDING}
        for book in (refreshed, daily, refreshed):
            scanner.adopt(book)
            await region.attend()
            assert await held() == first
            bench.clock.instant += 4 * HOUR
        bench.simulator.market.advance()
        assert await region.look(bench.clock.now() + 4 * HOUR) is LookResult.FRESH
        bench.clock.instant += SETTLE
        await region.scan_due()
        second = await held()
        assert second[AlertState.FIRING]
        assert second[AlertState.FIRING] <= first[AlertState.PENDING]
        scanner.adopt(daily)
        assert await held() == second
        bench.clock.instant = since + DAY
        bench.simulator.market.advance()
        for watch in daily.used_watches:
            await scanner.scan(watch, bench.clock.now())
        third = await held()
        assert second[AlertState.FIRING] <= third[AlertState.FIRING]
        for book in (daily, refreshed):
            scanner.adopt(book)
            await region.attend()
            assert await held() == third
            # Those that were told first, and last, three days later: half a day is no day.
            assert min(await opens()) >= 2.5 * DAY
            assert max(await opens()) <= 4.5 * DAY
