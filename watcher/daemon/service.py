"""The daemon as a process: signals, the service manager, the web page, and one book or several.

``Daemon`` is what works on a book; this gives it its surroundings and takes them down again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from prometheus_client.registry import Collector

from watcher.daemon.clock import Clock
from watcher.daemon.file_serving import serve_file
from watcher.daemon.supervision.liveness import Limits
from watcher.daemon.supervision.signals import Hangup, signals
from watcher.daemon.supervision.systemd import Systemd
from watcher.errors import WatcherError
from watcher.page_text import PageText
from watcher.rules.rulebook import Rulebook
from watcher.store.places import Place, Server
from watcher.web.address import PageUrl

log = structlog.get_logger("watcher.daemon")


@dataclass(frozen=True, slots=True)
class PushedBooks:
    """Books whose rules are on the server: their names (None: all), and what reads those rules;
    ``draft`` with another text of the page's rules."""

    names: tuple[str, ...] | None
    load: Callable[[str, Mapping[str, bytes]], Rulebook]
    draft: Callable[[str, Mapping[str, bytes], PageText], Rulebook] | None = None


@dataclass(slots=True)
class Service:
    """One daemon on one database; ``listen`` is the web page's address, or None, and ``token``
    what it asks of who opens it ("" for nothing); ``page_url`` is where visitors find it behind a
    proxy. ``instruments`` are shown at ``/metrics``, too. On a server it runs the book ``main`` by
    the files at ``rules``, or ``pushed`` ones. ``draft`` reads the rules with another text of the
    page's; without it none are written there.
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
    draft: Callable[[PageText], Rulebook] | None = None

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
                await serve_file(self, self.database, stop, hangup)
        if stopping is None and not asked:
            raise WatcherError("the daemon ended, and no signal had asked it to")
        log.info("stopped")
