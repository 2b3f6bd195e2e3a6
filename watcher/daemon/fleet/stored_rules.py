"""A book's rules as they were pushed: fetched, put into a private folder, and read as files are."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from watcher.delivery.courier import pause_until
from watcher.errors import Problem, ProblemCode, RulesError, StoreError
from watcher.page_text import PageText
from watcher.rules.rulebook import Rulebook
from watcher.store.control import Revision
from watcher.store.revisions import ControlPlane, files_of, in_force

POLL_SECONDS = 30.0  # where nobody told of a push, or nobody heard it

_UNKNOWN = Revision("", 0, "", 0, "")  # none that any book has

Read = Callable[[str, Mapping[str, bytes]], Rulebook]
Reload = Callable[[], Awaitable[object]]
Draft = Callable[[PageText], Rulebook]

log = structlog.get_logger("watcher.daemon")


class BookRules(Protocol):
    """The source of a book's rules. ``broken`` says why the newest can't be used, while older
    ones are in force."""

    broken: str | None

    @property
    def draft(self) -> Draft | None:
        """Reads them with another text of the page's; raises ``RulesError``."""

    def load(self) -> Rulebook:
        """Read them; raises ``RulesError``. Not on the event loop."""

    async def begin(self) -> Rulebook:
        """The rules to begin with; raises ``WatcherError`` where there are none."""

    async def follow(self, reload: Reload, moved: Callable[[], None]) -> None:
        """Have them read anew after each change, for ever; ``moved`` is called at each look."""

    async def wait(self) -> None:
        """Until they may have changed."""

    def wake(self, *, anew: bool = False) -> None:
        """They may have changed; ``anew``: read them again whether they did or not."""


@dataclass(slots=True)
class StoredRules:
    """The rules of one book; ``read`` reads its files. ``known`` is the newest revision
    that was seen, ``broken`` the reason that it can't be used, while an older one is in force."""

    book: str
    control: ControlPlane
    read: Read
    known: Revision | None = None
    broken: str | None = None
    read_draft: Callable[[str, Mapping[str, bytes], PageText], Rulebook] | None = None
    _files: Mapping[str, bytes] = field(default_factory=dict)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def draft(self) -> Draft | None:
        read = self.read_draft
        return None if read is None else lambda page: read(self.book, self._files, page)

    def load(self) -> Rulebook:
        """Read what was fetched last; raises ``RulesError``."""
        return self.read(self.book, self._files)

    async def begin(self) -> Rulebook:
        """The newest rules that can be read, those which a daemon that ran all the time has in
        force. Raises ``RulesError`` with what is wrong with the newest where none can."""
        found = await in_force(self.control, self.book, self.read)
        self.known = found.newest
        if found.rules is None:
            none = f"no rules were pushed yet; `watcher rules push FOLDER --book {self.book}` does"
            raise found.broken or RulesError((Problem("", 0, 0, "", none, ProblemCode.NO_RULES),))
        self.broken = str(found.broken) if found.broken is not None else None
        self._files = found.files
        return found.rules

    async def follow(self, reload: Reload, moved: Callable[[], None]) -> None:
        """The part "rule files": have them read anew after each push, for ever."""
        while True:
            moved()
            with suppress(StoreError):  # the database is away: the health tells
                await self._take_news(reload)
            await self._pause()

    async def _take_news(self, reload: Reload) -> None:
        newest = await self.control.run(lambda control: control.books.current(self.book))
        if newest is not None and newest != self.known:
            log.info("rules were pushed", revision=newest.number, by=newest.by)
            self._files = await files_of(self.control, newest)
            self.known = newest  # before: who wants it anew meanwhile says so by this
            try:
                await reload()
            except BaseException:
                self.known = _UNKNOWN  # what failed is done again
                raise

    async def wait(self) -> None:
        """Until there are others than those that can't be used, or nobody knows."""
        newest = self.known
        while newest == self.known:
            await self._pause()
            try:
                newest = await self.control.run(lambda control: control.books.current(self.book))
            except StoreError:
                return

    async def _pause(self) -> None:
        """Until somebody says that there is news, or it is time to look."""
        await pause_until(self._news, POLL_SECONDS)
        self._news.clear()

    def wake(self, *, anew: bool = False) -> None:
        """There may be news; ``anew``: read the rules again, whether there are or not."""
        if anew:
            self.known = _UNKNOWN
        self._news.set()
