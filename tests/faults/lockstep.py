"""A market whose day passes only between scans: no scan ever reads pages of two days.

Which of two worlds scans more often on a day must not matter: the day waits for both.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from watcher.source.simulator import Market, Simulator

Flight = tuple[int, str, int]
Notice = Callable[[str], None]


def _nobody_listens(_event: str) -> None:
    """Nobody wants to hear of it."""


@dataclass
class Doors:
    """Which scans are under way, and whether another may begin.

    A scan is known by who makes it (the daemon's incarnation), its watch, and how many scans of
    that watch were committed before: a watch is never scanned twice at a time.
    """

    committed: Callable[[str], int]
    flying: set[Flight] = field(default_factory=set)
    _open: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._open.set()

    async def enter(self, incarnation: int, watch: str) -> None:
        """A request came: of a scan under way it passes, else once the doors are open."""
        flight = (incarnation, watch, self.committed(watch))
        if flight not in self.flying:
            await self._open.wait()
            self.flying.add(flight)

    def close(self) -> None:
        """Let no scan begin."""
        self._open.clear()

    def open(self) -> None:
        """Let those begin that wait."""
        self.flying.clear()
        self._open.set()

    def under_way(self, incarnation: int) -> bool:
        """Whether a scan of that incarnation is not committed yet."""
        self.flying = {each for each in self.flying if each[0] == incarnation}
        return any(self.committed(watch) == count for _, watch, count in self.flying)


class Lockstep(Simulator):
    """The simulated market behind doors. ``watch_of`` names the watch of a request's parameters;
    one without a name may come at any hour.

    The key tells the incarnations of the daemon apart: ``KEY-3`` is the third one's. ``notice``
    hears of each request before it is answered, and of each answer once it is written.
    """

    def __init__(
        self, market: Market, doors: Doors, watch_of: Callable[[dict[str, str]], str]
    ) -> None:
        super().__init__(market)
        self.doors = doors
        self.arrived = 0
        self.incarnation = 0
        self.notice: Notice = _nobody_listens
        self._watch_of = watch_of

    def accept(self, incarnation: int) -> str:
        """The key of that incarnation, the only one that is good from now on."""
        self.incarnation = incarnation
        self.key = f"key-{incarnation}"
        return self.key

    async def _list(self, request: web.Request) -> web.StreamResponse:
        self.arrived += 1
        who = int(request.headers["Authorization"].rpartition("-")[2])
        watch = self._watch_of(dict(request.query))
        if watch and who == self.incarnation:
            await self.doors.enter(who, watch)
        self.hear("request", who)
        try:
            response = await super()._list(request)
        except ConnectionError:  # in the middle of a fault that lasts; it is over for both
            return web.Response()
        await write(request, response)
        self.hear("answer", who)
        return response

    def hear(self, event: str, who: int) -> None:
        """Hand on what ``who`` caused, unless it is dead by now."""
        if who == self.incarnation:
            self.notice(event)


async def write(request: web.Request, response: web.StreamResponse) -> None:
    """Write the whole answer now; nobody may be there any more to read it."""
    with contextlib.suppress(ConnectionError):
        await response.prepare(request)
        await response.write_eof()
