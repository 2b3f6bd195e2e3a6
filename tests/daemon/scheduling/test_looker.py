"""Looking for new data over real HTTP: what is asked, paid for, noted and told."""

from __future__ import annotations

from functools import partial

import pytest

from tests.daemon.scheduling.bench import KEY, Bench
from tests.daemon.scheduling.looking import RULES, Region, book_of, region_of
from watcher.daemon.scheduling.look_records import note_found, note_plan
from watcher.daemon.scheduling.looker import Looker
from watcher.daemon.scheduling.scanner import Scanner
from watcher.data_days import DataDay, LookResult, RefreshLook
from watcher.refreshing import READ_AGAIN, SETTLE
from watcher.region_plan import region_plan
from watcher.rules.files.loading import load_text
from watcher.store.ports import Store
from watcher.units import DAY, HOUR, MINUTE

FOLLOWED = """
api: {API, requests_per_second: 1000, concurrency: 1}
channels: {me: {url: "json://localhost/"}}
defaults: {region: US, notify: [me], every: refresh}
watches: {mine: {products: followed}}
rules: [{name: any, watch: mine, when: {spu_avg_price: {above: 0}}}]
"""


async def test_a_day_from_probe_to_scan(bench: Bench) -> None:
    """New watches are read at once; then a probe finds the old data, one the new, and what is due
    is due after it settled. Each probe is one credit and one page of the largest list."""
    async with region_of(bench) as region:
        plan = await region.plan()
        assert not plan.due
        assert plan.at_watch is not None
        assert plan.at_watch.name == "large"
        asked = bench.simulator.requests
        assert await region.look(bench.clock.now() + 20 * HOUR) is LookResult.QUIET
        bench.simulator.market.advance()
        assert await region.look(bench.clock.now()) is LookResult.FRESH
        assert bench.simulator.requests == asked + 2
        assert not await region.scan_due()  # it settles
        found = bench.clock.now()
        plan = await region.plan()
        assert set(plan.due.values()) == {found + SETTLE}
        small, large = (each.key for each in region.scanner.book.used_watches[::-1])
        assert [*plan.due] == [small, large]  # the higher priority first
        bench.clock.instant = found + SETTLE
        assert sorted(await region.scan_due()) == ["large", "small"]
        assert not (await region.plan()).due
        first, second = (await region.days()).rows
        assert second.day == first.day + 1
        assert [each.half for each in await region.scan_days("large")] == [False, False]
        assert (await bench.spent()).month == bench.simulator.requests


async def test_old_data_is_not_scanned(bench: Bench) -> None:
    """A day without new data: no list is read, one word is told, and the next day is as ever."""
    async with region_of(bench) as region:
        begin = bench.clock.now()
        results = []
        while bench.clock.now() < begin + 37 * HOUR:
            results.append(await region.look(bench.clock.now()))
            assert not (await region.plan()).due
            bench.clock.instant += 1
        await region.attend()
        assert set(results) <= {LookResult.QUIET, None}
        (word,) = await region.told()
        assert "has not renewed the data of region US" in word
        await region.attend()
        assert len(await region.told()) == 1
        bench.simulator.market.advance(2)
        assert await region.look(begin + 47 * HOUR) is LookResult.FRESH
        bench.clock.instant += SETTLE
        assert len(await region.scan_due()) == 2
        first, second = (await region.days()).rows
        assert second.day == first.day + 2
        assert len(await region.told()) == 1  # nothing more at its end


@pytest.mark.parametrize("late", [0, 1, 61, 25 * MINUTE])
async def test_a_look_that_waited_for_its_turn_is_made(bench: Bench, late: int) -> None:
    """Workers may be busy, and a plan made anew would only ever name the next ten minutes."""
    async with region_of(bench) as region:
        planned = (await region.plan()).look
        assert planned is not None
        bench.clock.instant = planned + late
        before = await region.noted()
        await region.attend(planned)
        assert len(await region.noted()) == len(before) + 1


async def test_probes_end_with_the_cap(bench: Bench) -> None:
    """Never more than so many in a UTC day, tries in vain included."""
    async with region_of(bench, "probes_per_day: 2") as region:
        bench.clock.instant += 20 * HOUR
        bench.clock.instant -= bench.clock.instant % DAY
        for _ in range(4):
            bench.simulator.fail_next(status=503)
        results = [await region.look(bench.clock.now())]
        assert results == [LookResult.FAILED]
        assert (await region.noted())[-1].requests == 2
        plan = await region.plan()
        assert plan.look is not None
        assert plan.look >= bench.clock.now() - bench.clock.now() % DAY + DAY


async def test_a_refused_key_shuts_the_breaker(bench: Bench) -> None:
    """One probe in vain, and a word; no more until a reload."""
    async with region_of(bench) as region:
        bench.simulator.fail_next(status=401)
        assert await region.look(bench.clock.now() + 20 * HOUR) is LookResult.FAILED
        asked = bench.simulator.requests
        bench.clock.instant += 2 * HOUR
        await region.attend()
        assert bench.simulator.requests == asked
        assert len(await region.told()) == 1
        region.scanner.adopt(region.scanner.book)
        bench.simulator.market.advance()
        assert await region.look(bench.clock.now()) is LookResult.FRESH
        # A key that works again is told by the look that found so.
        assert len(await region.told()) == 2


async def test_caps_that_are_used_up_put_probes_off(bench: Bench) -> None:
    """To the next day (UTC), with a word."""
    async with region_of(bench, "credits_per_day: 8") as region:
        asked, day = bench.simulator.requests, bench.clock.now() // DAY
        now = bench.clock.now()
        await bench.writer.run(lambda db: db.ledger.charge("other", 8, now + DAY))
        await region.look((day + 1) * DAY + HOUR)
        assert bench.simulator.requests == asked
        assert any("was not read" in text for text in await region.told())
        assert region.looker.opens(await region.plan()) == (day + 2) * DAY


async def test_half_new_data_is_read_again(bench: Bench) -> None:
    """A scan in the middle of a refresh waits, is no baseline, and is made once more after three
    hours; then it is judged, and tells what moved in both halves."""
    async with region_of(bench) as region:
        for _ in range(2):
            bench.simulator.market.advance()
            assert await region.look(bench.clock.now() + 20 * HOUR) is LookResult.FRESH
            bench.clock.instant += SETTLE
            await region.scan_due()
        whole = bench.simulator.answer
        old = bench.simulator.market
        before = {one: old.product(one) for one in old.product_ids()}
        assert await region.look(bench.clock.now() + 19 * HOUR) is LookResult.QUIET
        old.advance()

        def half(params, endpoint):  # type: ignore[no-untyped-def]
            rows = whole(params, endpoint)
            keep = [n for n in range(len(rows)) if n % 2 and str(rows[n]["product_id"]) in before]
            return [before[str(rows[n]["product_id"])] if n in keep else rows[n]
                    for n in range(len(rows))]  # fmt: skip

        bench.simulator.answer = half
        found = await region.look(bench.clock.now())
        if found is LookResult.PARTLY:
            found = await region.look(bench.clock.now())
        assert found is LookResult.FRESH
        bench.clock.instant += SETTLE
        await region.scan_due()
        noted = (await region.scan_days("large"))[0]
        assert noted.half
        plan = await region.plan()
        (large,) = (one for one in region.scanner.book.used_watches if one.name == "large")
        assert plan.due[large.key] == bench.clock.now() + READ_AGAIN
        bench.simulator.answer = whole
        bench.clock.instant += READ_AGAIN
        await region.scan_due()
        again = (await region.scan_days("large"))[0]
        assert (again.half, again.day, again.since) == (False, noted.day, noted.day - 1)
        assert large.key not in (await region.plan()).due


async def test_a_restart_goes_on(bench: Bench) -> None:
    """All that was learned is the store's: another scanner, as of another daemon, plans alike."""
    async with region_of(bench) as region:
        assert await region.look(bench.clock.now() + 20 * HOUR) is LookResult.QUIET
        plan = await region.plan()
        now = bench.clock.now()
        book = book_of(bench)
        other = await bench.writer.run(lambda db: region_plan(db, book, "US", now))
        assert (other.look, other.due) == (plan.look, plan.due)


async def test_from_an_interval_to_the_refresh_and_back(bench: Bench) -> None:
    """What was scanned at an interval is a data day; nothing is read at once, and nothing twice."""
    async with bench.client() as client:
        text = RULES.replace("API", "probes_per_day: 6").replace("every: refresh", "every: 24h")
        env = {"KEYAPI_KEY": KEY, "KEYAPI_URL": bench.simulator.url}
        daily = load_text(text, env=env)
        scanner = Scanner(daily, client, bench.writer, bench.clock)
        for watch in daily.used_watches:
            await scanner.scan(watch, bench.clock.now())
        assert not len(await bench.writer.run(lambda db: db.refreshes.data_days("US")))
        scanner.adopt(book_of(bench))
        region = Region(bench, scanner, Looker(scanner, bench.writer, bench.clock))
        assert not await region.scan_due()
        plan = await region.attend()
        assert plan.look is not None
        assert len(await region.days()) == 1
        bench.simulator.market.advance()
        assert await region.look(bench.clock.now() + 12 * HOUR) is LookResult.FRESH
        bench.clock.instant += SETTLE
        assert len(await region.scan_due()) == 2
        scanner.adopt(daily)
        bench.clock.instant += 9 * DAY + 7 * MINUTE
        for watch in daily.used_watches:
            await scanner.scan(watch, bench.clock.now())
        scanner.adopt(book_of(bench))
        assert not await region.scan_due()
        await region.attend()
        first, _, last = (await region.days()).rows
        assert last.day - first.day in (9, 10)


@pytest.mark.parametrize("status", [429, 500])
async def test_a_source_that_fails_is_asked_again(bench: Bench, status: int) -> None:
    """Later the same day, within the probes of it."""
    async with region_of(bench) as region:
        for _ in range(4):
            bench.simulator.fail_next(status=status, headers={"Retry-After": "0"})
        assert await region.look(bench.clock.now() + 20 * HOUR) is LookResult.FAILED
        bench.simulator.market.advance()
        bench.simulator.faults.clear()
        failed = bench.clock.now()
        assert await region.look(failed) is LookResult.FRESH
        assert bench.clock.now() >= failed + 15 * MINUTE or bench.clock.now() // DAY > failed // DAY


async def test_a_look_at_what_is_followed(bench: Bench) -> None:
    """Of products of one's own the first ten are asked for; where all were let go, nothing is."""
    ids = [*bench.simulator.market.slots][:12]
    await bench.writer.run(lambda db: db.followed.add(ids, bench.clock.now()))
    async with region_of(bench, rules=FOLLOWED) as region:
        asked = bench.simulator.requests
        assert await region.look(bench.clock.now() + 20 * HOUR) is LookResult.QUIET
        bench.simulator.market.advance()
        assert await region.look(bench.clock.now()) is LookResult.FRESH
        assert bench.simulator.requests == asked + 2
        assert len(bench.simulator.asked[-1]["product_ids"].split(",")) == 10
        await bench.writer.run(lambda db: db.followed.remove(ids))
        assert (await region.plan()).look is None


def _begin(day: DataDay, database: Store) -> None:
    database.refreshes.begin_day("US", day)


async def test_a_day_left_out_is_told_when_the_next_one_is_found_first(bench: Bench) -> None:
    """The new data may be there at the very look that would have told of it. Once, and nothing of
    it is on then; where nobody looked meanwhile, nobody knows."""
    async with region_of(bench) as region:
        (first,) = (await region.days()).rows
        for day, quiet, words in ((2, first.began + 35 * HOUR, 1), (5, first.began + 40 * HOUR, 1)):
            began = first.began + (day + 0.1) * DAY
            found = DataDay(first.day + day, int(began), quiet, int(began))
            await bench.writer.run(partial(_begin, found))
            bench.clock.instant = found.fresh
            look = RefreshLook(found.fresh, "w", LookResult.FRESH)
            await bench.writer.run(
                partial(note_found, records=region.scanner, region="US", look=look)
            )
            await bench.writer.run(lambda db: note_plan(db, region.scanner, "US"))
            told = await region.told()
            assert len(told) == words
            assert "has not renewed" not in told[-1]
            assert "KeyAPI left out " in told[-1]
            assert "of new data of region US: none came from " in told[-1]
            assert "looked for again" not in told[-1]
            assert not await bench.writer.run(lambda db: db.health.incidents())


async def test_looks_leave_the_credits_of_a_scan(bench: Bench) -> None:
    """New data that the caps leave no credits to read is of no use. Where they never do, looks go
    on: it is said of the scan."""
    async with region_of(bench, "probes_per_day: 9, credits_per_day: 7") as region:
        assert (await bench.spent()).day == 7
        bench.clock.instant += 12 * HOUR  # to midnight
        for _ in range(23):
            await region.attend()
            bench.clock.instant += HOUR
        assert (await bench.spent()).day == 5  # the higher priority's list has two pages
