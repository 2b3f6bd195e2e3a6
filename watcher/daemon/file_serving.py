"""The daemon as a process that works on a database file."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from watcher.daemon.clock import keep_clock
from watcher.daemon.core import Core
from watcher.daemon.daemon import Daemon
from watcher.daemon.maintenance import Disk
from watcher.daemon.page_sources import sources_of
from watcher.daemon.scheduling.picture_cache import PictureCache, cache_folder
from watcher.daemon.supervision.liveness import Liveness
from watcher.daemon.supervision.rule_watcher import RuleFiles, RuleWatcher, Settling
from watcher.daemon.supervision.signals import Hangup
from watcher.delivery.apprise.target import warm_up
from watcher.store.engine import StoreReader, Writer, hold
from watcher.web.app import Site
from watcher.web.context import Drafts

if TYPE_CHECKING:
    from watcher.daemon.service import Service

log = structlog.get_logger("watcher.daemon")


async def serve_file(service: Service, database: Path, stop: asyncio.Event, hangup: Hangup) -> None:
    """Work on a database file of its own until ``stop``. Raises ``WatcherError`` for what can't
    start."""
    files = RuleFiles(service.rules)
    loaded = files.digest()  # before they are read: what is saved meanwhile differs
    book = await asyncio.to_thread(service.load)  # hundreds of rules would hold the loop
    async with AsyncExitStack() as stack:
        stack.enter_context(hold(database))
        keep_clock(database, service.clock)
        writer = await stack.enter_async_context(Writer(database))
        # Loading Apprise's plugins takes a third of a second: not on the loop.
        await asyncio.to_thread(warm_up)
        limits = service.limits
        liveness = Liveness(period=limits.period)
        cache = PictureCache(cache_folder(database, os.environ))
        core = Core(book, writer, service.clock, stop, limits, liveness, cache=cache)
        daemon = Daemon(core, service.load, service.systemd, Disk(_folder_of(database)))
        site = await _site(service, stack, database, daemon)
        hangup.connect(daemon.reloader.reload_soon)
        follower = RuleWatcher(
            files,
            daemon.reloader.reload,
            loaded,
            lambda: core.beat("rule files"),
            limits.look,
            settling=Settling(files.digest, daemon.reloader.is_good),
        )
        daemon.supervisor.start("rule files", follower.run)
        await daemon.run(lambda: _ready(service, daemon, site))


async def _site(
    service: Service, stack: AsyncExitStack, database: Path, daemon: Daemon
) -> Site | None:
    if service.listen is None:
        return None
    reader = await stack.enter_async_context(StoreReader(database))
    sources = sources_of(daemon, reader, service.instruments)
    if service.draft is not None:
        beside = StoreReader(database)  # opened for the first who needs it
        stack.push_async_callback(beside.aclose)
        sources = replace(sources, drafts=Drafts(service.draft, beside.run))
    # Compiling the templates takes a tenth of a second: not on the loop.
    site = await asyncio.to_thread(Site, sources, service.listen, service.token, service.page_url)
    await site.start()
    stack.push_async_callback(site.stop)
    return site


def _ready(service: Service, daemon: Daemon, site: Site | None) -> None:
    book, url = daemon.core.book, site.url if site is not None else None
    rules, watches = len(book.rules), len(book.used_watches)
    log.info("watching", rules=rules, watches=watches, page=url or "off")
    service.systemd.ready(daemon.reloader.status)
    for warning in (*book.page_trouble, *book.warnings):
        log.warning("rule file", warning=str(warning))
    service.on_ready(url)


def _folder_of(database: Path) -> Path:
    """The folder whose disk the file itself fills, whatever link leads there."""
    return database.resolve().parent
