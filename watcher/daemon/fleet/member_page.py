"""The page of a daemon that holds books on a server: it shows all of them, held or not."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from watcher.daemon.clock import book_clock
from watcher.daemon.fleet.member import FleetMember
from watcher.daemon.fleet.surroundings import CLOSE_SECONDS, let_close
from watcher.daemon.page_site import site_of
from watcher.model import Instant
from watcher.store.control import Control
from watcher.store.places import Server
from watcher.web.server_books import ServerBooks

if TYPE_CHECKING:
    from watcher.daemon.service import Service


async def serve_page(
    service: Service, stack: AsyncExitStack, server: Server, member: FleetMember
) -> str | None:
    """Serve the page until ``stack`` ends; its URL, None where there is none."""
    if service.listen is None:
        return None
    wanted, local = member.daemon.wanted, service.load if service.pushed is None else None
    draft = service.draft if service.pushed is None else None
    books = ServerBooks(
        server.url, member, wanted, local, _clock_of, service.instruments, draft=draft
    )
    stack.push_async_callback(let_close, books.aclose, CLOSE_SECONDS)
    await books.start()
    return (await site_of(service, service.listen, books, stack)).url


def _clock_of(control: Control, book: str) -> Callable[[], Instant]:
    return book_clock(control, book).now
