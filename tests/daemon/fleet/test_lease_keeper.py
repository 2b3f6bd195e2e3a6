"""Leases as they are kept: taken, renewed, lost, released; and until when they are certain."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import pytest

from tests.daemon.fleet.fakes import FakeLeases, FakeServer, SetSteady, a_daemon
from watcher.daemon.fleet.lease_keeper import (
    DEAF_SECONDS,
    LEASE_SECONDS,
    LOOK_SECONDS,
    MARGIN_SECONDS,
    RENEW_SECONDS,
    LeaseKeeper,
    Look,
)
from watcher.daemon.fleet.lease_tenure import LeasedStore, LeaseTenure
from watcher.daemon.fleet.shares import ALIVE_SECONDS, FREE_SECONDS
from watcher.errors import StoreAway, StoreError
from watcher.store.control import Control, LeaseLost
from watcher.store.engine import Writer

T = TypeVar("T")
CERTAIN = LEASE_SECONDS - MARGIN_SECONDS


@dataclass
class Heard:
    """What a keeper says."""

    views: list[Look] = field(default_factory=list)
    gone: list[LeaseTenure] = field(default_factory=list)

    def saw(self, view: Look) -> None:
        self.views.append(view)

    def lost(self, tenure: LeaseTenure) -> None:
        self.gone.append(tenure)


@dataclass
class Kept:
    """A keeper whose thread is this one."""

    server: FakeServer
    name: str
    clock: SetSteady = field(default_factory=SetSteady)
    heard: Heard = field(default_factory=Heard)

    def __post_init__(self) -> None:
        self.keeper = LeaseKeeper(
            a_daemon(self.name),
            "postgresql://db/x",
            cast("Callable[[], Control]", self.server.open),
            self.heard,
            self.clock,
        )
        self.keeper.heard()

    def ask(self, asked: Callable[[], Future[T]]) -> T:
        """What the thread would do."""
        future: Any = asked()
        self.keeper._jobs.get_nowait()()  # type: ignore[misc]  # noqa: SLF001
        return future.result()  # type: ignore[no-any-return]

    def take(self, book: str = "shop") -> LeaseTenure | None:
        return self.ask(lambda: self.keeper.take(book))

    def turn(self, seconds: float = RENEW_SECONDS) -> None:
        """After so long, on its clock and the server's."""
        self.clock.instant += seconds
        self.server.clock.instant += seconds
        self.keeper.turn()


@pytest.fixture
def server() -> FakeServer:
    """A server with one book."""
    made = FakeServer()
    made.open().books.create("shop")
    return made


def test_the_times_go_together() -> None:
    """Renewals may fail, and a daemon be silent, for a while; a dead holder is replaced in 15 s,
    also where the one that should take its book does not."""
    assert 3 * RENEW_SECONDS < CERTAIN < LEASE_SECONDS
    assert LOOK_SECONDS < RENEW_SECONDS
    assert 2 * RENEW_SECONDS < ALIVE_SECONDS < LEASE_SECONDS
    assert LEASE_SECONDS + FREE_SECONDS + 2 * LOOK_SECONDS < 15


def test_one_has_it_as_long_as_it_is_renewed(server: FakeServer) -> None:
    """The other gets it once it has run out, and not before."""
    a, b = Kept(server, "a"), Kept(server, "b")
    tenure = a.take()
    assert tenure is not None
    assert tenure.certain()
    for _ in range(10):
        a.turn()
        assert b.take() is None
    assert tenure.certain()
    server.clock.instant += LEASE_SECONDS
    heir = b.take()
    assert heir is not None
    assert heir.lease.fence == tenure.lease.fence + 1


def test_it_is_uncertain_before_it_can_have_run_out(server: FakeServer) -> None:
    """By the holder's own clock, which need not have heard of anything: it may have stood."""
    a = Kept(server, "a")
    tenure = a.take()
    assert tenure is not None
    a.clock.instant += CERTAIN - 0.01
    assert tenure.certain()
    a.clock.instant += 0.01
    assert not tenure.certain()
    with pytest.raises(StoreAway, match="could not be renewed in time"):
        tenure.check()


def test_it_is_renewed_when_that_is_due(server: FakeServer) -> None:
    """Not at each look."""
    a = Kept(server, "a")
    tenure = a.take()
    assert tenure is not None
    a.turn()
    until = tenure.until
    a.turn(RENEW_SECONDS / 2)
    assert tenure.until == until
    a.turn(RENEW_SECONDS / 2)
    assert tenure.until == until + RENEW_SECONDS


def test_what_was_not_renewed_is_certain_no_longer(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is it lost: its row was locked, and the next turn may renew it."""
    a = Kept(server, "a")
    tenure = a.take()
    assert tenure is not None
    until = tenure.until
    with monkeypatch.context() as locked:
        locked.setattr(FakeLeases, "renew", lambda *_: [])
        a.turn()
    assert (tenure.until, a.heard.gone) == (until, [])
    a.turn()
    assert tenure.until == until + 2 * RENEW_SECONDS


def test_it_counts_from_when_it_was_asked_for(server: FakeServer) -> None:
    """An answer that took its time makes it no longer certain than the server keeps it."""
    a = Kept(server, "a")
    tenure = a.take()
    assert tenure is not None
    opened = server.open()
    renew = opened.leases.renew

    class Slow:
        """A server that answers late."""

        def __getattr__(self, name: str) -> Any:
            return getattr(opened.leases, name)

        def renew(self, *asked: Any) -> Any:
            done = renew(*asked)
            a.clock.instant += 3
            server.clock.instant += 3
            return done

    class Control:
        """A connection to it."""

        books, daemons, leases = opened.books, opened.daemons, Slow()

    a.keeper._control = Control()  # type: ignore[assignment]  # noqa: SLF001
    began = a.clock.instant + RENEW_SECONDS
    a.turn()
    assert tenure.until == began + CERTAIN


def test_a_lease_that_ran_out_and_nobody_took_goes_on(server: FakeServer) -> None:
    """The server was away: nobody else could take it either."""
    a = Kept(server, "a")
    tenure = a.take()
    assert tenure is not None
    server.away = True
    for _ in range(3):
        a.clock.instant += 200
        server.clock.instant += 200
        with pytest.raises(StoreAway):
            a.keeper.turn()
    assert not tenure.certain()
    server.away = False
    a.keeper.heard()
    a.turn()
    assert tenure.certain()
    assert not a.heard.gone


async def test_what_another_took_is_lost_at_once(server: FakeServer) -> None:
    """Nothing may be begun before the loop has heard of it, nor after."""
    a, b = Kept(server, "a"), Kept(server, "b")
    tenure = a.take()
    assert tenure is not None
    server.clock.instant += LEASE_SECONDS  # a stood still: its clock did too, for all it knows
    assert b.take() is not None
    assert tenure.certain()
    a.keeper.turn()
    assert a.heard.gone == [tenure]
    assert not tenure.certain()
    tenure.lose()
    with pytest.raises(LeaseLost, match="another daemon has it"):
        tenure.check()
    with pytest.raises(LeaseLost):
        await tenure.begin()
    assert server.held_by("b") == ["shop"]


def test_a_lease_handed_over_can_be_taken_at_once(server: FakeServer) -> None:
    """And the one that had it may have it again later."""
    a, b = Kept(server, "a"), Kept(server, "b")
    tenure = a.take()
    assert tenure is not None
    a.ask(lambda: a.keeper.release(tenure))
    heir = b.take()
    assert heir is not None
    b.ask(lambda: b.keeper.release(heir))
    assert a.take() is not None
    a.turn()
    assert not a.heard.gone


def test_who_stands_still_keeps_nothing(server: FakeServer) -> None:
    """The thread lives, but nobody works: others go on. Once it moves, it renews what is left."""
    a = Kept(server, "a")
    assert a.take() is not None
    for _ in range(int(DEAF_SECONDS // RENEW_SECONDS) + 6):
        a.turn()
    assert server.held_by("a") == []
    a.keeper.heard()
    a.turn()
    assert server.held_by("a") == ["shop"]


def test_all_are_told_what_is_wrong(server: FakeServer) -> None:
    """With the renewal."""
    a = Kept(server, "a")
    tenure = a.take()
    assert tenure is not None
    tenure.ill = "its rules are broken"
    a.turn()
    a.turn()
    assert a.heard.views[-1].leases[0].ill == "its rules are broken"


async def test_who_waits_begins_once_it_is_certain_again(server: FakeServer) -> None:
    """A request, or a message; not before, and with signs of life meanwhile."""
    a = Kept(server, "a")
    tenure = a.take()
    assert tenure is not None
    a.clock.instant += LEASE_SECONDS
    waits = asyncio.Event()
    waiting = asyncio.create_task(tenure.begin(waits.set))
    await waits.wait()
    assert not waiting.done()
    a.turn()
    tenure.tell()
    await waiting


async def test_who_waits_hears_of_the_stop(server: FakeServer) -> None:
    """Nothing is begun then."""
    a = Kept(server, "a")
    tenure = a.take()
    assert tenure is not None
    a.clock.instant += LEASE_SECONDS
    tenure.stopping.set()
    with pytest.raises(StoreError):
        await tenure.begin()


async def test_no_job_begins_under_an_uncertain_lease(server: FakeServer) -> None:
    """Nor one that was asked for in time, and had its turn too late."""
    a = Kept(server, "a")
    tenure = a.take()
    assert tenure is not None
    begun, suspected = [], []
    async with Writer() as writer:

        class Late:
            """A store whose turn comes after the lease ran out."""

            async def run(self, job: Any) -> Any:
                a.clock.instant += LEASE_SECONDS
                return await writer.run(job)

        leased = LeasedStore(Late(), tenure, lambda: suspected.append(1))
        with pytest.raises(StoreAway):
            await leased.run(lambda _store: begun.append(1))
        with pytest.raises(StoreAway):
            await LeasedStore(writer, tenure, lambda: None).run(lambda _store: begun.append(1))
        tenure.lose()
        with pytest.raises(LeaseLost):
            await leased.run(lambda _store: begun.append(1))
    assert not begun
