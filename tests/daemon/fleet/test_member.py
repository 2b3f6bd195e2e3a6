"""Daemons of a fleet in one process, on a server in memory: what they hold, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from tests.daemon.fakes import ENV, RULES
from tests.daemon.fleet.fakes import FakeServer, a_daemon
from tests.daemon.fleet.test_stored_rules import Asked, read
from tests.fakes.clock import SetClock
from watcher.daemon.fleet.lease_keeper import FleetView
from watcher.daemon.fleet.lease_tenure import steady
from watcher.daemon.fleet.member import FleetMember
from watcher.daemon.fleet.stored_rules import Read, StoredRules
from watcher.daemon.fleet.surroundings import Surroundings
from watcher.delivery.permission import always, may_send
from watcher.errors import NewerDatabase, UnfinishedCopy
from watcher.rules.rulebook import Rulebook
from watcher.store.control import Lease, LeaseState
from watcher.store.engine import StoreReader, Writer
from watcher.store.places import Place, Server

BOOKS = ("books", "shoes", "toys", "tools")


@dataclass
class Town:
    """A server, and its books' stores as files."""

    folder: Path
    server: FakeServer = field(default_factory=lambda: FakeServer(clock=steady))  # type: ignore[arg-type]
    newer: set[str] = field(default_factory=set)
    copied_into: set[str] = field(default_factory=set)
    opened: list[Writer] = field(default_factory=list)
    read: Read = read

    def make(self, *books: str) -> None:
        """Books with rules."""
        for book in books:
            self.server.open().books.create(book)
            self.server.push(book, RULES)

    def writer(self, place: Place, _lease: Lease) -> Writer:
        """Of a file in the book's place."""
        assert isinstance(place, Server)
        if place.book in self.newer:
            raise NewerDatabase("a newer version wrote it", place)
        if place.book in self.copied_into:
            raise UnfinishedCopy("is being copied into", place)
        self.opened.append(Writer(self.folder / f"{place.book}.db"))
        return self.opened[-1]

    def reader(self, place: Place) -> StoreReader:
        """Of the same file."""
        assert isinstance(place, Server)
        return StoreReader(self.folder / f"{place.book}.db")

    async def nothing(self) -> AsyncGenerator[tuple[str, str], None]:
        """Nobody is told of anything: each looks by itself."""
        await asyncio.Event().wait()
        yield "", ""

    def member(self, name: str) -> FleetMember:
        """A daemon."""
        around = Surroundings(SetClock(), writer=self.writer, reader=self.reader)
        control: Any = self.server.open
        return FleetMember(
            a_daemon(name), "postgresql://db/x",
            lambda book: StoredRules(book, Asked(self.server), self.read),
            around, control, self.nothing,
        )  # fmt: skip

    @asynccontextmanager
    async def running(self, name: str) -> AsyncIterator[FleetMember]:
        """A daemon at work until the block ends; it is stopped in order then."""
        member, stop, ready = self.member(name), asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(member.run(stop, ready.set))
        try:
            async with asyncio.timeout(20):
                await ready.wait()
            yield member
        finally:
            stop.set()
            await task


@pytest.fixture
def town(tmp_path: Path) -> Town:
    """Without books."""
    return Town(tmp_path)


async def until(what: Callable[[], bool | Awaitable[bool]]) -> None:
    """Wait until something on other threads is so."""
    async with asyncio.timeout(20):
        while True:
            found = what()
            if await found if isinstance(found, Awaitable) else found:
                return
            await asyncio.sleep(0.02)


def at_work(member: FleetMember) -> list[str]:
    """The books that it does something for."""
    return [name for name, held in member.books().items() if held.sources is not None]


async def test_books_begin_and_end_again_and_again(town: Town) -> None:
    """In one process, several at once: each with a store and a daemon of its own."""
    town.make(*BOOKS)
    async with town.running("a") as member:
        await until(lambda: len(at_work(member)) == 4)
        assert await member.ill() is None
        stores = {id(held.sources.write) for held in member.books().values() if held.sources}
        assert len(stores) == 4
    assert town.server.held_by("a") == []
    async with town.running("a") as member:
        await until(lambda: len(at_work(member)) == 4)
    assert town.server.rows["toys"].fence == 2
    assert all(each._owned is None for each in town.opened)  # noqa: SLF001


async def test_a_second_daemon_gets_half_of_them(town: Town) -> None:
    """And the first one all of them again."""
    town.make(*BOOKS)
    async with town.running("a") as first:

        async def first_is_well() -> bool:
            return await first.ill() is None

        await until(lambda: len(at_work(first)) == 4)
        async with town.running("b") as second:
            await until(lambda: (len(at_work(first)), len(at_work(second))) == (2, 2))
            await until(first_is_well)
        await until(lambda: len(at_work(first)) == 4)


async def test_a_book_taken_since_the_last_look_is_held(town: Town) -> None:
    """A look from before says that nobody has it; only where the lease is uncertain is that so."""
    town.make("toys")
    async with town.running("a") as member:
        await until(lambda: at_work(member) == ["toys"])
        (held,) = [each for each, _ in member._held.values()]  # noqa: SLF001
        (lease,) = town.server.leases()
        before = msgspec.structs.replace(lease, holder=None)
        member._view = FleetView((before,), at=steady())  # noqa: SLF001
        assert await member.ill() is None
        held.tenure.until = 0.0
        member._view = FleetView((before,), at=steady())  # noqa: SLF001
        assert "book toys" in str(await member.ill())


async def test_a_lost_book_comes_back(town: Town) -> None:
    """What worked on it has ended without a word; another begins in the same process."""
    town.make("toys")
    with capture_logs() as logs:
        async with town.running("a") as member:
            await until(lambda: at_work(member) == ["toys"])
            (before,) = member.books().values()
            town.server.until["toys"] = 0.0
            assert town.server.open().leases.take("toys", "b", 0.0) is not None
            await until(lambda: at_work(member) == ["toys"] and member.books()["toys"] != before)
    events = [each["event"] for each in logs]
    assert "the book's lease is lost: the work on it has ended" in events
    assert events.count("at work") == 2
    assert events.count("stopping") == 2  # one in order, and the daemon itself; not the lost


async def test_a_newer_versions_book_is_left(town: Town) -> None:
    """With one line."""
    town.make("toys", "tools")
    town.newer.add("toys")
    with capture_logs() as logs:
        async with town.running("a") as member:
            await until(lambda: at_work(member) == ["tools"] and member.daemon.refused == ("toys",))
            town.make("shoes")
            await until(lambda: at_work(member) == ["shoes", "tools"])
    left = [each for each in logs if "newer version" in each["event"]]
    assert len(left) == 1
    assert town.server.rows["toys"].fence == 1


async def test_half_a_copy_is_handed_back(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who copies into it has its lease meanwhile; once that is done it is taken."""
    monkeypatch.setattr("watcher.daemon.fleet.shares.UNFINISHED_SECONDS", 0.5)
    town.make("toys")
    town.copied_into.add("toys")
    async with town.running("a") as member:
        await until(lambda: town.server.rows["toys"].fence == 1 and at_work(member) == [])
        await until(lambda: town.server.rows["toys"].holder is None)
        town.copied_into.clear()
        await until(lambda: at_work(member) == ["toys"])


async def test_a_server_that_is_away(town: Town) -> None:
    """Nothing is taken from whoever has it; once it is back all goes on under the same fence."""
    town.make("toys")
    async with town.running("a") as member:
        await until(lambda: at_work(member) == ["toys"])
        (held,) = [each for each, _ in member._held.values()]  # noqa: SLF001
        town.server.away = True
        held.tenure.until = 0.0  # as after so many seconds
        assert not held.tenure.certain()
        town.server.away = False
        await until(held.tenure.certain)
        assert at_work(member) == ["toys"]
    assert town.server.rows["toys"].fence == 1


async def test_what_was_just_taken_is_held(town: Town) -> None:
    """Though no look has shown it yet."""
    town.make("toys")
    async with town.running("a") as member:
        await until(lambda: at_work(member) == ["toys"])
        member._view = FleetView((LeaseState("toys", None, 0, 0.0, 0),), (), steady())  # noqa: SLF001
        assert await member.ill() is None


async def test_an_uncertain_lease_is_told_of_once(town: Town) -> None:
    """Not by each part that stops for it, nor at each try."""
    town.make("toys")
    with capture_logs() as logs:
        async with town.running("a") as member:
            await until(lambda: at_work(member) == ["toys"])
            (held,) = [each for each, _ in member._held.values()]  # noqa: SLF001
            town.server.away = True
            held.tenure.until = 0.0
            for _ in range(3):
                member._tell_of_leases()  # noqa: SLF001
            town.server.away = False
            await until(held.tenure.certain)
            member._tell_of_leases()  # noqa: SLF001
    loud = [each["event"] for each in logs if each["log_level"] in ("warning", "error")]
    assert loud.count("a lease is uncertain: nothing is begun before it is renewed") == 1
    assert "task died" not in loud
    assert [each["event"] for each in logs].count("a lease was renewed, the work goes on") == 1


async def test_a_stop_while_the_server_is_away(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could be kept no more is not waited for."""
    monkeypatch.setattr("watcher.daemon.fleet.held_book.GIVE_UP_SECONDS", 1.0)
    town.make("toys")
    with capture_logs() as logs:
        async with town.running("a") as member:
            await until(lambda: at_work(member) == ["toys"])
            ((held, task),) = member._held.values()  # noqa: SLF001
            held._daemon.workers.finish = asyncio.Event().wait  # type: ignore[union-attr,method-assign]  # noqa: SLF001
            town.server.away = True
            held.tenure.until = 0.0
            held.tenure.stopping.set()
            async with asyncio.timeout(20):
                await asyncio.wait({task})
    assert "the server is away: what was under way is left to whoever goes on" in [
        each["event"] for each in logs
    ]


async def test_a_book_sends_by_its_own_lease(town: Town) -> None:
    """Whatever begins in its tasks asks that one, and no other book's."""
    town.make("toys", "tools")
    asked: dict[str, Callable[[], bool]] = {}

    def noting(book: str, files: Mapping[str, bytes]) -> Rulebook:
        asked[book] = may_send.get()
        return read(book, files)

    town.read = noting
    async with town.running("a") as member:
        await until(lambda: len(at_work(member)) == 2)
        assert may_send.get() is always
        assert asked["toys"]()
        toys, _ = member._held["toys"]  # noqa: SLF001
        toys.tenure.lose()
        assert (asked["toys"](), asked["tools"]()) == (False, True)


async def test_books_of_one_process_tell_of_an_outage_together(town: Town) -> None:
    """Their operators have the same address: one of them tells."""
    town.make("toys", "tools")
    async with town.running("a") as member:
        await until(lambda: len(at_work(member)) == 2)
        alerts = [held._alert for held, _ in member._held.values()]  # noqa: SLF001
        one, two = [each for each in alerts if each is not None]
        assert one.told_by is two.told_by
        assert one.address("me/1") == two.address("me/1") != "me/1"


async def test_without_a_key_it_is_ill(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Held, and nothing is done for it: who asks is told why."""
    town.make("toys")
    monkeypatch.delitem(ENV, "KEYAPI_KEY")
    async with town.running("a") as member:
        await until(lambda: town.server.rows["toys"].ill is not None)
        assert "no key" in str(await member.ill())
        assert at_work(member) == []
        assert town.server.held_by("a") == ["toys"]
