"""The daemon's requests that are no scan and can wait: ids that were added, names of categories. It
looks when it is woken (by a page, a command on a server, a reload), and now and then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from watcher.daemon.scheduling.category_names import CategoryReader
from watcher.daemon.scheduling.newcomers import Newcomers
from watcher.daemon.scheduling.scanner import Scanner
from watcher.delivery.courier import pause_until
from watcher.delivery.marking import StoreThread
from watcher.errors import StoreError

LOOK_SECONDS = 2.0  # of real time between two looks at what is followed; a command tells nobody
FAR_LOOK_SECONDS = 15.0  # where commands do tell, by the server
REST_SECONDS = 60.0  # after the store could not be asked

log = structlog.get_logger("watcher.daemon")


@dataclass
class Errands:
    """Runs them one after the other, for ever."""

    newcomers: Newcomers
    categories: CategoryReader
    look: float = LOOK_SECONDS
    rest: float = REST_SECONDS
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _anew: bool = True

    @classmethod
    def of(cls, scanner: Scanner, writer: StoreThread) -> Errands:
        """The errands of a book, asked through its scanner's client."""
        return cls(
            Newcomers(scanner, writer),
            CategoryReader(scanner, writer),
        )

    def wake(self) -> None:
        """Somebody may want something."""
        self._news.set()

    def look_anew(self) -> None:
        """The rules may be others."""
        self._anew = True
        self._news.set()

    async def run(self, beat: Callable[[], None]) -> None:
        """The part "errands"; ``beat`` says that it moves."""
        self.newcomers.moved = self.categories.moved = beat
        while True:
            beat()
            if self._anew:
                self._anew = False
                self.newcomers.forget()
            pause = self.look
            try:
                await self.newcomers.turn()
                await self.categories.turn()
            except StoreError as error:  # the health tells of it
                log.error("errands wait for the database", error=str(error))  # noqa: TRY400
                pause = self.rest
            await pause_until(self._news, pause)
            self._news.clear()
