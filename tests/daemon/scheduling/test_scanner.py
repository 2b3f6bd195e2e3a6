"""One scan, from credits to committed alerts, against a market over real HTTP."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from tests.daemon.scheduling.bench import KEY, RULES, Bench, watch_of
from tests.fakes.clock import START
from watcher import plan
from watcher.daemon.scheduling import scanner as scanning
from watcher.daemon.scheduling.scanner import Scanner, client_of
from watcher.model import Instant, ScanState
from watcher.rules.files.loading import load_text
from watcher.source import rows
from watcher.store.records import Spent
from watcher.store.sqlite.database import Database
from watcher.text.messages import text_of
from watcher.units import DAY, HOUR


async def test_a_scan_is_committed_whole(bench: Bench) -> None:
    """Products, alerts, the message, the credits and the health."""
    async with bench.client() as client:
        scanner = Scanner(bench.book(), client, bench.writer, bench.clock)
        assert await bench.scan(scanner) is ScanState.COMPLETE
    assert await bench.titles() == ["[info] top: 3 products (US)"]
    assert await bench.spent() == Spent(3, 3)
    key = watch_of(scanner.book).key
    health = await bench.writer.run(lambda db: db.health.get("watch", key))
    assert (health.failing_since, health.last_ok) == (None, START)


async def test_the_last_credits_are_kept_for_the_higher_priority(bench: Bench) -> None:
    """The lower watch is not read, though the cap would let it; the operator hears why."""
    bench.api = "concurrency: 1, credits_per_day: 5"
    (watch,) = bench.book().used_watches
    top, text = bench.book(), RULES.replace("API", bench.api)
    text += "  - {name: vital, watch: {sort: spu_avg_price, top: 30}, when: {rank: 1}, priority: 1}"
    env = {"KEYAPI_KEY": KEY, "KEYAPI_URL": bench.simulator.url}
    book = load_text(text, env=env)
    async with bench.client() as client:
        scanner = Scanner(book, client, bench.writer, bench.clock)
        assert await scanner.scan(watch, START) is None
        vital = next(each for each in book.used_watches if each.key != watch.key)
        assert await scanner.scan(vital, START) is not None
        assert await bench.spent() == Spent(3, 3)
        assert await Scanner(top, client, bench.writer, bench.clock).scan(watch, START) is None
    rows = await bench.writer.run(lambda db: db.outbox.waiting_for("me/1"))
    (text,) = [text_of(row.message) for row in rows if row.message.kind == "operator"]
    assert text == (
        f'the watch "{watch.name}" was not read: it costs 3 credits, the caps leave 5, and 3 of '
        "them are kept for watches of higher priority"
    )


async def test_scan_times_rise_though_the_clock_does_not(bench: Bench) -> None:
    """A clock set back does not put a scan before the one before."""
    async with bench.client() as client:
        scanner = Scanner(bench.book(), client, bench.writer, bench.clock)
        await bench.scan(scanner)
        bench.clock.instant -= 3 * HOUR
        await bench.scan(scanner)
    key = watch_of(scanner.book).key
    rows = await bench.writer.run(lambda db: db.history.scans(key))
    assert [row.at for row in rows] == [START + 1, START]


async def test_a_refused_key_is_told_once_and_nothing_more_is_asked(bench: Bench) -> None:
    """Until a reload; then its end is told, too."""
    async with bench.client("wrong") as wrong, bench.client() as right:
        scanner = Scanner(bench.book(), wrong, bench.writer, bench.clock)
        assert await bench.scan(scanner) is ScanState.FAILED
        asked = bench.simulator.requests
        assert scanner.not_before(watch_of(scanner.book)) == START + DAY
        assert await bench.scan(scanner) is None
        assert bench.simulator.requests == asked
        scanner.swap(bench.book(), right)
        assert await bench.scan(scanner) is ScanState.COMPLETE
    first, second, third = await bench.titles()
    assert (first, second) == ("watcher: key refused", "[info] top: 3 products (US)")
    assert third == "watcher: over: key refused"


async def test_credits_used_up_wait_for_the_next_day(bench: Bench) -> None:
    """402 in mid-scan: what was read counts, nothing is asked before midnight UTC."""
    bench.simulator.credits = 2
    async with bench.client() as client:
        scanner = Scanner(bench.book(), client, bench.writer, bench.clock)
        assert await bench.scan(scanner) is ScanState.PARTIAL
        assert scanner.not_before(watch_of(scanner.book)) == 20_001 * DAY
        bench.clock.instant += 13 * HOUR
        bench.simulator.credits = None
        assert await bench.scan(scanner) is ScanState.COMPLETE
    titles = await bench.titles()
    assert titles.count("watcher: credits used up") == 1
    assert titles.count("watcher: over: credits used up") == 1


async def test_an_invalid_query_is_not_asked_again(bench: Bench) -> None:
    """400 is permanent for the watch; the operator is shown the server's words."""
    bench.simulator.fail_next(status=400, body='{"code": 400, "message": "bad category"}')
    async with bench.client() as client:
        scanner = Scanner(bench.book(), client, bench.writer, bench.clock)
        assert await bench.scan(scanner) is ScanState.FAILED
        assert await bench.scan(scanner) is None
    assert bench.simulator.requests == 1
    rows = await bench.writer.run(lambda db: db.outbox.waiting_for("me/1"))
    assert "bad category" in text_of(rows[0].message)


async def test_three_failures_in_a_row_are_told(bench: Bench) -> None:
    """The third is told, the fourth is not, and the end is."""
    async with bench.client() as client:
        scanner = Scanner(bench.book(), client, bench.writer, bench.clock)
        fault = bench.simulator.fail_next(status=500, times=10_000)
        told = []
        for _ in range(4):
            bench.clock.instant += HOUR
            assert await bench.scan(scanner) is ScanState.FAILED
            told.append(len(await bench.titles()))
        bench.simulator.faults.remove(fault)
        bench.clock.instant += HOUR
        assert await bench.scan(scanner) is ScanState.COMPLETE
    assert told == [0, 0, 1, 1]
    assert sum("over:" in title for title in await bench.titles()) == 1


async def test_a_scan_that_does_not_fit_is_not_begun(bench: Bench) -> None:
    """Three credits a scan, five a day: the second scan is skipped and told once."""
    bench.api = "credits_per_day: 5"
    async with bench.client() as client:
        scanner = Scanner(bench.book(), client, bench.writer, bench.clock)
        assert await bench.scan(scanner) is ScanState.COMPLETE
        assert await bench.scan(scanner) is None
        assert await bench.scan(scanner) is None
        assert bench.simulator.pages == 3
        bench.clock.instant += DAY
        assert await bench.scan(scanner) is ScanState.COMPLETE
    titles = await bench.titles()
    assert [title for title in titles if "did not fit" in title] == [
        "watcher: credits: a scan did not fit",
        "watcher: over: credits: a scan did not fit",
    ]


async def test_retries_never_break_the_cap(bench: Bench) -> None:
    """A scan that fits but whose pages fail spends no more than the cap leaves."""
    bench.api = "credits_per_day: 5"
    bench.simulator.fail_next(status=500, times=10_000)
    async with bench.client() as client:
        scanner = Scanner(bench.book(), client, bench.writer, bench.clock)
        await bench.scan(scanner)
    assert bench.simulator.requests == 5
    assert await bench.spent() == Spent(5, 5)


async def test_long_texts_are_read_once(bench: Bench) -> None:
    """The currency comes with the first scan's texts."""
    async with bench.client() as client:
        scanner = Scanner(bench.book(), client, bench.writer, bench.clock)
        await bench.scan(scanner)
    rows = await bench.writer.run(lambda db: db.outbox.waiting_for("me/1"))
    assert {item.currency for item in rows[0].message.items} == {"USD"}


async def test_each_product_of_a_long_list_has_its_texts_read(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some at each scan: the first are not read anew before the last were read at all."""
    for module in (rows, scanning):
        monkeypatch.setattr(module, "MOST_TEXTS", 3)
    async with bench.client() as client:
        scanner = Scanner(bench.book(), client, bench.writer, bench.clock)
        for day in range(10):
            bench.clock.instant = START + day * DAY
            await bench.scan(scanner)
    known = await bench.writer.run(lambda db: db.history.known_texts("US"))
    (seen,) = await bench.writer.run(lambda db: db.history.scans(limit=1))
    assert len(known) == seen.products == 30


async def test_long_texts_are_read_anew_after_a_month(bench: Bench) -> None:
    """Not before; and then all that are listed, for a variant's price may be another by then."""
    async with bench.client() as client:
        scanner = Scanner(bench.book(), client, bench.writer, bench.clock)
        for day, read in ((0, True), (1, False), (29, False), (31, True), (32, False)):
            now = bench.clock.instant = START + day * DAY
            await bench.scan(scanner)
            known = await bench.writer.run(partial(_known_texts, now))
            assert bool(known) is read, day


def _known_texts(since: Instant, database: Database) -> set[str]:
    return database.history.known_texts("US", since)


def test_no_key_is_said() -> None:
    """A client needs a key; the error says where it goes."""
    with pytest.raises(Exception, match="KEYAPI_KEY"):
        client_of(load_text(RULES.replace("API", "concurrency: 1")))


TWO = """
  - name: dear
    watch: {sort: spu_avg_price desc, top: 30}
    when: {rank: {at_most: 3}}
"""


@pytest.mark.parametrize(("cap", "read"), [(6, 2), (5, 1), (3, 1), (2, 0)])
async def test_scans_at_once_share_the_cap(bench: Bench, cap: int, read: int) -> None:
    """Two scans of three credits begun together: each whole, or not begun."""
    env = {"KEYAPI_KEY": KEY, "KEYAPI_URL": bench.simulator.url}
    rules = RULES.replace("API", f"credits_per_day: {cap}") + TWO
    async with bench.client() as client:
        scanner = Scanner(load_text(rules, env=env), client, bench.writer, bench.clock)
        outcomes = await asyncio.gather(
            *(scanner.scan(watch, START) for watch in scanner.book.used_watches)
        )
    states = [outcome.scan.state for outcome in outcomes if outcome is not None]
    assert states == [ScanState.COMPLETE] * read
    assert bench.simulator.requests == 3 * read
    assert await bench.spent() == Spent(3 * read, 3 * read)


async def test_a_scan_cut_by_the_cap_is_told(bench: Bench) -> None:
    """Retries used up the cap: what was read counts, and the operator hears why it is partial."""
    bench.api = "credits_per_day: 4, concurrency: 1"
    bench.simulator.fail_next(page=2, status=500, times=10_000)
    async with bench.client() as client:
        scanner = Scanner(bench.book(), client, bench.writer, bench.clock)
        assert await bench.scan(scanner) is ScanState.PARTIAL
    rows = await bench.writer.run(lambda db: db.outbox.waiting_for("me/1"))
    assert any("was cut off: page 2" in text_of(row.message) for row in rows)


async def test_after_a_refused_key_the_list_is_due_at_once(bench: Bench) -> None:
    """A reload with the right key reads now, not after the back-off of a failed scan."""
    async with bench.client("wrong") as wrong:
        scanner = Scanner(bench.book(), wrong, bench.writer, bench.clock)
        await bench.scan(scanner)
    watch = watch_of(scanner.book)
    scans = await bench.writer.run(lambda db: db.history.scans(watch.key))
    assert plan.due(watch.schedule, scans, bench.clock.now()) == plan.AT_ONCE


async def test_a_refused_key_is_tried_by_one_request_after_a_restart(bench: Bench) -> None:
    """And so after a reload: whether it is good again, one page tells."""
    bench.api = "concurrency: 4"
    async with bench.client() as good, bench.client("wrong") as wrong:
        await bench.scan(Scanner(bench.book(), good, bench.writer, bench.clock))
        bench.clock.instant += DAY
        scanner = Scanner(bench.book(), wrong, bench.writer, bench.clock)
        await bench.scan(scanner)
        asked = bench.simulator.requests
        scanner.swap(bench.book(), None)
        await bench.writer.run(scanner.doubt)
        assert await bench.scan(scanner) is ScanState.FAILED
        assert bench.simulator.requests == asked + 1
        scanner.swap(bench.book(), good)
        await bench.writer.run(scanner.doubt)
        assert await bench.scan(scanner) is ScanState.COMPLETE
    assert (await bench.titles())[-1] == "watcher: over: key refused"


async def test_after_a_failed_scan_one_page_tells(bench: Bench) -> None:
    """A source that gives rubbish all day costs four requests a try, not twelve."""
    fault = bench.simulator.fail_next(times=10_000, body="<html>")
    async with bench.client() as client:
        scanner = Scanner(bench.book(), client, bench.writer, bench.clock)
        await bench.scan(scanner)
        assert bench.simulator.requests == 12
        bench.clock.instant += DAY
        await bench.scan(scanner)
        assert bench.simulator.requests == 16
        bench.simulator.faults.remove(fault)
        bench.clock.instant += DAY
        assert await bench.scan(scanner) is ScanState.COMPLETE


async def test_a_clock_that_was_set_ends_what_was_put_off(bench: Bench) -> None:
    """Else a watch would wait for the hours by which it was set back."""
    async with bench.client() as client:
        scanner = Scanner(bench.book(), client, bench.writer, bench.clock)
        watch = watch_of(scanner.book)
        scanner.postpone(watch, START + 15 * 60)
        scanner.skipped.clear()
        assert scanner.not_before(watch) == 0


async def test_what_is_put_off_is_not_due(bench: Bench) -> None:
    """Until then, and no other watch with it; a reload forgets it."""
    env = {"KEYAPI_KEY": KEY, "KEYAPI_URL": bench.simulator.url}
    book = load_text(RULES.replace("API", "concurrency: 1") + TWO, env=env)
    one, two = book.used_watches
    async with bench.client() as client:
        scanner = Scanner(book, client, bench.writer, bench.clock)
        scanner.postpone(one, START + HOUR)
        assert (scanner.not_before(one), scanner.not_before(two)) == (START + HOUR, 0)
        scanner.swap(book, None)
        assert scanner.not_before(one) == 0


@pytest.mark.parametrize("every", ["2h", "9d"])
async def test_what_does_not_fit_is_tried_at_its_next_time(bench: Bench, every: str) -> None:
    """Or when the day's credits begin anew, whichever is first: neither a watch that is read often
    waits for midnight, nor a weekly one for a whole week more."""
    rules = RULES.replace("API", "credits_per_day: 2").replace("30}", f"30, every: {every}}}")
    env = {"KEYAPI_KEY": KEY, "KEYAPI_URL": bench.simulator.url}
    async with bench.client() as client:
        scanner = Scanner(load_text(rules, env=env), client, bench.writer, bench.clock)
        assert await bench.scan(scanner) is None
        watch, midnight = watch_of(scanner.book), 20_001 * DAY
        following = watch.schedule.next(START)
        assert (following < midnight) == (every == "2h")
        assert scanner.not_before(watch) == min(following, midnight)
    assert bench.simulator.requests == 0


async def test_a_scan_is_that_of_the_watch_as_it_is_called_at_its_end(bench: Bench) -> None:
    """A second schedule of its query came while it was read: it is judged, and stored under the key
    that the watch has since."""
    async with bench.client() as client:
        scanner = Scanner(bench.book(), client, bench.writer, bench.clock)
        before = watch_of(scanner.book)
        often = "watch: {sort: total_sale_7d_cnt desc, top: 30, every: 6h}"
        text = (
            RULES.replace("API", bench.api)
            + f"""
  - {{name: often, {often}, when: {{rank: {{at_most: 1}}}}}}
"""
        )
        env = {"KEYAPI_KEY": KEY, "KEYAPI_URL": bench.simulator.url}
        scanner.swap(load_text(text, env=env), None)
        outcome = await scanner.scan(before, bench.clock.now())
    assert outcome is not None
    (top, _) = scanner.book.rules
    assert before.key != top.watch.key == outcome.scan.watch
    assert len(outcome.fired) == 3
