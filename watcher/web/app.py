"""The web page's server: which address shows what. ``answering`` has what all have in common.

Server-rendered: without the one script a page only does not update by itself (``live``). What it
shows comes from the database through a read-only connection, and is made for each request. Only
forms write, by POST with a token (``forms``), each as far as the visitor's role allows
(``admission``), and with a record of it.
"""

from __future__ import annotations

import asyncio
import errno
from functools import partial
from importlib import resources
from typing import cast

from aiohttp import web

from watcher.errors import ListenError
from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.people import Role
from watcher.web.accept_errors import (
    Connections,
    Malformed,
    OutOfDescriptors,
    Sparing,
    VisitorLimits,
    Visits,
)
from watcher.web.access import UNKNOWN_HOST, Access
from watcher.web.address import PageUrl, parse_address
from watcher.web.admission import Admission, Answerer
from watcher.web.answering import HEADERS, Answering, words_of
from watcher.web.context import Handler, Sources
from watcher.web.forms import LARGEST
from watcher.web.live import EVENTS, LivePages
from watcher.web.pages import act
from watcher.web.routes import (
    ACT,
    ACT_FORM,
    FEEDS,
    FORMS,
    INDEX,
    PAGES,
    PATHS,
    READS,
    open_to_names,
)
from watcher.web.server_books import ServerBooks
from watcher.web.shelf import BOOKS, SeveralBooks, shelf_of

__all__ = ["Site", "Sources", "VisitorLimits"]

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
        self._base = _free_path(page_url)
        self._limits = limits or VisitorLimits()
        self._visits, self._sparing = Visits(), Sparing()
        self._connections = Connections(self._limits, self._visits.dropped.inc)
        self._malformed = Malformed(self._sparing, self._visits.malformed.inc)
        self._access = Access(token, page_url)
        bases = tuple(dict.fromkeys((self._base, "/")))  # a proxy passes it on or takes it off
        instruments, patience = self._visits.instruments, self._limits.patience
        self._shelf = shelf_of(sources, bases, page_url, instruments, patience)
        self._admission = Admission(
            self._access, self._shelf, self._limits, self._visits, self._sparing
        )
        self._answering = Answering(
            self._shelf, self._admission, self._connections, self._malformed, self._base, page_url
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
        app = web.Application(middlewares=[self._answering.guarded], client_max_size=LARGEST)
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
            return act.refused(context, request, refusal.status, words_of(refusal))
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
