"""The daemon as a process that holds books on a server."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING

import structlog

from watcher import __version__
from watcher.daemon.clock import SystemClock, keep_book_clock
from watcher.daemon.fleet.joining import prepare, reached
from watcher.daemon.fleet.local_rules import LocalRules
from watcher.daemon.fleet.member import FleetMember
from watcher.daemon.fleet.member_page import serve_page
from watcher.daemon.fleet.stored_rules import BookRules, StoredRules
from watcher.daemon.fleet.surroundings import CLOSE_SECONDS, Surroundings, cache_of, let_close
from watcher.daemon.supervision.signals import Hangup
from watcher.delivery.apprise.target import warm_up
from watcher.errors import StoreError
from watcher.store.control import DaemonState, new_daemon
from watcher.store.engine import listen, open_control
from watcher.store.places import MAIN, Server

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
        url = await serve_page(service, stack, server, member)
        member.introduce(url if service.page_url is None else str(service.page_url))
        beside = (service.systemd.feed(member.still), _announce(service, stop))
        for task in map(asyncio.create_task, beside):
            stack.callback(task.cancel)
        await member.run(stop, partial(_ready, service, member, url))


async def _announce(service: Service, stop: asyncio.Event) -> None:
    """Tell the service manager that no more work is begun."""
    await stop.wait()
    service.systemd.stopping()


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
