"""Visitors: limits on their connections, and what of them stands in the log and in ``/metrics``.

The page shares the process's file descriptors with scans, messages and the database, and whoever
reaches the port can open connections and leave them. So there is a limit on how many there are, far
below the process's own, and one on how long each may wait: for its first request, for the next one,
and for somebody to take the answer. Where all places are taken, the one that has waited longest
makes room: who comes with a whole request is answered, however many hold half of one. Of lines that
anybody outside can bring about there is at most one a minute of a kind.
"""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import structlog
from aiohttp import web
from aiohttp.http import HttpProcessingError
from prometheus_client import Counter

_QUEUE = 128  # connections that wait to be accepted: in the kernel, at no price of ours
MOST, FEWEST = 64, 4  # connections at once, and streams
OWN = 64  # descriptors that are the daemon's own, whatever happens on the page
_MESSAGE = "socket.accept() out of system resource"
EVERY = 60.0  # seconds from a line of the log to the next of its kind
_LONGEST = 120  # characters of what a visitor has put into a line

log = structlog.get_logger("watcher.web")


def most_connections(descriptors: int | None = None) -> int:
    """The number of connections for a process that may open so many files; by default this one."""
    return _share_of(descriptors, 2)


def most_streams(descriptors: int | None = None) -> int:
    """The number of those, besides, that stay open to hear of what changes."""
    return _share_of(descriptors, 4)


def _share_of(descriptors: int | None, parts: int) -> int:
    if descriptors is None:
        descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if descriptors == resource.RLIM_INFINITY:
        return MOST
    return max(FEWEST, min(MOST, (descriptors - OWN) // parts))


@dataclass(frozen=True, slots=True)
class VisitorLimits:
    """A visitor's share: ``connections`` at once, all visitors together, and seconds. ``arrival``
    is for a request to come whole, from when the connection was opened or from the last answer;
    ``answer`` for the answer to be made and taken; ``penalty`` is what a wrong token costs.
    ``streams`` are connections that stay open to hear of what changes, besides; each is written to
    once in ``beat`` seconds at least. What changed is looked for each ``look`` seconds, and
    ``share`` is what the pages that are told may take of a processor. A page waits ``patience`` for
    a score that it can do without."""

    connections: int = field(default_factory=most_connections)
    arrival: float = 10.0
    answer: float = 60.0
    penalty: float = 1.0
    streams: int = field(default_factory=most_streams)
    beat: float = 20.0
    look: float = 2.0
    share: float = 0.003
    patience: float = 0.03


@dataclass(slots=True)
class _Place:
    """One connection; ``busy`` while its request is answered."""

    transport: asyncio.Transport
    timer: asyncio.TimerHandle
    busy: bool


class Connections:
    """The page's open connections, those that have stood still longest first."""

    def __init__(self, limits: VisitorLimits, dropped: Callable[[], None]) -> None:
        self._limits = limits
        self._dropped = dropped
        self._places: dict[asyncio.BaseProtocol, _Place] = {}
        self._kept: dict[asyncio.BaseProtocol, Callable[[], None]] = {}

    async def listen(
        self, make: Callable[[], asyncio.Protocol], host: str, port: int
    ) -> asyncio.Server:
        """Accept connections; ``make`` gives the server's own protocol for one."""
        # asyncio accepts as many in one go, and it takes four turns of the loop until those are
        # closed that make room for them: all these are open besides.
        burst = max(1, self._limits.connections // 4)
        server = await asyncio.get_running_loop().create_server(
            lambda: _Door(self, make), host, port, backlog=burst
        )
        for each in server.sockets:
            with socket.socket(fileno=os.dup(each.fileno())) as listening:
                listening.listen(_QUEUE)
        return server

    def enter(self, handler: asyncio.BaseProtocol, transport: asyncio.Transport) -> bool:
        """Give a new connection a place; false where everyone in it is being answered."""
        while len(self._places) >= self._limits.connections:
            idle = next((one for one, place in self._places.items() if not place.busy), None)
            if idle is None:
                self._dropped()
                return False
            self._drop(idle)
        self._place(handler, transport, busy=False)
        return True

    def arrived(self, handler: asyncio.BaseProtocol) -> None:
        """Its request is there as a whole."""
        if place := self.leave(handler):
            self._place(handler, place.transport, busy=True)

    def answered(self, handler: asyncio.BaseProtocol) -> None:
        """The answer was taken: it may send another request."""
        if place := self.leave(handler):
            self._place(handler, place.transport, busy=False)

    def keep(self, handler: asyncio.BaseProtocol, gone: Callable[[], None]) -> bool:
        """Let it stay open though its answer has no end, and be in no visitor's way; false where
        as many do as may. ``gone`` is called once it is closed."""
        if len(self._kept) >= self._limits.streams or handler not in self._places:
            return False
        self.leave(handler)
        self._kept[handler] = gone
        return True

    def leave(self, handler: asyncio.BaseProtocol) -> _Place | None:
        """It is closed, or takes another place."""
        if gone := self._kept.pop(handler, None):
            gone()
        place = self._places.pop(handler, None)
        if place is not None:
            place.timer.cancel()
        return place

    def _place(
        self, handler: asyncio.BaseProtocol, transport: asyncio.Transport, *, busy: bool
    ) -> None:
        seconds = self._limits.answer if busy else self._limits.arrival
        timer = asyncio.get_running_loop().call_later(seconds, self._drop, handler)
        self._places[handler] = _Place(transport, timer, busy)

    def _drop(self, handler: asyncio.BaseProtocol) -> None:
        """At once: to close it in peace would wait for the other side."""
        if place := self.leave(handler):
            place.transport.abort()
            self._dropped()


class _Door(asyncio.Protocol):
    """Between a connection and the server's protocol for it, to see it come and go."""

    def __init__(self, connections: Connections, make: Callable[[], asyncio.Protocol]) -> None:
        self._connections = connections
        self._make = make
        self._handler: asyncio.Protocol | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        handler, connected = self._make(), cast("asyncio.Transport", transport)
        if self._connections.enter(handler, connected):
            self._handler = handler
            for event in ("data_received", "eof_received", "pause_writing", "resume_writing"):
                setattr(self, event, getattr(handler, event))
            handler.connection_made(transport)
        else:
            connected.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._handler is not None:
            self._connections.leave(self._handler)
            self._handler.connection_lost(exc)


@dataclass(slots=True)
class Sparing:
    """Logs an event and is silent of its like for a minute; the next line says how many came."""

    clock: Callable[[], float] = time.monotonic
    _said: dict[str, tuple[float, int]] = field(default_factory=dict)

    def say(self, event: str, level: int = logging.WARNING, **fields: object) -> None:
        """Log the event, unless that was done less than a minute ago."""
        now = self.clock()
        last, kept = self._said.get(event, (-EVERY, 0))
        if now - last < EVERY:
            self._said[event] = last, kept + 1
            return
        self._said[event] = now, 0
        log.log(level, event, **fields, **({"not_logged": kept} if kept else {}))


class Malformed(logging.Handler):
    """Takes what aiohttp's server logs: of a request that is none a line (``sparing``) and no
    traceback, for it is no fault of ours; ``count`` is called for each. Other errors in full.
    """

    def __init__(self, sparing: Sparing, count: Callable[[], None]) -> None:
        super().__init__()
        self._sparing = sparing
        self._count = count

    def logger(self) -> logging.Logger:
        """One that hands everything to this, and to nobody else."""
        made = logging.getLogger("watcher.web.server")
        made.handlers, made.propagate = [self], False
        made.setLevel(logging.DEBUG)
        return made

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError | web.RequestPayloadError):
            remote = record.args[0] if isinstance(record.args, tuple) and record.args else None
            self.note(error, remote)
        elif error is not None:
            log.error("the page broke", exc_info=error)
        elif record.levelno >= logging.WARNING:
            log.log(record.levelno, record.getMessage())

    def note(self, error: Exception, remote: object) -> None:
        """A request of ``remote`` that could not be read."""
        self._count()
        lines = str(getattr(error, "message", "") or error).splitlines()
        why = (lines[0] if lines else type(error).__name__).rstrip(":")[:_LONGEST]
        self._sparing.say("malformed request", error=why, remote=str(remote))


class Visits:
    """Counters of visitors since the start, kept by the page itself."""

    def __init__(self) -> None:
        self.wrong_tokens, self.malformed, self.dropped = self.instruments = tuple(
            Counter(f"watcher_page_{name}", meaning, registry=None)
            for name, meaning in (
                ("wrong_tokens", "Requests with a wrong token"),
                ("malformed_requests", "Requests that could not be read"),
                (
                    "connections_dropped",
                    "Connections that were cut: too slow, or in the way of another one",
                ),
            )
        )


@dataclass(frozen=True, slots=True)
class OutOfDescriptors:
    """A loop's exception handler for when no file descriptor is left for a connection. asyncio then
    stops to accept for a second, but says so once for each place in the queue, over and over:
    thousands of lines a minute, on a disk that may be full. The rest goes the usual way."""

    sparing: Sparing = field(default_factory=Sparing)

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if context.get("message") != _MESSAGE:
            loop.default_exception_handler(context)
            return
        self.sparing.say(
            "the page can't take a connection", logging.ERROR, error=str(context.get("exception"))
        )
