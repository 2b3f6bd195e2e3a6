"""Ids that are added to a list of one's own are read at once, which is no scan."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from tests.daemon.scheduling.bench import KEY, Bench
from tests.fakes.clock import START
from watcher import plan
from watcher.alert import AlertState
from watcher.analysis.explain import explain
from watcher.analysis.overview import overview
from watcher.daemon.scheduling.newcomers import Newcomers
from watcher.daemon.scheduling.scanner import Scanner
from watcher.model import ScanState
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook, Watch
from watcher.source.client import Client
from watcher.source.endpoints import PRODUCT_DETAIL, PRODUCT_LIST
from watcher.store.records import Spent
from watcher.store.sql.followed import LOOKUPS, RETRIES
from watcher.units import DAY, HOUR, next_midnight

RULES = """
api: {{{api}, requests_per_second: 1000}}
channels: {{me: {{url: "json://localhost/"}}}}
operator: [me]
defaults: {{notify: [me], every: 6h}}
watches: {{mine: {{products: {ids}}}}}
rules:
  - {{name: any, watch: mine, when: {{spu_avg_price: {{above: 0}}}}}}
  - {{name: new, watch: mine, when: {{appears: true}}}}
"""
UNKNOWN = "1999999999999999999"


class Own:
    """A list of one's own of products of the market, and what reads it."""

    def __init__(self, bench: Bench, client: Client, api: str = "concurrency: 1") -> None:
        self.bench, self.api = bench, api
        params = {"region": "US", "page_num": "1", "page_size": "10"}
        first = bench.simulator.market.answer(params, PRODUCT_LIST)
        params["page_num"] = "2"
        second = bench.simulator.market.answer(params, PRODUCT_LIST)
        self.ids = [str(row["product_id"]) for row in (*first, *second)]
        self.scanner = Scanner(self.book("followed"), client, bench.writer, bench.clock)
        self.newcomers = Newcomers(self.scanner, bench.writer)

    def book(self, ids: Sequence[str] | str) -> Rulebook:
        """The rules with a list of these."""
        written = ids if isinstance(ids, str) else [*ids]
        env = {"KEYAPI_KEY": KEY, "KEYAPI_URL": self.bench.simulator.url}
        return load_text(RULES.format(ids=written, api=self.api), env=env)

    def edit(self, ids: Sequence[str] | str) -> None:
        """The rule file has these now."""
        book = self.book(ids)
        self.scanner.swap(book, None)
        self.newcomers.forget()

    @property
    def watch(self) -> Watch:
        (watch,) = self.scanner.book.used_watches
        return watch

    async def scan(self) -> ScanState | None:
        """Scan it as a timer would, an hour later."""
        await self.bench.writer.run(
            lambda db: db.rules.sync(self.scanner.book.marks, self.bench.clock.now())
        )
        self.bench.clock.forward(HOUR)
        return await self.bench.scan(self.scanner)

    @property
    def asked(self) -> list[str]:
        """The ids of each request to the endpoint of ids."""
        return [
            query["product_ids"] for query in self.bench.simulator.asked if "product_ids" in query
        ]

    async def known(self, product: str) -> bool:
        found = await self.bench.writer.run(lambda db: db.history.find(product))
        return bool(found)

    async def firing(self, rule: str) -> set[str]:
        """The products on which the rule fires."""
        rows = await self.bench.writer.run(
            lambda db: db.alerts.list(rule, AlertState.FIRING, limit=1_000)
        )
        return {row.product_id for row in rows}


@pytest.fixture
async def own(bench: Bench):  # type: ignore[no-untyped-def]
    """A list of one's own."""
    async with bench.client() as client:
        yield Own(bench, client)


async def test_nothing_before_the_first_scan(own: Own) -> None:
    """That reads them all."""
    own.edit(own.ids[:2])
    assert await own.newcomers.turn() == 0
    assert own.asked == []


async def test_an_added_id_is_read_and_nothing_else_happens(own: Own) -> None:
    """It is known, and costs a request; no rule has judged it, no timer moved, no scan was made.
    The next scan judges it, and it has not appeared."""
    first, added = own.ids[:2], own.ids[2]
    own.edit(first)
    assert await own.scan() is ScanState.COMPLETE
    key, asked = own.watch.key, len(own.asked)
    before = await own.bench.writer.run(lambda db: db.history.scans(key))
    spent = await own.bench.spent()
    own.edit([*first, added])
    assert own.watch.key == key
    assert await own.newcomers.turn() == 1
    assert own.asked[asked:] == [added]
    assert await own.known(added)
    assert await own.bench.writer.run(lambda db: db.history.scans(key)) == before
    now = own.bench.clock.now()
    assert plan.due(own.watch.schedule, before, now) == own.watch.schedule.next(before[0].at)
    assert (await own.bench.spent()).day == spent.day + 1
    assert await own.firing("any") == set(first)
    assert await own.newcomers.turn() == 0
    assert await own.scan() is ScanState.COMPLETE
    assert await own.firing("any") == {*first, added}
    assert await own.firing("new") == set()
    assert await own.scan() is ScanState.COMPLETE
    assert await own.firing("new") == set()


async def test_it_can_be_explained_before_a_scan_has_it(own: Own) -> None:
    """By the values that were read, and said so."""
    own.edit(own.ids[:2])
    await own.scan()
    own.edit(own.ids[:3])
    await own.newcomers.turn()
    book, now = own.scanner.book, own.bench.clock.now()
    rule = next(each for each in book.rules if each.name == "any")

    def explained(database):  # type: ignore[no-untyped-def]
        (facts,) = database.history.find(own.ids[2])
        return explain(database, book, rule, facts, now)

    found = await own.bench.writer.run(explained)
    assert found.when.verdict.value == "met"
    assert any("read when it was added" in note for note in found.notes)


async def test_what_is_followed(own: Own) -> None:
    """At once, and once; a restart reads nothing again, and what is let go is forgotten."""
    write = own.bench.writer.run
    await write(lambda db: db.followed.add(own.ids[:1], START))
    assert await own.scan() is ScanState.COMPLETE
    assert own.asked == [own.ids[0]]
    assert await own.newcomers.turn() == 0
    await write(lambda db: db.followed.add([own.ids[1], UNKNOWN], START))
    assert await own.newcomers.turn() == 2
    assert own.asked[1:] == [f"{own.ids[1]},{UNKNOWN}"]
    assert await own.known(own.ids[1])
    again = Newcomers(own.scanner, own.bench.writer)
    assert await again.turn() == 0
    assert len(own.asked) == 2
    book, now = own.scanner.book, own.bench.clock.now()
    state = await write(lambda db: overview(db, book, now))
    assert state.watches[0].not_indexed == (UNKNOWN,)
    await own.scan()
    state = await write(lambda db: overview(db, book, now))
    assert state.watches[0].not_indexed == (UNKNOWN,)
    await write(lambda db: db.followed.remove([UNKNOWN]))
    assert await again.turn() == 0
    assert await write(lambda db: dict(db.lookups.of(own.watch.key))) == {}


async def test_the_first_that_is_followed(own: Own) -> None:
    """Where nothing was followed when the list was scanned: it is read, and has not appeared."""
    assert await own.scan() is ScanState.COMPLETE
    assert own.asked == []
    await own.bench.writer.run(lambda db: db.followed.add(own.ids[:1], START))
    assert await own.newcomers.turn() == 1
    await own.scan()
    assert await own.firing("any") == {own.ids[0]}
    assert await own.firing("new") == set()


async def test_ten_by_a_request(own: Own) -> None:
    """Twelve are two requests, which the caps must leave."""
    own.edit(own.ids[:1])
    await own.scan()
    own.edit(own.ids[:13])
    assert await own.newcomers.turn() == 12
    assert [len(each.split(",")) for each in own.asked[1:]] == [10, 2]
    assert (await own.bench.spent()).day == 3


async def test_what_failed_is_tried_again(own: Own) -> None:
    """Not at once, and not for ever; what was answered meanwhile is not asked again."""
    own.edit(own.ids[:1])
    await own.scan()
    own.edit(own.ids[:2])
    failing = own.bench.simulator.fail_next(status=500, times=1_000)
    assert await own.newcomers.turn() == 0
    asked = len(own.asked)
    assert await own.newcomers.turn() == 0
    assert len(own.asked) == asked
    own.bench.simulator.faults.remove(failing)
    own.bench.clock.forward(RETRIES[0])
    assert await own.newcomers.turn() == 1
    assert await own.known(own.ids[1])


async def test_caps_hold(bench: Bench) -> None:
    """What they don't leave waits for the next day."""
    async with bench.client() as client:
        own = Own(bench, client, "concurrency: 1, credits_per_day: 1")
        own.edit(own.ids[:1])
        await own.scan()
        own.edit(own.ids[:2])
        assert await own.newcomers.turn() == 0
        assert await own.newcomers.turn() == 0
        assert len(own.asked) == 1
        bench.clock.instant = next_midnight(bench.clock.now())
        assert await own.newcomers.turn() == 1
        assert await bench.spent() == Spent(1, 2)


async def test_credits_are_set_aside_by_the_request(bench: Bench) -> None:
    """Two for twelve ids, and not twelve."""
    async with bench.client() as client:
        own = Own(bench, client, "concurrency: 1, credits_per_day: 3")
        own.edit(own.ids[:1])
        await own.scan()
        own.edit(own.ids[:13])
        assert await own.newcomers.turn() == 12


async def test_a_list_of_higher_priority_has_its_credits_first(bench: Bench) -> None:
    """What it still needs today is not spent on them."""
    async with bench.client() as client:
        own = Own(bench, client, "concurrency: 1, credits_per_day: 2")
        own.edit(own.ids[:1])
        await own.scan()
        more = (
            "  - {name: first, priority: 1, when: {spu_avg_price: {above: 0}},\n"
            "     watch: {region: US, sort: total_sale_7d_cnt desc, top: 10}}\n"
        )
        text = RULES.format(ids=own.ids[:2], api=own.api) + more
        env = {"KEYAPI_KEY": KEY, "KEYAPI_URL": bench.simulator.url}
        own.scanner.swap(load_text(text, env=env), None)
        own.newcomers.forget()
        assert await own.newcomers.turn() == 0
        assert len(own.asked) == 1


async def test_a_refused_key(own: Own) -> None:
    """The operator hears of it, and nothing more is asked with it."""
    own.edit(own.ids[:1])
    await own.scan()
    own.edit(own.ids[:2])
    own.bench.simulator.fail_next(status=401, times=1_000)
    assert await own.newcomers.turn() == 0
    asked = len(own.asked)
    own.newcomers.forget()
    own.bench.clock.forward(RETRIES[0])
    assert await own.newcomers.turn() == 0
    assert len(own.asked) == asked
    incidents = await own.bench.writer.run(lambda db: db.health.incidents())
    assert [each.kind.value for each in incidents] == ["key refused"]


async def test_a_refused_key_is_said_of_one_list(bench: Bench) -> None:
    """The others are not even begun: nothing is asked or set aside for them."""
    async with bench.client() as client:
        own = Own(bench, client)

        def edit(ids: Sequence[str]) -> None:
            other = RULES.replace("any", "others").replace("new,", "more,").replace("mine", "other")
            watches = f"{{mine: {{products: {[*ids]}}}, other: {{products: {[*ids]}}}}}"
            lines = RULES.format(api=own.api, ids=[]).splitlines()
            lines[5] = f"watches: {watches}"
            lines += other.format(api="", ids=[]).splitlines()[-2:]
            env = {"KEYAPI_KEY": KEY, "KEYAPI_URL": bench.simulator.url}
            own.scanner.swap(load_text("\n".join(lines), env=env), None)
            own.newcomers.forget()

        edit(own.ids[:1])
        for watch in own.scanner.book.used_watches:
            await own.scanner.scan(watch, bench.clock.now())
        edit(own.ids[:2])
        bench.simulator.fail_next(status=401, times=1_000)
        asked, spent = len(own.asked), await bench.spent()
        assert await own.newcomers.turn() == 0
        assert len(own.asked) == asked + 1
        assert (await bench.spent()).day == spent.day + 1


async def test_not_while_a_scan_is_queued(own: Own) -> None:
    """It reads them."""
    own.edit(own.ids[:1])
    await own.scan()
    own.edit(own.ids[:2])
    own.newcomers.busy = {own.watch.key}
    assert await own.newcomers.turn() == 0
    own.newcomers.busy = set()
    assert await own.newcomers.turn() == 1


async def test_lists_cost_nothing(bench: Bench) -> None:
    """Without a list of one's own the store is not even asked."""
    async with bench.client() as client:
        scanner = Scanner(bench.book(), client, bench.writer, bench.clock)
        newcomers = Newcomers(scanner, bench.writer)

        async def never(_job: object) -> None:
            raise AssertionError("the store was asked")

        newcomers.writer = type("Never", (), {"run": staticmethod(never)})()
        assert await newcomers.turn() == 0


async def test_an_id_that_was_found_has_not_appeared_ever(own: Own) -> None:
    """Also where the scan after it lacks the product, and a later one has it again."""
    own.edit(own.ids[:1])
    await own.scan()
    own.edit(own.ids[:2])
    await own.newcomers.turn()
    plain = own.bench.simulator.answer

    def without(query: Mapping[str, str], endpoint: object) -> list[dict[str, object]]:
        rows = plain(query, endpoint)  # type: ignore[arg-type]
        return [row for row in rows if row["product_id"] != own.ids[1]]

    own.bench.simulator.answer = without
    await own.scan()
    own.bench.simulator.answer = plain
    await own.scan()
    assert own.ids[1] not in await own.firing("new")
    assert PRODUCT_DETAIL.page_size == 10
    listed = await own.bench.writer.run(lambda db: db.history.scans(LOOKUPS))
    assert [each.state for each in listed] == [ScanState.PARTIAL]
    assert listed[0].at < START + DAY


async def test_what_is_taken_out_while_it_is_read_is_not_told(own: Own) -> None:
    """The user does not want to hear of it any more: its row is left out, the others are judged."""
    own.edit(own.ids[:3])
    other = own.ids[2]

    def take_out(body: bytes) -> bytes:
        own.edit([other])
        return body

    own.bench.simulator.fail_next(edit=take_out)
    assert await own.scan() is ScanState.COMPLETE
    assert await own.firing("any") == {other}
    assert await own.scan() is ScanState.COMPLETE
    assert await own.firing("any") == {other}


async def test_what_is_followed_no_more_is_not_told(own: Own) -> None:
    """Not even where it was all that was followed."""
    product = own.ids[0]
    writer = own.bench.writer
    await writer.run(lambda db: db.followed.add([product], own.bench.clock.now(), None))
    leaving = []

    def unfollow(body: bytes) -> bytes:
        leaving.append(asyncio.ensure_future(writer.run(lambda db: db.followed.remove([product]))))
        return body

    own.bench.simulator.fail_next(edit=unfollow)
    await own.scan()
    assert await own.firing("any") == set()
    await asyncio.gather(*leaving)


async def test_two_lists_of_one_instant(bench: Bench) -> None:
    """What was read for the one hinders nothing of the other's."""
    async with bench.client() as client:
        own = Own(bench, client)
        lines = RULES.format(api=own.api, ids="followed").splitlines()
        lines.append("  - {name: named, watch: {products: IDS}, when: {appears: true}}")
        env = {"KEYAPI_KEY": KEY, "KEYAPI_URL": bench.simulator.url}

        async def want(ids: Sequence[str]) -> None:
            text = "\n".join(lines).replace("IDS", f"{[*ids]}")
            own.scanner.swap(load_text(text, env=env), None)
            own.newcomers.forget()
            now = bench.clock.now()
            await bench.writer.run(lambda db: db.followed.add(ids, now, None))

        await want(own.ids[:1])
        for watch in own.scanner.book.used_watches:
            await own.scanner.scan(watch, bench.clock.now())
        await want(own.ids[:2])
        assert await own.newcomers.turn() == 2
        listed = await bench.writer.run(lambda db: db.history.scans(LOOKUPS))
        assert len({each.at for each in listed}) == 2


async def test_a_list_that_goes_while_its_ids_are_read(own: Own) -> None:
    """What could not be read of it is not tried again, and the others are read as ever."""
    own.edit(own.ids[:1])
    await own.scan()
    own.edit(own.ids[:2])
    leaving: list[asyncio.Future[None]] = []

    def take_away(_body: bytes) -> bytes:
        if not leaving:
            job = own.bench.writer.run(lambda db: db.lookups.keep_watches([]))
            leaving.append(asyncio.ensure_future(job))
        return b"rubbish"

    own.bench.simulator.fail_next(times=1_000, edit=take_away)
    assert await own.newcomers.turn() == 0
    await asyncio.gather(*leaving)
    own.bench.simulator.faults.clear()
    own.newcomers.forget()
    assert await own.newcomers.turn() == 1
