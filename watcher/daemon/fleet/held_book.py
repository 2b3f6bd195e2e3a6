"""One book for as long as this daemon has its lease: a store, rules and a daemon of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from functools import partial
from typing import Any

import structlog
from structlog.contextvars import bound_contextvars

from watcher.daemon.connections import address_of
from watcher.daemon.core import Core
from watcher.daemon.daemon import Daemon
from watcher.daemon.fleet.lease_tenure import LeasedStore, LeaseTenure
from watcher.daemon.fleet.stored_rules import BookRules
from watcher.daemon.fleet.surroundings import (
    CLOSE_SECONDS,
    Surroundings,
    let_close,
    opened,
)
from watcher.daemon.page_sources import sources_of
from watcher.daemon.supervision.health import DirectAlert
from watcher.daemon.supervision.liveness import Liveness
from watcher.delivery.courier import pause_until
from watcher.delivery.permission import may_send
from watcher.errors import NewerDatabase, RulesError, UnfinishedCopy, WatcherError
from watcher.retrying import backoff
from watcher.store.control import LeaseLost
from watcher.web.context import Drafts, Sources

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0  # seconds between two tries to begin
GOODBYE_SECONDS = 10.0  # for the word that the database's failure is over
GIVE_UP_SECONDS = 5.0  # for which the order to stop waits for a lease that is uncertain
_ABOUT = "it is about to begin"
ILL_SECONDS = 10.0  # between two looks at what the others are told of the book

log = structlog.get_logger("watcher.daemon")


class HeldBook:
    """Works on a book until its tenure is lost or is to be given up."""

    def __init__(self, tenure: LeaseTenure, rules: BookRules, around: Surroundings) -> None:
        self.name = tenure.lease.book
        self.tenure = tenure
        self.rules = rules
        self.newer = False  # a newer version wrote its store
        self.unfinished = False  # half a copy is in it
        self._around = around
        self._daemon: Daemon | None = None
        self.sources: Sources | None = None  # for the page, while it is at work
        self._alert: DirectAlert | None = None
        self._problem = _ABOUT

    async def ill(self) -> str | None:
        """The trouble with it, in words; None while all is well."""
        daemon = self._daemon
        return await daemon.health.ill() if daemon is not None else self._problem

    def still(self) -> str | None:
        """The part that does not move, in words."""
        return self._daemon.health.still() if self._daemon is not None else None

    def wake(self) -> None:
        """Look at the outbox and what is followed: somebody wrote into it."""
        if self._daemon is not None:
            self._daemon.core.wake()

    async def run(self) -> None:
        """Work; return once it was ended in order, was lost, or is not ours to use."""
        with bound_contextvars(book=self.name):
            may_send.set(self.tenure.certain)
            tasks = [
                asyncio.create_task(each, name=f"{self.name}: {name}")
                for name, each in (
                    ("work", self._work()),
                    ("health", self._tell_ill()),
                    ("lost", self.tenure.lost.wait()),
                    ("in vain", self._stops_in_vain()),
                )
            ]
            work, _, *ends = tasks
            try:
                await asyncio.wait((work, *ends), return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            if self.tenure.lost.is_set():
                log.warning("the book's lease is lost: the work on it has ended")
                await self._say_it_is_over()

    async def _stops_in_vain(self) -> None:
        """Return where it is to stop, and nothing can be kept any more: the server is away."""
        await self.tenure.stopping.wait()
        uncertain = 0.0
        while uncertain < GIVE_UP_SECONDS:
            await asyncio.sleep(1)
            uncertain = 0.0 if self.tenure.certain() else uncertain + 1
        log.warning("the server is away: what was under way is left to whoever goes on")

    async def _tell_ill(self) -> None:
        while True:
            self.tenure.ill = await self.ill()
            await asyncio.sleep(ILL_SECONDS)

    async def _work(self) -> None:
        """Begin again whatever it broke on, as long as the lease is ours."""
        failures = 0
        while not self.tenure.stopping.is_set():
            try:
                await self._begin()
            except NewerDatabase as error:
                log.error("a newer version wrote the book: it is left to others", error=str(error))  # noqa: TRY400
                self.newer = True
                return
            except UnfinishedCopy as error:
                log.error("the book is left to who copies into it", error=str(error))  # noqa: TRY400
                self.unfinished = True
                return
            except Exception as error:
                if not isinstance(error, WatcherError):  # its text says all
                    log.exception("the book broke; it begins anew")
                elif str(error) != self._problem:  # once, though it is tried again and again
                    log.error("the book can't begin", error=str(error))  # noqa: TRY400
                await self._wait(error, failures)
                failures += 1
            else:
                failures = 0

    async def _wait(self, error: Exception, failures: int) -> None:
        """For what passes by itself, and for other rules."""
        self._problem = str(error) if isinstance(error, WatcherError) else type(error).__name__
        self.tenure.ill = self._problem
        if isinstance(error, LeaseLost):
            self._around.suspect()
        if isinstance(error, RulesError):  # other rules are needed
            await _first_of(self.tenure.stopping.wait(), self.rules.wait())
        else:
            wait = backoff(failures, FIRST_WAIT, LONGEST_WAIT)
            await pause_until(self.tenure.stopping, wait)

    async def _begin(self) -> None:
        """The whole way of a book, from its store to the order to stop."""
        around, tenure = self._around, self.tenure
        async with AsyncExitStack() as stack:
            writer, reader = around.stores_of(tenure, stack)
            _, _, rules = await _all_of(
                opened(writer, reader), around.keep_clock(self.name), self.rules.begin()
            )
            store = LeasedStore(writer, tenure, around.suspect)
            liveness = Liveness(period=around.limits.period)
            stop = asyncio.Event()  # of this begin alone
            core = Core(
                rules, store, around.clock, stop, around.limits, liveness, tenure, around.cache
            )
            daemon = Daemon(core, self.rules.load)
            daemon.reloader.broken = self.rules.broken
            self._alert = daemon.health.direct_alert
            self._alert.address = lambda target: address_of(core.book, target)
            self._alert.told_by = around.told_by
            sources = sources_of(daemon, reader, around.instruments)
            if (draft := self.rules.draft) is not None:
                beside = around.reader(tenure.place)  # opened for the first who needs it
                stack.push_async_callback(let_close, beside.aclose, CLOSE_SECONDS)
                sources = replace(sources, drafts=Drafts(draft, beside.run))
            stack.callback(self._rest)
            stopping = asyncio.create_task(_hand_on(tenure.stopping, stop))
            stack.callback(stopping.cancel)
            daemon.supervisor.start("rule files", partial(self._follow, daemon))
            await daemon.run(partial(self._ready, daemon, sources))

    async def _follow(self, daemon: Daemon) -> None:
        core = daemon.core
        await self.rules.follow(daemon.reloader.reload, lambda: core.beat("rule files"))

    def _ready(self, daemon: Daemon, sources: Sources) -> None:
        self._daemon, self.sources, book = daemon, sources, daemon.core.book
        self.tenure.ill = None
        log.info("at work", rules=len(book.rules), watches=len(book.used_watches))
        for warning in (*book.page_trouble, *book.warnings):
            log.warning("rule file", warning=str(warning))

    def _rest(self) -> None:
        self._daemon, self.sources, self._problem = None, None, _ABOUT

    async def _say_it_is_over(self) -> None:
        """Tell those who heard that the database fails: it is over, as far as this daemon knows."""
        if self._alert is not None and self._alert.told:
            with suppress(TimeoutError):
                async with asyncio.timeout(GOODBYE_SECONDS):
                    await self._alert.look(None, self._around.clock.now())


async def _all_of(*ways: Awaitable[Any]) -> list[Any]:
    """Return what they do, all at once; raise the first one's error when all have ended."""
    found = await asyncio.gather(*ways, return_exceptions=True)
    for each in found:
        if isinstance(each, BaseException):
            raise each
    return found


async def _hand_on(order: asyncio.Event, stop: asyncio.Event) -> None:
    await order.wait()
    stop.set()


async def _first_of(*ways: Coroutine[Any, Any, object]) -> None:
    tasks = [asyncio.ensure_future(each) for each in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
