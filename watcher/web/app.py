"""The web page's server: which address shows what, and what every answer has in common.

Server-rendered: without the one script a page only does not update by itself (``live``). What it
shows comes from the database through a read-only connection, and is made for each request. Only
forms write, by POST with a token (``forms``), each as far as the visitor's role allows
(``admission``), and with a record of it.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from importlib import resources
from typing import cast

import structlog
from aiohttp import web

from watcher.errors import ListenError, StoreError
from watcher.language import Language, spoken
from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.people import Role
from watcher.redaction import hide_links
from watcher.text.retold import retold
from watcher.web.accept_errors import (
    Connections,
    Malformed,
    OutOfDescriptors,
    Sparing,
    VisitorLimits,
    Visits,
)
from watcher.web.access import UNKNOWN_HOST, Access, TooLow, visitor_of
from watcher.web.address import CONTENT_POLICY, SCRIPTED, PageUrl, parse_address
from watcher.web.admission import Admission, Answerer
from watcher.web.context import Handler, Sources
from watcher.web.forms import LARGEST, LARGEST_TEXT
from watcher.web.live import EVENTS, LivePages
from watcher.web.pages import act
from watcher.web.routes import (
    ACT,
    ACT_FORM,
    FEEDS,
    FORMS,
    INDEX,
    LONG_FORMS,
    PAGES,
    PATHS,
    READS,
    open_to_names,
)
from watcher.web.server_books import ServerBooks
from watcher.web.shelf import BOOKS, SeveralBooks, shelf_of
from watcher.web.speaking import choice, is_for_programs, language_of, marks

__all__ = ["Site", "Sources", "VisitorLimits"]

log = structlog.get_logger("watcher.web")

# Nothing from outside, no script but our own file, no frame: a hostile product name finds nothing
# to work with. The referrer stays on this page: without any, a browser sends its own forms' origin
# as "null".
HEADERS = {
    CONTENT_POLICY: SCRIPTED,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}

STATIC = {
    "style.css": "text/css",
    "page.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
_READ_ONLY = N_(
    "This page reads a replica of the database, which is read-only: change it on a daemon's page, "
    "or by the command line with the primary server's URL."
)


class Site:
    """The server of the page: of one book, or of those on a server. ``page_url`` is where visitors
    find it, if that is not where it listens; ``limits`` are what they may take."""

    def __init__(
        self,
        sources: Sources | ServerBooks,
        address: str,
        token: str = "",
        page_url: PageUrl | None = None,
        limits: VisitorLimits | None = None,
    ) -> None:
        self._host, self._port = parse_address(address, guarded=bool(token))
        self._base, self._page_url = _free_path(page_url), page_url
        self._limits = limits or VisitorLimits()
        self._visits, self._sparing = Visits(), Sparing()
        self._connections = Connections(self._limits, self._visits.dropped.inc)
        self._malformed = Malformed(self._sparing, self._visits.malformed.inc)
        self._access = Access(token, page_url)
        bases = tuple(dict.fromkeys((self._base, "/")))  # a proxy passes it on or takes it off
        self._shelf = shelf_of(sources, bases, page_url, self._visits.instruments)
        self._admission = Admission(
            self._access, self._shelf, self._limits, self._visits, self._sparing
        )
        self._live = LivePages(
            self._shelf, self._connections, self._limits, self._admission.still_admits, HEADERS
        )
        folder = resources.files("watcher.web") / "static"
        self._files = {name: (folder / name).read_text("utf-8") for name in STATIC}
        self._runner: web.AppRunner | None = None
        self._listener: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """The URL that the page listens at; with the real port once started."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}/"

    async def start(self) -> None:
        """Serve; ``ListenError`` where the address is taken or not ours."""
        app = web.Application(middlewares=[self._guarded], client_max_size=LARGEST)
        for base in dict.fromkeys(("", self._base.removesuffix("/"))):
            self._add_routes(app.router, base + self._shelf.below)
            self._add_index(app.router, base)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            logger=self._malformed.logger(),
            shutdown_timeout=2,
            max_headers=64,
            auto_decompress=False,  # of bodies: a small one might become a very large one
            lingering_time=2,  # seconds in which a body that nobody wants is thrown away
        )
        await self._runner.setup()
        server = cast("web.Server", self._runner.server)  # it is set up
        asyncio.get_running_loop().set_exception_handler(OutOfDescriptors(self._sparing))
        try:
            self._listener = await self._connections.listen(server, self._host, self._port)
        except OSError as error:
            await self.stop()
            taken = error.errno == errno.EADDRINUSE
            why = "the port is in use; choose another one, or off" if taken else error.strerror
            raise ListenError(f"--listen {self._host}:{self._port}: {why or error}") from None
        self._port = self._listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the server."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        await self._live.aclose()  # its streams would be waited for
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def _add_routes(self, router: web.UrlDispatcher, base: str) -> None:
        for path, handler, role in READS:
            page = partial(self._page, handler)
            live = partial(self._live.page, page) if (path, handler) in PAGES else page
            router.add_get(base + open_to_names(path), self._admission.ask(live, role))
        events = self._admission.ask(self._live.events, Role.READ)
        router.add_get(base + EVENTS, events, allow_head=False)
        for path, handler, role in FORMS:
            form = self._admission.ask(partial(self._page, handler), role)
            router.add_post(base + open_to_names(path), form)
        for path, handler in FEEDS:
            feed = self._admission.ask_address(partial(self._page, handler))
            router.add_get(base + path, feed)
        for path, handler in ACT:
            router.add_get(base + path, self._admission.open(partial(self._act, handler)))
        path, handler = ACT_FORM
        router.add_post(base + path, self._admission.open(partial(self._act, handler)))
        for name, kind in STATIC.items():
            open_to_all = self._admission.open(partial(self._static, name, kind))
            router.add_get(f"{base}/act/static/{name}", open_to_all)
        self._add_static(router, base)

    def _add_index(self, router: web.UrlDispatcher, base: str) -> None:
        """Add the paths of what all books have in common."""
        shelf = self._shelf
        if isinstance(shelf, SeveralBooks):
            for path, handler in INDEX:
                answer: Answerer = partial(handler, shelf, self._visits.instruments)
                is_page = path == "/"
                router.add_get(base + path, partial(self._live.page, answer) if is_page else answer)
            router.add_get(base + EVENTS, self._live.events, allow_head=False)
            self._add_static(router, base)

    def _add_static(self, router: web.UrlDispatcher, base: str) -> None:
        for name, kind in STATIC.items():
            router.add_get(f"{base}/static/{name}", partial(self._static, name, kind))
        if base:
            router.add_get(base, self._to_the_slash)

    async def _page(self, handler: Handler, request: web.Request) -> web.StreamResponse:
        context = await self._shelf.context(request)
        if context.sources.readonly and request.method == "POST":
            raise web.HTTPConflict(text=_READ_ONLY)
        return await handler(context, request)

    async def _act(self, handler: Handler, request: web.Request) -> web.StreamResponse:
        """A page that is reached by the link in a message, and leads nowhere without one."""
        context = await self._shelf.context(request)
        try:
            if not self._access.admits(request, act.pages_of(context.sources.book())):
                raise web.HTTPForbidden(text=_(UNKNOWN_HOST))
            if context.sources.readonly and request.method == "POST":
                raise web.HTTPConflict(text=_READ_ONLY)
            answer = await handler(context, request)
        except web.HTTPException as refusal:
            refusal.headers.update(act.HEADERS)
            if refusal.status < 400:
                raise
            return act.refused(context, request, refusal.status, _words_of(refusal))
        if answer.status == 404:
            await self._admission.punish(request, "a wrong link was given")
        elif answer.status == 410:  # nobody is to learn by the time it takes which it is
            await asyncio.sleep(self._limits.penalty)
        return answer

    async def _static(self, name: str, kind: str, _request: web.Request) -> web.Response:
        return web.Response(text=self._files[name], content_type=kind)

    async def _to_the_slash(self, request: web.Request) -> web.Response:
        """Without it, the page's links would lead out of its path."""
        raise web.HTTPPermanentRedirect(f"{request.rel_url.raw_path.rsplit('/', 1)[1]}/")

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Answerer) -> web.StreamResponse:
        for_programs = is_for_programs(self._shelf.here(request))
        language = Language.ENGLISH if for_programs else language_of(request)
        with spoken(language):  # one task serves all requests of a connection
            try:
                await self._admission.check(request)
                if not for_programs:
                    self._turn_to_another(request)
                response = await self._answer(request, handler)
            except TooLow as low:
                response = self._refused(request, low.status, low.text or "")
            except web.HTTPException as answer:
                await self._send(request, answer, {} if for_programs else marks(language))
                raise
        await self._send(request, response, {} if for_programs else marks(language))
        return response

    def _turn_to_another(self, request: web.Request) -> None:
        """Raise the answer to who chooses a language."""
        passed_on = request.rel_url.raw_path.startswith(self._base)
        answer = choice(request, self._base if passed_on else "/", self._page_url)
        if answer is not None:
            raise answer

    async def _send(
        self, request: web.Request, response: web.StreamResponse, marks: Mapping[str, str]
    ) -> None:
        """Here, and not by the server after us, to know when the visitor has taken it all."""
        for name, value in (*HEADERS.items(), *marks.items()):
            response.headers.setdefault(name, value)  # a picture may be kept
        with suppress(ConnectionError):  # the server finds that out for itself
            await response.prepare(request)
            await response.write_eof()
        self._connections.answered(request.protocol)

    async def _receive(self, request: web.Request) -> None:
        """Have all of the request here; only now it takes up the daemon's time."""
        try:
            await request.read()
        except web.RequestPayloadError as error:
            self._malformed.note(error, request.remote)
            raise web.HTTPBadRequest(text=_("The request can't be read.")) from None
        except ConnectionError:  # it was too slow, or went away: nobody hears this
            raise web.HTTPBadRequest(text="The request broke off.") from None
        self._connections.arrived(request.protocol)

    async def _answer(self, request: web.Request, handler: Answerer) -> web.StreamResponse:
        try:
            if request.method == "POST" and self._shelf.here(request) in LONG_FORMS:
                request = request.clone(client_max_size=LARGEST_TEXT)
            await self._receive(request)
            return await handler(request)
        except StoreError as error:
            log.error("the page can't be made", path=hide_links(request.path), error=str(error))  # noqa: TRY400
            return self._refused(request, 503, self._shelf.worded(error))
        except web.HTTPException as answer:
            if answer.status < 400:
                raise
            response = self._refused(request, answer.status, _words_of(answer))
            if "Allow" in answer.headers:
                response.headers["Allow"] = answer.headers["Allow"]
            return response

    def _refused(self, request: web.Request, status: int, text: str) -> web.Response:
        """An error as a page, or as a line for programs and for who has only a feed's token, who is
        to learn nothing of the page."""
        here, programs = self._shelf.here(request), ("/api/", "/static/", EVENTS)
        if visitor_of(request).is_reader_of_feeds or here.startswith(programs):
            return web.Response(text=f"{text}\n", status=status)
        return self._shelf.refused(request, status, text)


def _words_of(answer: web.HTTPException) -> str:
    if answer.text == f"{answer.status}: {answer.reason}":  # aiohttp's own word
        return _("There is no such page.") if answer.status == 404 else retold(answer.reason)
    return retold(answer.text or "")  # worded on the store's thread, which speaks English


def _free_path(page_url: PageUrl | None) -> str:
    """The path of ``page_url``; ``ListenError`` where it begins as one of the page's own."""
    path = page_url.path if page_url is not None else "/"
    own = {path.split("/")[1] for path in (*PATHS, EVENTS)} | {"static", BOOKS}
    first = path.split("/")[1]
    if first and first in own:
        raise ListenError(
            f"--page-url: the path {path} can't be told from the page's own /{first}; choose "
            "another one, like /watcher/"
        )
    return path
