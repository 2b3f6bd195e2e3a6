"""This daemon among those on a server: it takes books, works on them, and hands them over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import TypeVar

import msgspec
import structlog

from watcher.daemon.fleet.held_book import HeldBook
from watcher.daemon.fleet.lease_keeper import FleetView, LeaseKeeper
from watcher.daemon.fleet.lease_tenure import LeaseTenure, steady
from watcher.daemon.fleet.shares import Shares
from watcher.daemon.fleet.stored_rules import BookRules
from watcher.daemon.fleet.surroundings import Surroundings
from watcher.daemon.supervision.supervisor import Supervisor
from watcher.delivery.courier import pause_until
from watcher.errors import StoreError
from watcher.store.control import Control, DaemonState
from watcher.web.context import ShownBooks

ASK_SECONDS = 5.0  # for which the server is waited for at the stop
TAKE_SECONDS = 2.0  # for which a take is waited for: one that has to wait ends beside the others
SIGN_SECONDS = 5.0  # between two signs of life to the keeper, while there are no news
UNSEEN_SECONDS = 10.0  # since the last look, after which the server counts as away

T = TypeVar("T")

Events = AsyncGenerator[tuple[str, str], None]

log = structlog.get_logger("watcher.daemon")


class FleetMember(ShownBooks):
    """A daemon of a server's fleet. ``rules_of`` says where a book's rules come from;
    ``opener`` and ``listen`` reach what all of them share."""

    def __init__(
        self,
        daemon: DaemonState,
        url: str,
        rules_of: Callable[[str], BookRules],
        around: Surroundings,
        opener: Callable[[], Control],
        listen: Callable[[], Events],
    ) -> None:
        self._rules_of = rules_of
        self._around = replace(around, suspect=self._suspect)
        self._listen = listen
        self._keeper = LeaseKeeper(daemon, url, opener, self)
        self._shares = Shares(daemon.id, daemon.wanted)
        self._supervisor = Supervisor(_log_only)
        self._held: dict[str, tuple[HeldBook, asyncio.Task[None]]] = {}
        self._taking: dict[str, asyncio.Task[None]] = {}
        self._uncertain: set[str] = set()  # books whose lease the log has called so
        self._view = FleetView()
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._turn = asyncio.Lock()  # of who takes and hands over
        self._ending = False
        self._ready: Callable[[], None] | None = None

    # ------------------------------------------------------------------ for the page

    @property
    def daemon(self) -> DaemonState:
        return self._keeper.daemon

    def books(self) -> Mapping[str, HeldBook]:
        return {name: held for name, (held, _) in sorted(self._held.items())}

    async def ill(self) -> str | None:
        if (unseen := steady() - self._view.at) > UNSEEN_SECONDS:
            seconds = f"{unseen:.0f} s" if unseen < float("inf") else "the start"
            return f"the server was not heard of since {seconds}"
        held = [held for held, _ in self._held.values()]
        for book, ill in zip(
            held, await asyncio.gather(*(each.ill() for each in held)), strict=True
        ):
            if ill is not None:
                return f"book {book.name}: {ill}"
        # The last look may be older than what was taken since.
        ours = {name for name, (held, _) in self._held.items() if held.tenure.certain()}
        free = [book for book in self._shares.unheld(self._view) if book not in ours]
        return f"book {free[0]}: no daemon holds it" if free else None

    async def still(self) -> str | None:
        """The part that does not move, in words: a reason to start the process anew."""
        found = ((name, held.still()) for name, (held, _) in self._held.items())
        return next((f"book {name}: {still}" for name, still in found if still), None)

    # ------------------------------------------------------------------ work

    def introduce(self, page: str | None) -> None:
        """Say where its page is. To be called before ``run``."""
        self._keeper.daemon = msgspec.structs.replace(self.daemon, page=page)

    async def run(self, stop: asyncio.Event, ready: Callable[[], None] = lambda: None) -> None:
        """Hold what is this daemon's share until ``stop``, then hand each book over as soon as its
        work has ended in order. ``ready`` is called once it has taken what was free."""
        self._ready = ready
        self._keeper.start()
        self._supervisor.start("listening", self._hear)
        self._supervisor.start("books", self._follow)
        try:
            await stop.wait()
            log.info("stopping", books=sorted(self._held))
        finally:
            self._ending = True
            async with self._turn:  # a book that is just being taken is handed over with the rest
                await self._supervisor.stop()
            if self._taking:
                await asyncio.wait(self._taking.values(), timeout=TAKE_SECONDS)
            await self._hand_all_over()
            await _settled(self._keeper.close())

    def reload_soon(self) -> None:
        """Read the rules of all books anew (for a signal)."""
        for held, _ in self._held.values():
            held.rules.wake(anew=True)

    async def _declare(self, **changes: tuple[str, ...]) -> None:
        """Be known to be like this."""
        daemon = msgspec.structs.replace(self.daemon, **changes)
        await _settled(self._keeper.declare(daemon))

    async def _hand_all_over(self) -> None:
        for held, _ in self._held.values():
            held.tenure.stopping.set()
        await self._declare(wanted=())  # nobody waits for us to take anything
        tasks = [task for _, task in self._held.values()]
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _hear(self) -> None:
        """The part "listening": take what others tell, for ever."""
        async for event, book in self._listen():
            held, _ = self._held.get(book, (None, None))
            if event == "lease":
                self._keeper.look_soon()
            elif held is not None and event == "rules":
                held.rules.wake()
            elif held is not None and event == "wake":
                held.wake()

    async def _follow(self) -> None:
        """The part "books": take and hand over after each look, for ever."""
        while True:
            await pause_until(self._news, SIGN_SECONDS)
            self._keeper.heard()
            self._tell_of_leases()
            if not self._news.is_set():  # the server is away
                continue
            self._news.clear()
            async with self._turn:
                await self._share()
            if self._ready is not None:
                self._ready()
                self._ready = None

    async def _share(self) -> None:
        view, now = self._view, steady()
        if self._ending:
            return
        if (refused := self._shares.refused) != self.daemon.refused:
            await self._declare(refused=refused)
        await asyncio.to_thread(self._shares.reckon, view)
        for book in self._shares.to_take(view, self._held.keys() | self._taking.keys(), now):
            self._taking[book] = asyncio.create_task(self._take(book), name=f"taking {book}")
        if self._taking:
            await asyncio.wait(self._taking.values(), timeout=TAKE_SECONDS)
        if not any(held.tenure.stopping.is_set() for held, _ in self._held.values()):
            surplus = self._shares.to_hand_over(self._held.keys(), now)
            if surplus is not None:
                log.info("a book is handed over: another daemon has fewer", book=surplus)
                self._held[surplus][0].tenure.stopping.set()

    def _tell_of_leases(self) -> None:
        """Wake who waits for a lease; the log hears once that one is uncertain, and of its end."""
        for name, (held, _) in self._held.items():
            held.tenure.tell()
            if held.tenure.lost.is_set():
                continue
            if not held.tenure.certain() and name not in self._uncertain:
                self._uncertain.add(name)
                log.warning(
                    "a lease is uncertain: nothing is begun before it is renewed", book=name
                )
            elif held.tenure.certain() and name in self._uncertain:
                self._uncertain.remove(name)
                log.info("a lease was renewed, the work goes on", book=name)

    async def _take(self, book: str) -> None:
        try:
            tenure = await asyncio.wrap_future(self._keeper.take(book))
        except StoreError as error:
            log.debug("a book could not be taken", book=book, error=str(error))
            return
        finally:
            del self._taking[book]
        if tenure is None:
            return
        if self._ending:
            await _settled(self._keeper.release(tenure))
            return
        log.info("a book was taken", book=book, fence=tenure.lease.fence)
        held = HeldBook(tenure, self._rules_of(book), self._around)
        task = asyncio.create_task(self._hold(held), name=f"book {book}")
        self._held[book] = held, task

    async def _hold(self, held: HeldBook) -> None:
        try:
            await held.run()
        except Exception:
            log.exception("the work on a book broke", book=held.name)
        finally:
            if held.newer:
                self._shares.refuse(held.name)
            if held.unfinished:
                self._shares.rest(held.name, steady())
            if not held.tenure.lost.is_set():
                await _settled(self._keeper.release(held.tenure))
                log.info("a book was handed over", book=held.name)
            del self._held[held.name]
            self._uncertain.discard(held.name)
            self._keeper.look_soon()

    def _suspect(self) -> None:
        self._keeper.look_soon()

    # ------------------------------------------------------------------ on the keeper's thread

    def saw(self, view: FleetView) -> None:
        """Hear of a look."""
        self._loop.call_soon_threadsafe(self._see, view)

    def lost(self, tenure: LeaseTenure) -> None:
        """Hear that another daemon has a book."""
        self._loop.call_soon_threadsafe(tenure.lose)

    def _see(self, view: FleetView) -> None:
        self._view = view
        self._news.set()


async def _settled(future: Future[T]) -> None:
    """Wait for what the keeper was asked for; a server that is away hears nothing of it."""
    try:
        await asyncio.wait_for(asyncio.wrap_future(future), ASK_SECONDS)
    except (StoreError, TimeoutError) as error:
        log.debug("the server could not be told", error=str(error))


async def _log_only(_name: str, _error: BaseException | None) -> None:
    """Nobody more hears of the fleet's own parts, which are no book's: the supervisor logs them."""
