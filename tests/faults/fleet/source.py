"""A book's source before several daemons: it knows by the key who asks, and when."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from aiohttp import web

from tests.faults.lockstep import Doors, Lockstep, write
from watcher.source.simulator import Fault, Market, Simulator


class Asked(NamedTuple):
    """A request: when (Unix seconds), of which incarnation, for which watch."""

    at: float
    who: int
    watch: str


class BookSource(Lockstep):
    """Counts the requests of all daemons, dead or alive; whoever holds the book may pass."""

    def __init__(
        self, market: Market, doors: Doors, watch_of: Callable[[dict[str, str]], str]
    ) -> None:
        super().__init__(market, doors, watch_of)
        self.asked_by: list[Asked] = []
        self.heard: Callable[[str, int], None] = lambda _event, _who: None

    def key_of(self, incarnation: int) -> str:
        """The key with which that incarnation asks."""
        return f"key-{incarnation}"

    async def _list(self, request: web.Request) -> web.StreamResponse:
        who = int(request.headers["Authorization"].rpartition("-")[2])
        watch = self._watch_of(dict(request.query))
        self.arrived += 1
        self.asked_by.append(Asked(time.time(), who, watch))
        await self.doors.enter(who, watch)
        self.hear("request", who)
        try:
            response = await Simulator._list(self, request)  # noqa: SLF001 - past the twin's doors
        except ConnectionError:
            return web.Response()
        await write(request, response)
        self.hear("answer", who)
        return response

    def _page(self, request: web.Request, fault: Fault) -> tuple[int, bytes]:
        self.key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return super()._page(request, fault)

    def hear(self, event: str, who: int) -> None:
        self.heard(event, who)
