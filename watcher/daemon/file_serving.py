"""The daemon as a process that works on a database file."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from watcher.daemon.clock import keep_clock
from watcher.daemon.core import Core
from watcher.daemon.daemon import Daemon
from watcher.daemon.maintenance import Disk
from watcher.daemon.scheduling.picture_cache import PictureCache, cache_folder
from watcher.daemon.supervision.liveness import Liveness
from watcher.daemon.supervision.rule_watcher import RuleFiles, RuleWatcher, Settling
from watcher.daemon.supervision.signals import Hangup
from watcher.delivery.apprise.target import warm_up
from watcher.store.engine import Writer, hold

if TYPE_CHECKING:
    from watcher.daemon.service import Service
    from watcher.web.app import Site

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
    # Importing it takes a fifth of a second: not on the loop.
    opened = await asyncio.to_thread(_opened_page)
    return await opened(service, service.listen, stack, database, daemon)


def _opened_page() -> Callable[..., Awaitable[Site]]:
    from watcher.daemon.file_page import opened  # noqa: PLC0415 - with a page only

    return opened


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
