"""The context of every page: the sources, the templates, and the form of an answer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import partial
from typing import Protocol, TypeAlias, TypeVar
from urllib.parse import quote, urlencode

import jinja2
import msgspec
from aiohttp import web
from jinja2.runtime import Context
from prometheus_client.registry import Collector

from watcher.analysis.scores.score import DEFAULT_DAYS, RuleScore, Scored, Scorer, Scores
from watcher.evaluation.empty_list_guard import said_of
from watcher.model import Instant
from watcher.rules.rulebook import Rule, Rulebook
from watcher.store.control import DaemonState, LeaseState
from watcher.store.ports import Store
from watcher.text.messages import title_of
from watcher.units import (
    DAY,
    count_of,
    format_ago,
    format_duration,
    format_instant,
    format_iso,
    format_number,
    format_percent,
)
from watcher.web.forms import Forms, own_path

T = TypeVar("T")
Handler: TypeAlias = Callable[["PageContext", web.Request], Awaitable[web.StreamResponse]]

NAVIGATION = (
    ("/", "Overview"),
    ("/alerts", "Alerts"),
    ("/rules", "Rules"),
    ("/products", "Products"),
    ("/outbox", "Outbox"),
    ("/silences", "Silences"),
)
# What a page says after a form was sent: fixed words, so that a link can't put any into it.
_NOTICES = {
    "silenced": ("Silence {} is on.",),
    "ended": ("Silence {} is over.",),
    "over": ("Silence {} was over already.",),
    "retried": ("{} message is sent again.", "{} messages are sent again."),
    "dropped": ("{} message was dropped.", "{} messages were dropped."),
}

# Control characters but a line's end and a tab, separators of lines, and what turns the reading
# direction; what joins emoji and Persian words stays.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]"
)


KEPT = 300  # seconds for which scores are shown, though something new was stored
LONGEST = DAY  # though nothing was: what was too young to judge grows old


class Read(Protocol):
    """Runs a function beside the writer."""

    def __call__(self, job: Callable[[Store], T], /) -> Awaitable[T]: ...


@dataclass(frozen=True, slots=True)
class Sources:
    """The daemon's side of the page: ways to ask, and the few ways to change something.

    ``read`` runs a function beside the writer, ``write`` on the store's own thread; ``ill`` says
    why the daemon is not healthy; ``wake`` has the delivery look at the outbox. ``instruments`` are
    what the daemon measures of itself.
    """

    read: Callable[[Callable[[Store], T]], Awaitable[T]]
    write: Callable[[Callable[[Store], T]], Awaitable[T]]
    book: Callable[[], Rulebook]
    now: Callable[[], Instant]
    ill: Callable[[], Awaitable[str | None]]
    wake: Callable[[], None]
    instruments: Sequence[Collector] = ()


@dataclass(frozen=True, slots=True)
class HeldBook:
    """A book whose lease this daemon has. ``ill`` says what is wrong with it; ``sources`` is None
    while nothing is done for it: its rules are broken or missing, or its store can't be opened.
    """

    name: str
    ill: Callable[[], Awaitable[str | None]]
    sources: Sources | None = None


class HeldBooks(Protocol):
    """This daemon's side of the page where its books are on a server: what it holds, and what it
    saw of all books and daemons at its last look, a second or two ago."""

    @property
    def daemon(self) -> DaemonState:
        """This one; its ``wanted`` are the books that it may hold, None for all."""

    def books(self) -> Mapping[str, HeldBook]:
        """Those that it holds now, by name."""

    def leases(self) -> Sequence[LeaseState]:
        """Of every book, by name."""

    def daemons(self) -> Sequence[DaemonState]:
        """Those at work, this one among them."""

    async def ill(self) -> str | None:
        """Why ``/healthz`` is not well: a held book is ill, a book that it wants is held by nobody,
        or the server was not heard of; None while all is well."""


class Board:
    """The scores of a book's rules as far as somebody asked for them, kept for a while: to reckon
    them takes longer than a page may. The rules come one after the other, each a reading of its
    own, so that nobody waits for them all.
    """

    def __init__(self) -> None:
        self._book: Rulebook | None = None
        self._mark = (0, 0)
        self._at: Instant = 0
        self._scored = dict[str, Scored]()
        self._scores: Scores | None = None
        self._turn = asyncio.Lock()

    async def of(self, rule: Rule, book: Rulebook, now: Instant, read: Read) -> RuleScore:
        """The score of one rule."""
        async with self._turn:
            await self._forget(book, now, read)
            if rule.name not in self._scored:
                scorer = Scorer(book, [rule], DEFAULT_DAYS, now)
                await read(scorer.read)
                self._scored[rule.name] = await read(partial(scorer.scored, rule=rule))
            return self._scored[rule.name].score

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
        return scores

    async def _forget(self, book: Rulebook, now: Instant, read: Read) -> None:
        """Drop scores of other rules, and old ones: the sooner where something new was stored."""
        mark = await read(lambda database: database.tellings.newest())
        kept = KEPT if mark != self._mark else LONGEST
        if book is not self._book or not 0 <= now - self._at < kept:
            self._book, self._mark, self._at = book, mark, now
            self._scored, self._scores = {}, None


def shown(value: T) -> T | str:
    """A value as a template puts it into a page: without control characters."""
    if isinstance(value, str) and type(value) is str and _HIDDEN.search(value):
        return _HIDDEN.sub(" ", value)
    return value


def templates() -> jinja2.Environment:
    """The pages' templates; everything that is put into them is escaped."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("watcher.web"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
        finalize=shown,
    )
    made.filters |= {
        "number": format_number,
        "count_of": count_of,
        "percent": format_percent,
        "ago": format_ago,
        "instant": format_instant,
        "iso": format_iso,
        "duration": duration,
        "doubt": said_of,  # these two are given the context's zone
        "title_of": title_of,
        "url": _url,
        "rule_link": _rule_link,
        "product_link": _product_link,
    }
    made.globals |= {"navigation": NAVIGATION}
    for name in made.list_templates():  # now: later no file descriptor may be left
        made.get_template(name)
    return made


def relative(path: str, here: str) -> str:
    """The way from the page ``here`` to ``path``, both ours and encoded: ``../../rules/x``. It
    leads there at the root and below any path that a proxy puts before it."""
    return f"{'../' * (here.count('/') - 1) or './'}{path[1:]}"


def with_query(path: str, **values: object) -> str:
    """The path with those values that are given."""
    given = {name: str(value) for name, value in values.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path


@jinja2.pass_context
def _url(context: Context, path: str) -> str:
    """A path of ours as the page that is made names it."""
    return relative(path, context["here"])


@jinja2.pass_context
def _rule_link(context: Context, name: str) -> str:
    return _url(context, f"/rules/{quote(name, safe='')}")


@jinja2.pass_context
def _product_link(context: Context, region: str, product_id: str) -> str:
    return _url(context, f"/products/{quote(region, safe='')}/{quote(product_id, safe='')}")


@dataclass(frozen=True, slots=True)
class PageContext:
    """Reads and writes through ``sources``, and answers. ``base`` is the path that a proxy puts
    before ours, and may or may not take off again; it begins and ends with a slash."""

    sources: Sources
    forms: Forms = field(default_factory=Forms)
    base: str = "/"
    templates: jinja2.Environment = field(default_factory=templates)
    board: Board = field(default_factory=Board)

    def __post_init__(self) -> None:
        # Not a value of each page: the templates' macros see none of those.
        filters = self.templates.filters
        filters["instant"] = lambda instant: format_instant(instant, self.zone)
        filters["doubt"] = lambda doubt: said_of(doubt, self.zone)

    @property
    def zone(self) -> tzinfo:
        """The zone of all times on the page: the rule file's, as it is now."""
        return self.sources.book().zone

    def here(self, request: web.Request) -> str:
        """The path that is asked for, encoded, without what a proxy put before it."""
        path = request.rel_url.raw_path
        return path[len(self.base) - 1 :] if path.startswith(self.base) else path

    async def read(self, job: Callable[[Store, Rulebook, Instant], T]) -> T:
        """The result of ``job``, given the rule file and the time as they are now."""
        book, now = self.sources.book(), self.sources.now()
        return await self.sources.read(lambda database: job(database, book, now))

    def html(
        self, request: web.Request, template: str, *, status: int = 200, **values: object
    ) -> web.Response:
        """A page; ``values`` are the template's own."""
        here, query = self.here(request), request.rel_url.raw_query_string
        text = self.templates.get_template(template).render(
            now=self.sources.now(),
            zone=str(self.zone),
            token=self.forms.token(),
            here=here,
            address=f"{here}?{query}" if query else here,
            notice=_notice(request.query),
            **values,
        )
        return web.Response(text=text, content_type="text/html", status=status)

    def see(
        self, request: web.Request, fields: Mapping[str, str], notice: str, number: int
    ) -> web.HTTPException:
        """After a form: the page to go back to, by its ``fields`` or else where it was sent to,
        with a word on what was done. To be raised."""
        section = f"/{self.here(request).split('/')[1]}"
        bare, _, query = own_path(fields.get("back", ""), section).partition("?")
        kept = (each for each in query.split("&") if not each.startswith(("notice=", "n=")))
        wanted = "&".join([*filter(None, kept), urlencode({"notice": notice, "n": number})])
        return web.HTTPSeeOther(relative(f"{bare}?{wanted}", self.here(request)))


def duration(seconds: int | None) -> str:
    """``24h``; ``none`` of nothing."""
    return format_duration(seconds) if seconds else "none"


def as_json(value: object) -> web.Response:
    """An answer for programs."""
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")


def whole_number(query: Mapping[str, str], name: str) -> int | None:
    """A number of the address; None where it is none."""
    text = query.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 15 else None


def _notice(query: Mapping[str, str]) -> str:
    known, number = _NOTICES.get(query.get("notice", "")), whole_number(query, "n")
    if known is None or number is None:
        return ""
    return known[0 if number == 1 else -1].format(format_number(number))
