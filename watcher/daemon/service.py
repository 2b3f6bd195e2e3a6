"""The daemon as a process: signals, the service manager, the web page, and one book or several.

``Daemon`` is what works on a book; this gives it its surroundings and takes them down again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from prometheus_client.registry import Collector

from watcher.daemon.clock import Clock, keep_clock
from watcher.daemon.core import Core
from watcher.daemon.daemon import Daemon
from watcher.daemon.maintenance import Disk
from watcher.daemon.page_sources import sources_of
from watcher.daemon.supervision.liveness import Limits, Liveness
from watcher.daemon.supervision.rule_watcher import RuleFiles, RuleWatcher, Settling
from watcher.daemon.supervision.signals import Hangup, signals
from watcher.daemon.supervision.systemd import Systemd
from watcher.delivery.apprise.target import warm_up
from watcher.errors import WatcherError
from watcher.rules.rulebook import Rulebook
from watcher.store.engine import StoreReader, Writer, hold
from watcher.store.places import Place, Server
from watcher.web.address import PageUrl
from watcher.web.app import Site

log = structlog.get_logger("watcher.daemon")


@dataclass(frozen=True, slots=True)
class PushedBooks:
    """Books whose rules are on the server: their names (None: all), and what reads those rules."""

    names: tuple[str, ...] | None
    load: Callable[[str, Mapping[str, bytes]], Rulebook]


@dataclass(slots=True)
class Service:
    """One daemon on one database; ``listen`` is the web page's address, or None, and ``token``
    what it asks of who opens it ("" for nothing); ``page_url`` is where visitors find it behind a
    proxy. ``instruments`` are shown at ``/metrics``, too. On a server it runs the book ``main`` by
    the files at ``rules``, or ``pushed`` ones.
    """

    rules: Path
    database: Place
    listen: str | None
    load: Callable[[], Rulebook]
    clock: Clock
    on_ready: Callable[[str | None], None] = lambda _url: None
    token: str = ""
    page_url: PageUrl | None = None
    systemd: Systemd = field(default_factory=Systemd)
    instruments: Sequence[Collector] = ()
    limits: Limits = field(default_factory=Limits)
    pushed: PushedBooks | None = None

    async def run(self, stopping: asyncio.Event | None = None) -> None:
        """Work until ``stopping``, where it is given, or a signal.

        Raises ``WatcherError`` for what can't start, and where it ends though nobody asked it to.
        """
        stop = stopping or asyncio.Event()
        hangup = Hangup()
        with signals(stop, hangup) as asked:  # first: a service manager may be quick
            if isinstance(self.database, Server):
                from watcher.daemon.fleet.serving import serve  # noqa: PLC0415 - of a server only

                await serve(self, self.database, stop, hangup)
            else:
                await self._run_file(self.database, stop, hangup)
        if stopping is None and not asked:
            raise WatcherError("the daemon ended, and no signal had asked it to")
        log.info("stopped")

    async def _run_file(self, database: Path, stop: asyncio.Event, hangup: Hangup) -> None:
        """Work on a database file of its own."""
        files = RuleFiles(self.rules)
        loaded = files.digest()  # before they are read: what is saved meanwhile differs
        book = await asyncio.to_thread(self.load)  # hundreds of rules would hold the loop
        async with AsyncExitStack() as stack:
            stack.enter_context(hold(database))
            keep_clock(database, self.clock)
            writer = await stack.enter_async_context(Writer(database))
            # Loading Apprise's plugins takes a third of a second: not on the loop.
            await asyncio.to_thread(warm_up)
            liveness = Liveness(period=self.limits.period)
            core = Core(book, writer, self.clock, stop, self.limits, liveness)
            daemon = Daemon(core, self.load, self.systemd, Disk(_folder_of(database)))
            site = await self._site(stack, database, daemon)
            hangup.connect(daemon.reloader.reload_soon)
            follower = RuleWatcher(
                files,
                daemon.reloader.reload,
                loaded,
                lambda: core.beat("rule files"),
                self.limits.look,
                settling=Settling(files.digest, daemon.reloader.is_good),
            )
            daemon.supervisor.start("rule files", follower.run)
            await daemon.run(lambda: self._ready(daemon, site))

    async def _site(self, stack: AsyncExitStack, database: Path, daemon: Daemon) -> Site | None:
        if self.listen is None:
            return None
        reader = await stack.enter_async_context(StoreReader(database))
        sources = sources_of(daemon, reader, self.instruments)
        # Compiling the templates takes a tenth of a second: not on the loop.
        site = await asyncio.to_thread(Site, sources, self.listen, self.token, self.page_url)
        await site.start()
        stack.push_async_callback(site.stop)
        return site

    def _ready(self, daemon: Daemon, site: Site | None) -> None:
        book, url = daemon.core.book, site.url if site is not None else None
        rules, watches = len(book.rules), len(book.used_watches)
        log.info("watching", rules=rules, watches=watches, page=url or "off")
        self.systemd.ready(daemon.reloader.status)
        for warning in book.warnings:
            log.warning("rule file", warning=str(warning))
        self.on_ready(url)


def _folder_of(database: Path) -> Path:
    """The folder whose disk the file itself fills, whatever link leads there."""
    return database.resolve().parent
