"""The page of a daemon that works on a database file. It is imported where there is one."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from watcher.daemon.daemon import Daemon
from watcher.daemon.page_site import site_of
from watcher.daemon.page_sources import sources_of
from watcher.store.engine import StoreReader
from watcher.web.app import Site
from watcher.web.context import Drafts

if TYPE_CHECKING:
    from watcher.daemon.service import Service


async def opened(
    service: Service, listen: str, stack: AsyncExitStack, database: Path, daemon: Daemon
) -> Site:
    """The page at the address ``listen``, until ``stack`` is closed."""
    reader = await stack.enter_async_context(StoreReader(database))
    sources = sources_of(daemon, reader, service.instruments)
    if service.draft is not None:
        beside = StoreReader(database)  # opened for the first who needs it
        stack.push_async_callback(beside.aclose)
        sources = replace(sources, drafts=Drafts(service.draft, beside.run))
    return await site_of(service, listen, sources, stack)
