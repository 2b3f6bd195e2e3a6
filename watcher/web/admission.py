"""The page's door: who asks is found out, and whether they may, before a page is made for them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import NoReturn, TypeAlias, TypeVar

from aiohttp import web

from watcher.errors import StoreError
from watcher.language import gettext as _
from watcher.people import Role
from watcher.store.sql.people import Person
from watcher.web.accept_errors import Sparing, VisitorLimits, Visits
from watcher.web.access import Access, Visitor, WrongToken, demand, person_of, remember, token_of
from watcher.web.routes import send_home
from watcher.web.shelf import OneBook, SeveralBooks

Answerer: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
T = TypeVar("T", bound=Answerer)

# Seconds for which a visitor without a token waits to hear whether one is asked for: a health check
# is answered also while the store is busy, by what was known last.
_PATIENCE = 1.0
_MOST_KNOWN = 1_000  # books whose people are remembered


class Admission:
    """Lets visitors in, each for what their role may do. Who is let in is kept with the request.

    The people of a book are read for each request that has not the page's own token: a token that
    was revoked opens nothing from the next one on, whoever revoked it."""

    def __init__(
        self,
        access: Access,
        shelf: OneBook | SeveralBooks,
        limits: VisitorLimits,
        visits: Visits,
        sparing: Sparing,
    ) -> None:
        self._access, self._shelf = access, shelf
        self._limits, self._visits, self._sparing = limits, visits, sparing
        self._needed: dict[object, Role | None] = {}
        self._by_address = set[object]()
        self._people: dict[str | None, Sequence[Person]] = {}  # as they were read last
        self._asking: set[asyncio.Task[Sequence[Person]]] = set()

    def ask(self, handler: T, role: Role) -> T:
        """Have the handler be for who has at least that role; all others are for who may look."""
        self._needed[handler] = role
        return handler

    def ask_address(self, handler: T) -> T:
        """Have the handler be for who has a feed's token in the address, and for nobody else."""
        self._by_address.add(handler)
        return handler

    def open(self, handler: T) -> T:
        """Have the handler not ask for any token: it has other ways to know."""
        self._needed[handler] = None
        return handler

    async def check(self, request: web.Request) -> None:
        """Raise what the visitor gets who may not have this."""
        handler = request.match_info.handler
        if handler in self._by_address:
            remember(request, await self._reader(request))
            return
        needed = self._needed.get(handler, Role.READ)
        if needed is None:
            return
        visitor = await self._visitor(request)
        remember(request, visitor)
        demand(visitor, needed)

    async def still_admits(self, request: web.Request) -> bool:
        """Whether who was let in once still is: a token may have been revoked."""
        try:
            await self.check(request)
        except web.HTTPException:
            return False
        return True

    async def people(self, book: str | None) -> Sequence[Person]:
        """The people of a book as they are now; as they were last while nobody can read them."""
        try:
            found = await self._shelf.people(book)
        except StoreError:
            if book not in self._people:
                raise
            return self._people[book]
        if len(self._people) >= _MOST_KNOWN:  # of names that anybody may have made up
            self._people.clear()
        self._people[book] = found
        return found

    async def punish(self, request: web.Request, said: str) -> None:
        """Have a wrong guess cost time: of this visitor, nobody else's."""
        self._visits.wrong_tokens.inc()
        self._sparing.say(said, remote=str(request.remote))
        await asyncio.sleep(self._limits.penalty)

    async def _reader(self, request: web.Request) -> Visitor:
        """Whoever has the feed's token that is in the address. Raises 404 to all others: nobody
        learns whether there ever was such a token."""
        try:
            people = await self.people(self._shelf.book_of(request))
        except StoreError:
            _cannot_say()
        person = person_of(request.match_info["token"].encode("utf-8", "replace"), people)
        if person is None or person.role is not Role.FEED:
            await self.punish(request, "a wrong feed was asked for")
            raise web.HTTPNotFound(text=f"{_('There is no such page.')}\n")
        return Visitor(person.name, person.role)

    async def _visitor(self, request: web.Request) -> Visitor:
        shelf, known = self._shelf, True
        book = shelf.book_of(request)
        try:
            tokens = await shelf.tokens()
        except StoreError:  # which books have one nobody knows now
            tokens, known = {}, False
        own = None if book is None else tokens.get(book)
        owner = self._access.owner(request, own)
        if owner is not None:
            return owner
        if not known and not (book is None or self._access.is_guarded):
            _cannot_say()
        try:
            return self._access.admitted(request, own, await self._known(request, book, own))
        except web.HTTPException as refusal:
            if not known:
                _cannot_say()
            await self._turn_away(request, book, tokens, refusal)
            raise

    async def _known(
        self, request: web.Request, book: str | None, own: str | None
    ) -> Sequence[Person]:
        """The people of the book, as far as they matter."""
        if book is None and isinstance(self._shelf, SeveralBooks):
            return ()
        given = token_of(request) is not None
        if not given and (own is not None or self._access.is_guarded):
            return ()  # they are asked for their token, whoever they are
        try:
            if given or book not in self._people:
                return await self.people(book)
            return await self._soon(book)
        except StoreError:
            _cannot_say()

    async def _soon(self, book: str | None) -> Sequence[Person]:
        """The people of the book; those that were known last, where it takes too long."""
        known, asking = self._people[book], asyncio.create_task(self.people(book))
        self._asking.add(asking)
        asking.add_done_callback(self._asking.discard)
        with suppress(TimeoutError):
            return await asyncio.wait_for(asyncio.shield(asking), _PATIENCE)
        return known

    async def _turn_away(
        self,
        request: web.Request,
        book: str | None,
        tokens: Mapping[str, str],
        refusal: web.HTTPException,
    ) -> None:
        """Raise a better answer than the refusal, if there is one; a wrong token takes its time."""
        if book is None and isinstance(self._shelf, SeveralBooks):
            send_home(self._shelf, request, tokens)
        if isinstance(refusal, WrongToken):
            await self.punish(request, "a wrong token was given")


def _cannot_say() -> NoReturn:
    why = _("The books can't be read now; try again.")
    raise web.HTTPServiceUnavailable(text=f"{why}\n")
