"""The books of a server as a page shows them: those that this daemon holds through it, and those of
other daemons from the database (``other_book``)."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias, TypeVar

import structlog
from prometheus_client.registry import Collector

from watcher.categories import CategoryLookup, KnownCategories
from watcher.errors import NotReady, StoreError
from watcher.model import Instant
from watcher.page_text import PageText
from watcher.rules.files.pushed import load_to_read
from watcher.rules.rulebook import Rulebook
from watcher.store.control import Control
from watcher.store.engine import ControlThread, open_store
from watcher.store.places import MAIN, Place, Server
from watcher.store.ports import Store
from watcher.store.revisions import in_force
from watcher.store.sql.people import Person
from watcher.web.context import ShownBook, ShownBooks, Sources
from watcher.web.fleet import BookState, Fleet, read_fleet
from watcher.web.other_book import OtherBook

T = TypeVar("T")
BookClock: TypeAlias = Callable[[Control, str], Callable[[], Instant]]

FRESH = 1.5  # seconds for which what was read of books and daemons is shown again
OPEN = 6  # books of other daemons whose connections are kept

log = structlog.get_logger("watcher.web")


class UnknownBook(LookupError):
    """There is no book of that name on the server."""


def _names_in(place: Place) -> KnownCategories:
    with open_store(place, readonly=True) as database:
        return database.categories.known()


@dataclass(slots=True)
class _Kept:
    """The server as it was read last."""

    fleet: Fleet
    tokens: Mapping[str, str]
    at: float


class ServerBooks:
    """The books on the server at ``url``. ``held`` is the daemon's side, None for a page alone;
    ``only`` names the books that are shown, None for all; ``local`` reads the rules of a book
    ``main`` to which none were pushed, for its daemon has files, and ``draft`` with another text of
    its page; ``clock`` says by which clock a book's daemon lives."""

    def __init__(
        self,
        url: str,
        held: ShownBooks | None = None,
        only: Collection[str] | None = None,
        local: Callable[[], Rulebook] | None = None,
        clock: BookClock = lambda _control, _book: lambda: int(time.time()),
        instruments: Sequence[Collector] = (),
        *,
        draft: Callable[[PageText], Rulebook] | None = None,
    ) -> None:
        self.url = url
        self.instruments = instruments
        self._held, self._only, self._local, self._clock = held, only, local, clock
        self._draft = draft
        self._control = ControlThread(url, readonly=True)
        self._kept: _Kept | None = None
        self._looking = asyncio.Lock()
        self._others: dict[str, OtherBook] = {}
        self._wakes: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Look once; raises ``StoreError`` where the server can't be asked."""
        await self._look()

    async def aclose(self) -> None:
        """Close all connections."""
        for each in self._others.values():
            await each.aclose()
        self._others.clear()
        await self._control.aclose()

    async def fleet(self) -> Fleet:
        """Daemons, books and leases as they were a moment ago; raises ``StoreError``."""
        return (await self._look()).fleet

    async def tokens(self) -> Mapping[str, str]:
        """The SHA-256 of the tokens that books have of their own; the last known while the server
        is away: no page is open because of that."""
        try:
            return (await self._look()).tokens
        except StoreError:
            if self._kept is None:
                raise
            return self._kept.tokens

    @property
    def held(self) -> Mapping[str, ShownBook]:
        """The books that this daemon holds, by name."""
        return {} if self._held is None else self._held.books()

    async def ill(self) -> str | None:
        """The reason why ``/healthz`` is not well."""
        if self._held is not None:
            return await self._held.ill()
        try:
            fleet = await self.fleet()
        except StoreError as error:
            return str(error)
        missing = set(self._only or ()) - {each.name for each in fleet.books}
        unknown = f"there is no book {', '.join(sorted(missing))}" if missing else ""
        return "; ".join(filter(None, (unknown, fleet.trouble))) or None

    async def sources(self, book: str) -> Sources | None:
        """A book's side of the page; None where there is no such book. Raises ``StoreError``."""
        held = self.held.get(book)
        if held is not None and held.sources is not None:
            return held.sources
        fleet = await self.fleet()
        state = next((each for each in fleet.books if each.name == book), None)
        if state is None:
            return None
        other = await self._other(book, fleet)
        other.ill = await held.ill() if held is not None else state.trouble
        return other.sources()

    async def read(self, book: str, job: Callable[[Store], T]) -> T:
        """The result of ``job`` on a book's store, whether its rules can be read or not. Raises
        ``UnknownBook``, and ``StoreError``."""
        held = self.held.get(book)
        if held is not None and held.sources is not None:
            return await held.sources.read(job)
        fleet = await self.fleet()
        if all(each.name != book for each in fleet.books):
            raise UnknownBook(book)
        other = await self._connected(book, fleet)
        try:
            return await other.read(job)
        finally:  # who is refused leaves no more connections than who is let in
            await self._let_go()

    async def people(self, book: str) -> Sequence[Person]:
        """The people of a book; none where there is no such book, or nobody has written anything
        yet. Raises ``StoreError``."""
        try:
            return await self.read(book, lambda database: database.people.list())
        except (UnknownBook, NotReady):  # of any other error no page may be open
            return ()

    async def ill_of(self, book: str) -> str | None:
        """The reason why a book's daemon is not well; raises ``UnknownBook``."""
        held = self.held.get(book)
        if held is not None:
            return await (held.sources.ill() if held.sources is not None else held.ill())
        return (await self.state(book)).trouble

    async def state(self, book: str) -> BookState:
        """A book as its server tells of it; raises ``UnknownBook``, and ``StoreError``."""
        for each in (await self.fleet()).books:
            if each.name == book:
                return each
        raise UnknownBook(book)

    async def _other(self, book: str, fleet: Fleet) -> OtherBook:
        other = await self._connected(book, fleet)
        await self._refresh(other)
        await self._let_go()
        return other

    async def _connected(self, book: str, fleet: Fleet) -> OtherBook:
        old = other = self._others.pop(book, None)
        if other is None or other.readonly != fleet.readonly:
            wake = partial(self._wake, book)
            other = OtherBook(Server(self.url, book), fleet.readonly, wake)
        self._others[book] = other  # the last one is the newest
        if old is not None and old is not other:
            await old.aclose()
        return other

    async def _let_go(self) -> None:
        """Close the connections of what nobody has looked at for longest."""
        idle = [name for name in list(self._others)[:-OPEN] if self._others[name].idle]
        # All at once: while one is being closed another visitor may come here.
        for other in [self._others.pop(name) for name in idle]:
            await other.aclose()

    async def _refresh(self, other: OtherBook) -> None:
        """Read the book's rules where others were pushed, and its clock."""
        book = other.place.book
        clock = self._clock
        other.now, revision = await self._control.run(
            lambda control: (clock(control, book), control.books.current(book))
        )
        if revision is None and book == MAIN and self._local is not None:
            other.rules, other.draft = await asyncio.to_thread(self._local), self._draft
        elif revision is None:
            other.rules, other.revision = None, 0
            other.trouble = (
                f"{other.place}: no rules were pushed to this book; `watcher rules push FOLDER "
                f"--book {book}` does"
            )
        else:
            page = await other.read(lambda database: database.page_rules.current())
            if (revision.number, page.number) != (other.revision, other.page):
                await self._load(other, page)
                other.revision, other.page = revision.number, page.number

    async def _load(self, other: OtherBook, page: PageText) -> None:
        """The newest rules that can be read, as a daemon keeps the old ones in force; with those of
        the page."""
        place, book = other.place, other.place.book

        def lookup() -> CategoryLookup:
            return CategoryLookup(lambda: _names_in(place))

        read = partial(load_to_read, env=os.environ, categories=lookup)
        found = await in_force(self._control, book, partial(read, page=page))
        other.rules = found.rules
        other.draft = lambda page: read(book, found.files, page=page, strict=True)
        if found.rules is None and found.broken is not None:
            other.trouble = f"{other.place}: its rules have errors: {found.broken}"

    def _wake(self, book: str) -> None:
        """Have the daemon that holds the book look at it; one that hears nothing sees it anyway."""
        task = asyncio.create_task(self._tell(book))
        self._wakes.add(task)
        task.add_done_callback(self._wakes.discard)

    async def _tell(self, book: str) -> None:
        try:
            await self._control.run(lambda control: control.tell("wake", book))
        except StoreError as error:
            log.warning("the book's daemon was not told", book=book, error=str(error))

    async def _look(self) -> _Kept:
        async with self._looking:
            kept = self._kept
            if kept is None or time.monotonic() - kept.at > FRESH:
                only = self._only
                fleet, tokens = await self._control.run(
                    lambda control: (read_fleet(control, only), control.books.tokens())
                )
                self._kept = kept = _Kept(fleet, tokens, time.monotonic())
            return kept
