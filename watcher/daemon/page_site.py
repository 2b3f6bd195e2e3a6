"""The page as a daemon serves it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from watcher.web.app import Site
from watcher.web.context import Sources
from watcher.web.server_books import ServerBooks

if TYPE_CHECKING:
    from watcher.daemon.service import Service


async def site_of(
    service: Service, listen: str, sources: Sources | ServerBooks, stack: AsyncExitStack
) -> Site:
    """The page at the address ``listen``, until ``stack`` is closed."""
    # Reading the templates takes some hundredths of a second: not on the loop.
    site = await asyncio.to_thread(Site, sources, listen, service.token, service.page_url)
    await site.start()
    stack.push_async_callback(site.stop)
    return site
