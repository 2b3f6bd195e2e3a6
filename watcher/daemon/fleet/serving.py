"""The daemon as a process that holds books on a server."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING

import structlog

from watcher import __version__
from watcher.daemon.clock import SystemClock, book_clock, keep_book_clock
from watcher.daemon.fleet.joining import prepare, reached
from watcher.daemon.fleet.local_rules import LocalRules
from watcher.daemon.fleet.member import FleetMember
from watcher.daemon.fleet.stored_rules import BookRules, StoredRules
from watcher.daemon.fleet.surroundings import CLOSE_SECONDS, Surroundings, cache_of, let_close
from watcher.daemon.supervision.signals import Hangup
from watcher.delivery.apprise.target import warm_up
from watcher.errors import StoreError
from watcher.model import Instant
from watcher.store.control import Control, DaemonState, new_daemon
from watcher.store.engine import listen, open_control
from watcher.store.places import MAIN, Server
from watcher.web.app import Site
from watcher.web.server_books import ServerBooks

if TYPE_CHECKING:
    from watcher.daemon.service import Service

log = structlog.get_logger("watcher.daemon")


async def serve(service: Service, server: Server, stop: asyncio.Event, hangup: Hangup) -> None:
    """Work on the books on ``server`` that are this daemon's share, until ``stop``; a server that
    is away at the start, too, is waited for. Raises ``WatcherError`` for what can't start."""
    pushed = service.pushed
    if pushed is None:
        with suppress(StoreError):  # the server may be away; what it knows more is read later
            await asyncio.to_thread(service.load)  # broken files are told now, not at a takeover
    async with AsyncExitStack() as stack:
        control = await reached(server, service.systemd, stop)
        if control is None:
            return
        stack.push_async_callback(let_close, control.aclose, CLOSE_SECONDS)
        names = (MAIN,) if pushed is None else pushed.names
        await control.run(partial(prepare, server=server, names=names))
        await asyncio.to_thread(warm_up)

        async def keep_clock(book: str) -> None:
            await control.run(lambda each: keep_book_clock(each, book, service.clock))

        def rules_of(book: str) -> BookRules:
            if pushed is None:
                return LocalRules(service.rules, service.load, service.limits, draft=service.draft)
            return StoredRules(book, control, pushed.load, read_draft=pushed.draft)

        member = FleetMember(
            _introduction(names),
            server.url,
            rules_of,
            Surroundings(
                service.clock,
                service.limits,
                service.instruments,
                cache_of(server),
                keep_clock=keep_clock,
            ),
            partial(open_control, server.url),
            partial(listen, server.url),
        )
        hangup.connect(member.reload_soon)
        url = await _page(service, stack, server, member)
        member.introduce(url if service.page_url is None else str(service.page_url))
        beside = (service.systemd.feed(member.still), _announce(service, stop))
        for task in map(asyncio.create_task, beside):
            stack.callback(task.cancel)
        await member.run(stop, partial(_ready, service, member, url))


async def _announce(service: Service, stop: asyncio.Event) -> None:
    """Tell the service manager that no more work is begun."""
    await stop.wait()
    service.systemd.stopping()


async def _page(
    service: Service, stack: AsyncExitStack, server: Server, member: FleetMember
) -> str | None:
    """Serve the page; its URL, None where there is none."""
    if service.listen is None:
        return None
    wanted, local = member.daemon.wanted, service.load if service.pushed is None else None
    draft = service.draft if service.pushed is None else None
    books = ServerBooks(
        server.url, member, wanted, local, _clock_of, service.instruments, draft=draft
    )
    stack.push_async_callback(let_close, books.aclose, CLOSE_SECONDS)
    await books.start()
    # Compiling the templates takes a tenth of a second: not on the loop.
    site = await asyncio.to_thread(Site, books, service.listen, service.token, service.page_url)
    await site.start()
    stack.push_async_callback(site.stop)
    return site.url


def _clock_of(control: Control, book: str) -> Callable[[], Instant]:
    return book_clock(control, book).now


def _introduction(names: tuple[str, ...] | None) -> DaemonState:
    started = SystemClock().now()
    host = socket.gethostname()
    return DaemonState(new_daemon(), host, os.getpid(), __version__, None, started, wanted=names)


def _ready(service: Service, member: FleetMember, url: str | None) -> None:
    wanted = member.daemon.wanted
    books = "all" if wanted is None else ", ".join(wanted)
    log.info("watching", daemon=member.daemon.id, books=books, page=url or "off")
    service.systemd.ready(f"of the books on a server it may hold {books}")
    service.on_ready(url)
