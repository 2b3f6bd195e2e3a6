"""Daemons that share a server's books: each is one's at a time, and another's after it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import psycopg
import pytest

from tests.end_to_end.fleet import RULES, Fleet
from tests.end_to_end.process import Daemon, Watcher, until
from tests.fakes.sink import Service
from tests.postgres import cluster, needed
from watcher.source.simulator import Simulator
from watcher.store.engine import open_control

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
        assert await first.stop() == 0
        await first.said("a book was handed over", book="shop")
        await second.said("at work", book="shop")
        assert await second.stop() == 0
    assert not fleet.leases()["shop"].held


async def test_a_holder_that_stood_still_becomes_a_standby(
    fleet: Fleet, simulator: Simulator, sink: Service
) -> None:
    """It was stopped in the middle of a scan: it buys, writes and sends nothing more of it."""
    fleet.make("shop")
    simulator.fail_next(page=2, delay=20)  # while the second one starts
    async with fleet.running() as first, fleet.running() as second:
        await until(lambda: simulator.requests == 2)
        first.process.send_signal(signal.SIGSTOP)
        await second.said("scanned", book="shop")
        await until(lambda: len(sink.taken) == 1)
        bought = simulator.requests
        first.process.send_signal(signal.SIGCONT)
        await first.said("the book's lease is lost: the work on it has ended")
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


async def test_a_database_that_is_away_for_a_while(
    tmp_path: Path, simulator: Simulator, sink: Service
) -> None:
    """In the middle of a scan: what was bought is kept and stored once; nothing more is bought, one
    word is told, and all goes on."""
    needed()
    with cluster() as server:
        env = {"SINK_URL": sink.url.reveal()}
        fleet = Fleet(
            Watcher(tmp_path, simulator.url, env, module="tests.end_to_end.looking"), server.url
        )
        fleet.make("shop", "other")
        simulator.fail_next(page=2, delay=3)
        async with fleet.running("--book", "shop") as daemon:
            await until(lambda: simulator.requests == 2)
            await asyncio.to_thread(server.stop)
            # Longer than a lease lasts.
            await daemon.said("a scan waits to be stored", count=5, book="shop")
            await until(lambda: len(sink.taken) == 1)
            await asyncio.to_thread(server.start)
            await daemon.said("scanned", book="shop")
            await until(lambda: len(sink.taken) == 3)
            assert await daemon.stop() == 0
        with psycopg.connect(server.url) as conn:
            used = conn.execute("SELECT sum(used) FROM book_shop.credits").fetchone()
            scans = conn.execute("SELECT state FROM book_shop.scans").fetchall()
    assert simulator.requests == 2
    assert (used, scans) == ((2,), [("complete",)])
    titles = sorted(each["title"] for each in sink.taken)
    assert titles == [
        "[info] selling: 20 products (US)",
        "watcher: over: the database fails",
        "watcher: the database fails",
    ]


async def test_main_by_the_files_that_are_here(fleet: Fleet) -> None:
    """The second daemon stands by; it has the book once the first one has ended. Edits are read."""
    fleet.watcher.rules.write_text(RULES, encoding="utf-8")
    main = "--rules", str(fleet.watcher.rules)
    async with fleet.running(*main) as first:
        await first.said("scanned", book="main")
        async with fleet.running(*main) as second:
            assert await first.stop() == 0
            await second.said("at work", book="main")
            fleet.watcher.rules.write_text(RULES + "    priority: 2\n", encoding="utf-8")
            await second.said("rules reloaded", book="main")
            second.process.send_signal(signal.SIGHUP)
            await second.said("rules reloaded", book="main", count=2)
            assert await second.stop() == 0
    assert [line["event"] for line in second.log if line["event"] == "scanned"] == []


async def test_a_book_without_usable_rules_is_held(fleet: Fleet, simulator: Simulator) -> None:
    """It does nothing, and says why; it begins once there are some."""
    fleet.make()
    with contextlib.closing(open_control(fleet.url)) as control:
        control.books.create("empty")
        control.books.create("broken")
    fleet.push("broken", RULES.replace("${SINK_URL}", "${NOWHERE}"))
    async with fleet.running() as daemon:
        about = "it is about to begin"
        await until(lambda: all(each.ill not in (None, about) for each in fleet.leases().values()))
        ill = {book: str(lease.ill) for book, lease in fleet.leases().items()}
        assert "watcher rules push" in ill["empty"]
        assert ill["broken"].startswith("broken/rules.yaml:3:")
        assert sorted(fleet.held_by(daemon)) == ["broken", "empty"]
        assert simulator.requests == 0
        async with aiohttp.ClientSession() as client, client.get(f"{daemon.page}healthz") as answer:
            assert answer.status == 503
        for book in ill:
            fleet.push(book, RULES)
            await daemon.said("scanned", book=book)
        async with aiohttp.ClientSession() as client, client.get(f"{daemon.page}healthz") as answer:
            assert answer.status == 200, await answer.text()
        assert await daemon.stop() == 0


async def test_the_newest_good_rules_are_taken_over(fleet: Fleet, sink: Service) -> None:
    """As the one before had them in force; the operator hears that newer ones can't be used."""
    fleet.make("shop")
    fleet.push("shop", RULES.replace("${SINK_URL}", "${NOWHERE}"))
    async with fleet.running() as daemon:
        await daemon.said("scanned", book="shop")
        await until(lambda: len(sink.taken) == 2)
        assert await daemon.stop() == 0
    assert {each["title"] for each in sink.taken} == {
        "[info] selling: 20 products (US)", "watcher: rule file",
    }  # fmt: skip


async def test_a_book_of_a_newer_version_is_left_to_others(fleet: Fleet) -> None:
    """With one line, and the other books go on."""
    fleet.make("newer", "shop")
    async with fleet.running() as daemon:
        await daemon.said("scanned", book="newer")
        assert await daemon.stop() == 0
    with psycopg.connect(fleet.url) as conn:
        conn.execute(
            "INSERT INTO book_newer._migrations SELECT * FROM jsonb_populate_record("
            "(SELECT m FROM book_newer._migrations AS m LIMIT 1), "
            """'{"id": 999, "name": "m999_of_a_newer_version"}')"""
        )
    async with fleet.running() as daemon:
        await daemon.said("a newer version wrote the book: it is left to others", book="newer")
        await daemon.said("at work", book="shop")
        await until(lambda: fleet.daemons()[daemon.process.pid].refused == ("newer",))
        fence = fleet.leases()["newer"].fence
        fleet.push("shop", RULES + "    priority: 2\n")
        await daemon.said("rules reloaded", book="shop")
        assert fleet.leases()["newer"].fence == fence
        assert await daemon.stop() == 0


async def test_what_can_not_run(fleet: Fleet) -> None:
    """Books that there are not, and what belongs to files."""
    code, _, error = await fleet.watcher.call("run", "--db", fleet.url, "--book", "nowhere")
    assert code == 1
    assert "there is no book nowhere" in error
    assert "watcher books add NAME" in error
    rules = "--rules", "rules.yaml"
    code, _, error = await fleet.watcher.call("run", "--db", fleet.url, "--all-books", *rules)
    assert code == 2
    assert "watcher rules push" in error
    code, _, error = await fleet.watcher.call("run", "--db", "x.db", "--all-books")
    assert code == 2
    assert "which has no books" in error
