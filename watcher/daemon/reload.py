"""Reload: rule files are read anew, and swapped in whole; on an error the old rules stay."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import structlog

from watcher.daemon.adopting import adopt
from watcher.daemon.connections import targets_of, ways_of
from watcher.daemon.core import Core
from watcher.daemon.scheduling.scanner import client_of
from watcher.daemon.supervision.systemd import Systemd
from watcher.daemon.workers import Workers
from watcher.errors import RulesError, StoreError, WatcherError
from watcher.incident import About, Incident, IncidentKind
from watcher.incidents.failing import note_clock
from watcher.incidents.operator import operator_of
from watcher.rules.rulebook import Rulebook
from watcher.source.client import Client
from watcher.store.ports import Store

RULE_FILE = Incident(IncidentKind.RULE_FILE)

log = structlog.get_logger("watcher.daemon")


@dataclass
class Reloader:
    """``load`` reads the rule files anew."""

    core: Core
    workers: Workers
    systemd: Systemd
    load: Callable[[], Rulebook]
    soon: asyncio.Task[None] | None = None  # the reload that a signal asked for
    running: set[asyncio.Task[bool]] = field(default_factory=set)
    broken: str | None = None  # the reason that the newest rules are not those in force
    unread: bool = False  # whether the database could not tell the page's, when asked last
    _again: bool = False  # whether another signal came since it began
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def status(self) -> str:
        """One line for the service manager."""
        book = self.core.book
        return f"{len(book.rules)} rules on {len(book.used_watches)} lists"

    def is_good(self) -> bool:
        """Whether the rule files, as they are, could be taken."""
        try:
            book = self.load()
            targets_of(book)
        except WatcherError:
            return False
        return book.intact

    async def stop(self) -> None:
        """Cancel what still runs."""
        for reload in self.running:
            reload.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)

    def begin_anew(self, database: Store) -> None:
        """The rules were read and every part begins: what an earlier run told of them is over."""
        operator = self.core.scanner.operator(database)
        with database.atomic():
            note_clock(operator, thorough=True)
            adopt(database, self.core.book, operator.now)
            self.core.scanner.doubt(database)
            for each in database.health.incidents():
                mended = each.kind is RULE_FILE.kind and self.broken is None
                if mended or each.about is About.PART:
                    operator.end(each)
            if self.broken is not None:
                operator.begin(RULE_FILE.with_details(error=self.broken))

    def reload_soon(self) -> None:
        """Read the rule files anew as soon as the loop gets to it (for a signal)."""
        self._again = True  # a storm of signals is one reload more
        if self.soon is None or self.soon.done():
            self.soon = asyncio.create_task(self._reload_safely(), name="reload")

    async def _reload_safely(self) -> None:
        while self._again and not self.core.stopping.is_set():
            self._again = False
            try:
                await self.reload()
            except Exception:
                log.exception("the reload broke; the old rules stay")

    async def reload(self) -> bool:
        """Read the rule files and swap them in whole; on an error keep the old ones.

        What has begun is done to its end, even if the one who awaits it is cancelled: half of it
        would leave the scans with other rules than the timers.
        """
        if self.core.stopping.is_set():
            return False
        doing = asyncio.create_task(self._reload_in_turn(), name="reload")
        self.running.add(doing)
        doing.add_done_callback(self.running.discard)
        return await asyncio.shield(doing)

    async def _reload_in_turn(self) -> bool:
        async with self._one:
            self.systemd.reloading()
            try:
                return await self._reload()
            finally:
                self.systemd.ready(self.status)

    async def _reload(self) -> bool:
        self.unread = False
        try:
            book = await asyncio.to_thread(self.load)
            targets = await asyncio.to_thread(targets_of, book)
            client = client_of(book) if book.api != self.core.book.api else None
        except WatcherError as error:
            self.unread = isinstance(error, StoreError)
            for problem in error.problems if isinstance(error, RulesError) else (error,):
                log.error("rule file refused", problem=str(problem))  # noqa: TRY400 - its text says all
            await self.core.note(RULE_FILE.with_details(error=str(error)), on=True)
            return False
        await self._put_in_force(book, client)
        self.core.courier.update(targets, ways_of(book))
        await self.workers.arm_all()
        for trouble in book.page_trouble:
            log.error("left out of the page's rules", problem=str(trouble))
        log.info("rules reloaded", rules=len(book.rules), watches=len(self.core.watches))
        return True

    async def _put_in_force(self, book: Rulebook, client: Client | None) -> None:
        """Have scans go by ``book``, and forget the timers of watches that it has no more."""
        async with AsyncExitStack() as opened:
            if client is not None:
                await opened.enter_async_context(client)
            await self.core.writer.run(lambda database: self._swap(database, book, client))
            opened.pop_all()  # it is in force now
        if client is not None:
            retired, self.core.client = self.core.client, client
            await retired.retire()  # a running scan may still read through it
        before, self.core.book = self.core.watches.keys(), book
        self.core.errands.look_anew()
        for gone in before - self.core.watches.keys():
            self.core.timers.disarm(gone)

    def _swap(self, database: Store, book: Rulebook, client: Client | None) -> None:
        """On the store's thread, so that no scan commits half by old and half by new rules."""
        now = self.core.clock.now()
        with database.atomic():
            adopt(database, book, now)
            operator_of(database, book, now).end(RULE_FILE)
        self.core.scanner.swap(book, client)
        self.core.scanner.doubt(database)
