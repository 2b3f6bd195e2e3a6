"""The rules of the page as the daemon follows them: each version that is saved is loaded."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from watcher.delivery.courier import pause_until
from watcher.errors import StoreError

log = structlog.get_logger("watcher.daemon")


@dataclass
class PageFollower:
    """Has the rules read anew where another version is the ``newest`` than the one ``in_force``:
    when it is woken, and now and then. A version that was refused is not tried again by itself; one
    that could not be read for the database is (``unread``)."""

    newest: Callable[[], Awaitable[int]]
    in_force: Callable[[], int]
    reload: Callable[[], Awaitable[object]]
    unread: Callable[[], bool] = lambda: False
    look: float = 5.0
    news: asyncio.Event = field(default_factory=asyncio.Event)
    _tried: int | None = None

    async def run(self, beat: Callable[[], None]) -> None:
        """The part "page rules", for ever; ``beat`` says that it moves."""
        while True:
            beat()
            with suppress(StoreError):  # the health tells of it
                await self.turn()
            await pause_until(self.news, self.look)
            self.news.clear()

    async def turn(self) -> None:
        """Look once."""
        newest = await self.newest()
        if newest in (self.in_force(), self._tried) and not self.unread():
            return
        log.info("rules were saved in the page", version=newest)
        before, self._tried = self._tried, newest
        try:
            await self.reload()
        except BaseException:
            self._tried = before  # what failed is done again
            raise
