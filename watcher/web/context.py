"""The context of every page: its sources, and the form of an answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import partial
from typing import Any, Protocol, TypeAlias, TypeVar
from urllib.parse import urlencode

import msgspec
from aiohttp import web
from prometheus_client.registry import Collector

from watcher.analysis.scores.score import DEFAULT_DAYS, RuleScore, Scored, Scorer, Scores
from watcher.analysis.views.held import HeldLists
from watcher.audited import Audited
from watcher.model import Instant
from watcher.page_text import PageText
from watcher.people import Author, Via
from watcher.rules.rulebook import Rule, Rulebook
from watcher.store.ports import Store
from watcher.store.sql.people import Person
from watcher.units import DAY
from watcher.web.access import visitor_of
from watcher.web.bulk import Deeds
from watcher.web.forms import Forms, own_path
from watcher.web.rendering import Renderer, Scene, relative

T = TypeVar("T")
Handler: TypeAlias = Callable[["PageContext", web.Request], Awaitable[web.StreamResponse]]

KEPT = 300  # seconds for which scores are shown, though something new was stored
LONGEST = DAY  # though nothing was: what was too young to judge grows old


class Read(Protocol):
    """Runs a function beside the writer."""

    def __call__(self, job: Callable[[Store], T], /) -> Awaitable[T]: ...


@dataclass(frozen=True, slots=True)
class Drafts:
    """Texts for the page's rules before they are saved: ``load`` reads the rules as they would be
    with one, off the event loop, and raises ``RulesError``; ``read`` runs what takes long, where
    no other page waits for it. ``turn`` is of who tries one: one after the other."""

    load: Callable[[PageText], Rulebook]
    read: Read
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    clock: Callable[[], float] = time.monotonic  # of seconds, by which it is ended


@dataclass(frozen=True, slots=True)
class Sources:
    """The daemon's side of the page: ways to ask, and the few ways to change something.

    ``read`` runs a function beside the writer, ``write`` on the store's own thread; ``ill`` says
    why the daemon is not healthy; ``wake`` has the delivery look at the outbox. ``instruments`` are
    what the daemon measures of itself. With ``readonly`` nothing can be written: the database is a
    replica. Without ``pictures`` none are shown, without ``drafts`` no rules are written.
    """

    read: Callable[[Callable[[Store], T]], Awaitable[T]]
    write: Callable[[Callable[[Store], T]], Awaitable[T]]
    book: Callable[[], Rulebook]
    now: Callable[[], Instant]
    ill: Callable[[], Awaitable[str | None]]
    wake: Callable[[], None]
    instruments: Sequence[Collector] = ()
    readonly: bool = False
    pictures: ShownPictures | None = None
    drafts: Drafts | None = None


class ShownPictures(Protocol):
    """Pictures of a book's products; ``PictureDesk`` of the daemon is the real one."""

    def covers(self, database: Store, products: Sequence[int], /) -> Mapping[int, str]:
        """The source's addresses of these products' pictures, none of which a page may name; empty
        where pictures are off."""

    async def present(self, covers: Mapping[int, str], /) -> Mapping[int, str]:
        """The keys of the pictures that are here, by product."""

    async def read(self, cover: str, /) -> bytes | None:
        """The picture that is here."""

    def want(self, products: Sequence[int], /) -> None:
        """Have them fetched, for the next look."""


class ShownBook(Protocol):
    """A book whose lease this daemon has, as its page sees it."""

    @property
    def name(self) -> str: ...

    @property
    def sources(self) -> Sources | None:
        """None while nothing is done for it: its rules are broken or missing, or its store can't be
        opened."""

    def ill(self) -> Awaitable[str | None]:
        """The trouble with it, in words; None while all is well."""


class ShownBooks(Protocol):
    """This daemon's side of the page where its books are on a server."""

    def books(self) -> Mapping[str, ShownBook]:
        """The books that it holds now, by name."""

    async def ill(self) -> str | None:
        """The reason that ``/healthz`` gives: a held book is ill, a book that it wants is held by
        nobody, or the server was not heard of; None while all is well."""


class Board:
    """The scores of a book's rules as far as somebody asked for them, kept for a while: to reckon
    them takes longer than a page may, which waits ``patience`` seconds for one. The rules come one
    after the other, each a reading of its own, so that nobody waits for them all.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._reckoned = dict[str, asyncio.Task[Scored]]()
        self._book: Rulebook | None = None
        self._mark = (0, 0)
        self._at: Instant = 0
        self._scored = dict[str, Scored]()
        self._scores: Scores | None = None
        self._last: Scores | None = None  # of whichever rules, however old
        self._all: asyncio.Task[Scores] | None = None
        self._turn = asyncio.Lock()

    async def of(self, rule: Rule, book: Rulebook, now: Instant, read: Read) -> RuleScore:
        """The score of one rule."""
        return (await self._of(rule, book, now, read)).score

    async def soon(self, rule: Rule, book: Rulebook, now: Instant, read: Read) -> Scored | None:
        """The score of one rule with the fate of each of its alerts, where that takes no longer
        than a page may; None while it is reckoned, for a later look."""
        task = self._reckoned.get(rule.name)
        if task is None:
            task = asyncio.create_task(self._of(rule, book, now, read))
            self._reckoned[rule.name] = task
            task.add_done_callback(partial(self._is_reckoned, rule.name))
        await asyncio.wait([task], timeout=self._patience)
        return task.result() if task.done() else None

    def _is_reckoned(self, name: str, task: asyncio.Task[Scored]) -> None:
        del self._reckoned[name]
        _heard(task)

    async def shown(self, book: Rulebook, now: Instant, read: Read) -> tuple[Scores | None, bool]:
        """The scores of all rules, and whether newer ones are being reckoned: those of before, for
        a later look, or None where there are none yet."""
        if self._all is None or self._all.done():
            self._all = asyncio.create_task(self.all(book, now, read))
            self._all.add_done_callback(_heard)
        task = self._all
        patience = self._patience * (1 if self._last is not None else 2)
        await asyncio.wait([task], timeout=patience)
        return (task.result(), False) if task.done() else (self._last, True)

    async def _of(self, rule: Rule, book: Rulebook, now: Instant, read: Read) -> Scored:
        async with self._turn:
            await self._forget(book, now, read)
            if rule.name not in self._scored:
                scorer = Scorer(book, [rule], DEFAULT_DAYS, now)
                await read(scorer.read)
                self._scored[rule.name] = await read(partial(scorer.scored, rule=rule))
            return self._scored[rule.name]

    async def all(self, book: Rulebook, now: Instant, read: Read) -> Scores:
        """The scores of all rules."""
        async with self._turn:
            await self._forget(book, now, read)
            if self._scores is not None:
                return self._scores
            kept = self._scored
        scorer = Scorer(book, book.rules, DEFAULT_DAYS, now)
        await read(scorer.read)
        for rule in book.rules:
            async with self._turn:  # for one at a time: another page waits for no more than that
                if rule.name not in kept:
                    kept[rule.name] = await read(partial(scorer.scored, rule=rule))
        scores = await read(partial(scorer.summed, scored=[kept[rule.name] for rule in book.rules]))
        if kept is self._scored:  # nobody has forgotten these since
            self._scores = scores
        self._last = scores
        return scores

    async def _forget(self, book: Rulebook, now: Instant, read: Read) -> None:
        """Drop scores of other rules, and old ones: the sooner where something new was stored."""
        mark = await read(lambda database: database.tellings.newest())
        kept = KEPT if mark != self._mark else LONGEST
        if book is not self._book or not 0 <= now - self._at < kept:
            self._book, self._mark, self._at = book, mark, now
            self._scored, self._scores = {}, None


def _heard(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()  # who waits for it hears of it; nobody may


@dataclass(frozen=True, slots=True)
class PageContext:
    """Reads and writes through ``sources``, and answers. ``book`` is the name of one of several,
    ``page_url`` the address of its page for visitors, where that was said; all books share the
    memory for ``lists``."""

    sources: Sources
    forms: Forms
    renderer: Renderer
    board: Board
    book: str = ""
    page_url: str = ""
    deeds: Deeds = field(default_factory=Deeds)
    lists: HeldLists = field(default_factory=HeldLists)

    @property
    def zone(self) -> tzinfo:
        """The zone of all times on the page: the rule file's, as it is now."""
        return self.sources.book().zone

    def here(self, request: web.Request) -> str:
        """The path that is asked for, encoded, without what stands before ours."""
        return self.renderer.here(request)

    def address(self, request: web.Request, channel: str = "") -> str:
        """The address of the page for who is elsewhere, with a slash at its end: as it was said, or
        as the rules have it (those for the ``channel`` first), or as it is asked for."""
        if self.page_url:
            return self.page_url
        channels = self.sources.book().channels
        pages = [channels[channel].page] if channel in channels else []
        known = [*filter(None, [*pages, *(each.page for each in channels.values())])]
        if known:
            return f"{known[0].rstrip('/')}/{f'books/{self.book}/' if self.book else ''}"
        asked = request.rel_url.raw_path
        bases = (base for base in self.renderer.bases if asked.startswith(base))
        return f"{request.scheme}://{request.host}{next(bases, '/')}"

    async def read(self, job: Callable[[Store, Rulebook, Instant], T]) -> T:
        """The result of ``job``, given the rule file and the time as they are now."""
        book, now = self.sources.book(), self.sources.now()
        return await self.sources.read(lambda database: job(database, book, now))

    async def write(self, request: web.Request, job: Callable[[Audited], T]) -> T:
        """The result of ``job``, which writes for who sent the request."""
        author, now = Author(visitor_of(request).name, Via.PAGE), self.sources.now()
        return await self.sources.write(lambda database: job(Audited(database, author, now)))

    async def people(self) -> Sequence[Person]:
        """The people who may open the page, and those who might once."""
        return await self.sources.read(lambda database: database.people.list())

    async def pictures(self, subjects: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        """The paths of the pictures of products (region and id) that are here. The others are
        fetched for the next look: no page waits for them."""
        desk, asked = self.sources.pictures, [*dict.fromkeys(subjects)]
        if desk is None or not asked:
            return {}

        def look(database: Store) -> tuple[Mapping[tuple[str, str], int], Mapping[int, str]]:
            keys = database.history.keys_of(asked)
            return keys, desk.covers(database, [*keys.values()])

        keys, covers = await self.sources.read(look)
        here = await desk.present(covers) if covers else {}
        desk.want([each for each in covers if each not in here])
        return {
            subject: f"/pictures/{product}/{here[product]}.jpg"
            for subject, product in keys.items()
            if product in here
        }

    def html(
        self, request: web.Request, template: str, *, status: int = 200, **values: object
    ) -> web.Response:
        """A page; ``values`` are the template's own."""
        token = None if self.sources.readonly else self.forms.token()
        visitor = visitor_of(request)
        scene = Scene(self.sources.now(), self.zone, token, self.book, visitor=visitor)
        sellers = self.sources.book().sellers
        return self.renderer.html(request, template, scene, status, sellers=sellers, **values)

    def see(
        self, request: web.Request, fields: Mapping[str, str], notice: str, number: int
    ) -> web.HTTPException:
        """After a form: the page to go back to, by its ``fields`` or else where it was sent to,
        with a word on what was done. To be raised."""
        section = f"/{self.here(request).split('/')[1]}"
        bare, _mark, query = own_path(fields.get("back", ""), section).partition("?")
        kept = (each for each in query.split("&") if not each.startswith(("notice=", "n=")))
        wanted = "&".join([*filter(None, kept), urlencode({"notice": notice, "n": number})])
        return web.HTTPSeeOther(relative(f"{bare}?{wanted}", self.here(request)))


def as_json(value: object) -> web.Response:
    """An answer for programs."""
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")
