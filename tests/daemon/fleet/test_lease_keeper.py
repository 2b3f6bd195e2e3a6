"""Leases as they are kept: taken, renewed, lost, released; and until when they are certain."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import pytest
from structlog.testing import capture_logs

from tests.daemon.fleet.fakes import (
    FakeControl,
    FakeLeases,
    FakeServer,
    SetSteady,
    a_daemon,
)
from watcher.daemon.fleet.lease_keeper import (
    COMPARE_SECONDS,
    DEAF_SECONDS,
    JUST_AFTER,
    LOOK_SECONDS,
    MARGIN_SECONDS,
    STUCK_SECONDS,
    FleetView,
    LeaseKeeper,
)
from watcher.daemon.fleet.lease_tenure import LeasedStore, LeaseTenure
from watcher.daemon.fleet.shares import ALIVE_SECONDS, FREE_SECONDS
from watcher.delivery.daemon_thread import DaemonThread
from watcher.errors import StoreAway, StoreError
from watcher.store.control import LEASE_SECONDS, RENEW_SECONDS, Control, LeaseLost
from watcher.store.engine import Writer

T = TypeVar("T")
CERTAIN = LEASE_SECONDS - MARGIN_SECONDS


@dataclass
class Heard:
    """What a keeper says."""

    views: list[FleetView] = field(default_factory=list)
    gone: list[LeaseTenure] = field(default_factory=list)

    def saw(self, view: FleetView) -> None:
        self.views.append(view)

    def lost(self, tenure: LeaseTenure) -> None:
        self.gone.append(tenure)


class AtOnce(DaemonThread):
    """A thread that is this one."""

    def __init__(self) -> None:
        super().__init__("none")

    def run(self, work: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()
        future.set_result(work())
        return future


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
        self.keeper._taker = AtOnce()  # noqa: SLF001

    def ask(self, asked: Callable[[], Future[T]], jobs: int = 1) -> T:
        """What the thread would do, which has at least so many ``jobs`` by then."""
        future: Any = asked()
        assert self.keeper._jobs.qsize() >= jobs  # noqa: SLF001
        while not self.keeper._jobs.empty():  # noqa: SLF001
            self.keeper._jobs.get_nowait()()  # type: ignore[misc]  # noqa: SLF001
        return future.result()  # type: ignore[no-any-return]

    def take(self, book: str = "shop") -> LeaseTenure | None:
        return self.ask(lambda: self.keeper.take(book), 0)

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

        books, daemons, leases, now = opened.books, opened.daemons, Slow(), opened.now

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


def test_who_was_stopped_is_not_called_deaf(server: FakeServer) -> None:
    """Nor one whose server was away: the loop had no chance to be heard of."""
    a = Kept(server, "a")
    assert a.take() is not None
    a.turn()
    with capture_logs() as logs:
        a.turn(10 * DEAF_SECONDS)
        server.away = True
        with pytest.raises(StoreAway):
            a.turn(10 * DEAF_SECONDS)
        server.away = False
        a.turn(10 * DEAF_SECONDS)
    assert not logs
    assert server.held_by("a") == ["shop"]


def test_the_log_hears_once_of_a_deaf_loop(server: FakeServer) -> None:
    """However often the keeper turns meanwhile."""
    a = Kept(server, "a")
    with capture_logs() as logs:
        for _ in range(2 * int(DEAF_SECONDS)):
            a.turn(1)
    assert len([each for each in logs if "stands still" in each["event"]]) == 1


def test_a_clock_that_is_not_the_servers(server: FakeServer) -> None:
    """The log says so once, until it was right in between."""
    a = Kept(server, "a")
    with capture_logs() as logs:
        for ahead in (0.0, -3_600.0, -3_600.0, 0.0, 7.0):
            server.ahead = ahead
            a.turn(COMPARE_SECONDS)
            a.keeper.heard()
    assert [each["ahead_by"] for each in logs] == [3_600.0, -7.0]


def test_it_is_looked_when_a_lease_runs_out(server: FakeServer) -> None:
    """Not up to a second later; and never so seldom that an own lease is renewed too late."""
    a, b = Kept(server, "a"), Kept(server, "b", server.clock)
    a.take()
    b.keeper.turn()
    server.clock.instant += LEASE_SECONDS - 0.3
    b.keeper.turn()
    assert b.keeper._next == pytest.approx(0.3 + JUST_AFTER)  # noqa: SLF001
    server.clock.instant += b.keeper._next  # noqa: SLF001
    assert b.take() is not None
    b.keeper.turn()
    assert b.keeper._next == LOOK_SECONDS  # noqa: SLF001
    server.clock.instant += LOOK_SECONDS
    b.keeper.turn()
    renewed = server.clock.instant - LOOK_SECONDS - JUST_AFTER - 0.3
    assert renewed + RENEW_SECONDS == pytest.approx(server.clock.instant + b.keeper._next)  # noqa: SLF001


def test_a_kept_connection_that_broke_costs_no_takeover(server: FakeServer) -> None:
    """The book is taken by another one, at once."""
    server.open().books.create("toys")
    a = Kept(server, "a")
    assert a.take() is not None
    broken = a.keeper._taking  # noqa: SLF001
    assert broken is not None
    broken.server = FakeServer(away=True)  # type: ignore[attr-defined]
    assert a.take("toys") is not None
    assert a.keeper._taking is not broken  # noqa: SLF001


@pytest.mark.parametrize("of", ["_control", "_taking"])
def test_a_connection_that_leads_nowhere_is_broken(server: FakeServer, of: str) -> None:
    """Once an answer takes longer than any may; the loop sees to it, for the thread hangs in it."""
    a = Kept(server, "a")
    assert a.take() is not None
    a.turn()
    seen = []

    class Hangs:
        """Whatever is asked of leases takes for ever."""

        def __getattr__(self, _name: str) -> Any:
            for seconds in (0.0, STUCK_SECONDS, 0.1):
                a.clock.instant += seconds
                a.keeper.heard()
                seen.append(control.aborted)
            raise StoreAway("hung up", "a server")

    class Hanging(FakeControl):
        """A connection in which nothing is answered."""

        leases = Hangs()

    control = Hanging(server)
    setattr(a.keeper, of, control)
    if of == "_control":
        a.keeper._guarded(a.keeper.turn)  # noqa: SLF001
    else:
        server.open().books.create("toys")
        assert a.take("toys") is not None  # by another connection
    assert seen == [0, 0, 1]
    a.clock.instant += 10 * STUCK_SECONDS
    a.keeper.heard()
    assert control.aborted == 1


def test_what_is_asked_for_last_is_done(server: FakeServer) -> None:
    """However soon the next look was due."""
    a = Kept(server, "a")
    a.turn()
    left = a.keeper.close()
    a.keeper._next = 0.0  # noqa: SLF001
    a.keeper._run()  # noqa: SLF001
    assert left.done()
    assert not server.at_work


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
