"""The books that a site shows, and what belongs to each of their pages: one at the root, as with a
local database, or several, each below ``/books/NAME/``."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Protocol
from zlib import crc32

import jinja2
from aiohttp import web
from prometheus_client.registry import Collector

from watcher.analysis.views.held import HeldLists
from watcher.errors import NotReady, StoreError
from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.store.places import shown
from watcher.store.sql.people import Person
from watcher.web.address import PageUrl
from watcher.web.context import Board, PageContext, Sources
from watcher.web.forms import Forms
from watcher.web.news import Marks
from watcher.web.rendering import Renderer, Scene, relative, templates
from watcher.web.server_books import ServerBooks

BOOKS = "books"  # the first part of the paths of books
_OF_BOOK = re.compile(r"/books/([^/]+)(?:/|$)")
_NONE = N_("There is no such book.")


class Shelf(Protocol):
    """Pages by the book that a request is for."""

    @property
    def below(self) -> str:
        """The begin of all paths of a book's page, ``{book}`` for its name."""

    def book_of(self, request: web.Request) -> str | None:
        """The book that is asked for, which need not be there."""

    async def tokens(self) -> Mapping[str, str]:
        """The SHA-256 of the tokens that books have of their own."""

    async def people(self, book: str | None) -> Sequence[Person]:
        """The people who may open the page of a book, and who might once; raises ``StoreError``."""

    async def context(self, request: web.Request) -> PageContext:
        """Raises 404 where there is no such book."""

    def refused(self, request: web.Request, status: int, text: str) -> web.Response:
        """An error as a page."""

    def here(self, request: web.Request) -> str:
        """The path that is asked for within its book."""

    def worded(self, error: StoreError) -> str:
        """The error for visitors."""

    async def marks(self, book: str) -> Marks:
        """The marks of what changes in a book; "" is the only one, or what all have in common.
        Raises ``StoreError``, or ``LookupError`` where there is no such book."""

    async def ill(self, book: str) -> str | None:
        """The reason why its daemon is not well; raises as ``marks`` does."""


@dataclass(frozen=True)
class OneBook:
    """The page of the one book that there is."""

    page: PageContext
    below: str = ""

    def book_of(self, _request: web.Request) -> str | None:
        return None

    async def tokens(self) -> Mapping[str, str]:
        return {}

    async def people(self, _book: str | None) -> Sequence[Person]:
        return await self.page.people()

    async def context(self, _request: web.Request) -> PageContext:
        return self.page

    def refused(self, request: web.Request, status: int, text: str) -> web.Response:
        return self.page.html(request, "error.html", status=status, code=status, text=text)

    def here(self, request: web.Request) -> str:
        return self.page.here(request)

    def worded(self, error: StoreError) -> str:
        return str(error)

    async def marks(self, _book: str) -> Marks:
        return await _marks_of(self.page.sources)

    async def ill(self, _book: str) -> str | None:
        return await self.page.sources.ill()


class SeveralBooks:
    """The pages of a server's books; ``bases`` are the paths that may stand before ours."""

    below = f"/{BOOKS}/{{book}}"

    def __init__(
        self,
        books: ServerBooks,
        bases: Sequence[str],
        page_url: PageUrl | None = None,
        patience: float = 0.0,
    ) -> None:
        self.books = books
        self._bases, self._page_url, self._patience = tuple(bases), page_url, patience
        self._templates: jinja2.Environment = templates()
        self.index = Renderer(self._bases, self._templates)
        self._pages: dict[str, PageContext] = {}
        self._lists = HeldLists()

    def book_of(self, request: web.Request) -> str | None:
        named = request.match_info.get("book")
        if named is None and request.match_info.http_exception is not None:  # no page of ours
            found = _OF_BOOK.match(self.index.here(request))
            return found[1] if found else None
        return named

    async def tokens(self) -> Mapping[str, str]:
        return await self.books.tokens()

    async def people(self, book: str | None) -> Sequence[Person]:
        return () if book is None else await self.books.people(book)

    async def context(self, request: web.Request) -> PageContext:
        book = request.match_info["book"]
        sources = await self.books.sources(book)
        if sources is None:
            self._pages.pop(book, None)
            raise web.HTTPNotFound(text=_(_NONE))
        sources = replace(sources, instruments=())  # those are the process's, not the book's
        page = self._pages.get(book) or self._page(book, sources)
        self._pages[book] = page = replace(page, sources=sources)
        return page

    def refused(self, request: web.Request, status: int, text: str) -> web.Response:
        book = self.book_of(request)
        if book in self._pages:
            page = self._pages[book]
            return page.html(request, "error.html", status=status, code=status, text=text)
        scene = Scene(int(time.time()), UTC, None, is_book=False)
        return self.index.html(request, "error.html", scene, status, code=status, text=text)

    def here(self, request: web.Request) -> str:
        here, book = self.index.here(request), self.book_of(request)
        return here if book is None else here.removeprefix(f"/{BOOKS}/{book}")

    def worded(self, error: StoreError) -> str:
        """Without the server's address: who looks at one book need not know it."""
        return (
            str(error)
            .replace(shown(self.books.url), "the database")
            .replace("the database, book ", "book ")
        )

    async def marks(self, book: str) -> Marks:
        """The marks of a book; of what all have in common they are coarse: who holds which book,
        and how it does."""
        if book:
            held = self.books.held.get(book)
            if held is not None and held.sources is not None:
                return await _marks_of(held.sources)
            return await self._marks_of_another(book)
        fleet = await self.books.fleet()
        leases = [(each.lease.held, each.lease.holder, each.trouble) for each in fleet.books]
        shown = [(each.name, each.rules and each.rules.number) for each in fleet.books]
        daemons = [(each.id, each.page) for each in fleet.daemons]
        return {"health": crc32(repr((shown, leases, daemons)).encode())}

    async def _marks_of_another(self, book: str) -> Marks:
        """The marks of a book of another daemon: its rules are not read for them."""
        try:
            marks, page = await self.books.read(
                book, lambda database: (database.news.marks(), database.page_rules.newest())
            )
        except NotReady:  # nobody has written anything yet
            return {}
        pushed = (await self.books.state(book)).rules
        told = f"{marks['health']} {page} {pushed and pushed.number}"
        return {**marks, "health": crc32(told.encode())}

    async def ill(self, book: str) -> str | None:
        return await (self.books.ill_of(book) if book else self.books.ill())

    def way_to(self, book: str, request: web.Request) -> str:
        """The address of a book's page, as the page that is asked for names it."""
        return relative(f"/{BOOKS}/{book}/", self.index.here(request))

    def _page(self, book: str, sources: Sources) -> PageContext:
        bases = tuple(f"{base}{BOOKS}/{book}/" for base in self._bases)
        renderer = Renderer(bases, self._templates)
        address = f"{self._page_url}{BOOKS}/{book}/" if self._page_url is not None else ""
        forms, board = Forms(self._page_url), Board(self._patience)
        return PageContext(sources, forms, renderer, board, book, address, lists=self._lists)


async def _marks_of(sources: Sources) -> Marks:
    """The marks of a book, with the rules that are in force: which these are is not stored."""
    marks, book = await sources.read(lambda database: database.news.marks()), sources.book()
    told = f"{marks['health']} {book.page_number} {book.marks}"
    return {**marks, "health": crc32(told.encode("utf-8", "replace"))}


def shelf_of(
    sources: Sources | ServerBooks,
    bases: Sequence[str],
    page_url: PageUrl | None,
    instruments: Sequence[Collector],
    patience: float,
) -> OneBook | SeveralBooks:
    """The shelf of one local book, or of a server's; ``instruments`` are what a site measures, and
    ``patience`` is for what its pages can do without."""
    if isinstance(sources, ServerBooks):
        return SeveralBooks(sources, bases, page_url, patience)
    sources = replace(sources, instruments=(*sources.instruments, *instruments))
    renderer, address = Renderer(tuple(bases), templates()), str(page_url or "")
    board = Board(patience)
    return OneBook(PageContext(sources, Forms(page_url), renderer, board, page_url=address))
