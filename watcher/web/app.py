"""The web page's server: which address shows what, and what every answer has in common.

Server-rendered and without a script. Who may see it is a matter of ``access``; what it shows
comes from the database through a read-only connection, and is made anew for each request. Only
silences, retries and drops write, by POST with a token (``forms``).
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable
from functools import partial
from importlib import resources

import structlog
from aiohttp import web

from watcher.errors import ListenError, StoreError
from watcher.web.access import Access
from watcher.web.address import parse_address
from watcher.web.crowding import BACKLOG, OutOfHandles
from watcher.web.desk import Desk, Handler
from watcher.web.forms import LARGEST
from watcher.web.pages import alerts, outbox, overview, product, rule, silences
from watcher.web.sources import Sources

__all__ = ["Site", "Sources"]

log = structlog.get_logger("watcher.web")

# Nothing from outside, no script, no frame: a hostile product name finds nothing to work with.
# The referrer stays on this page: without any, a browser sends its own forms' origin as "null".
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}

PAGES: tuple[tuple[str, Handler], ...] = (
    ("/", overview.page),
    ("/watches", overview.watches),
    ("/rules", overview.rules),
    ("/rules/{name}", rule.page),
    ("/alerts", alerts.page),
    ("/products", product.search),
    ("/products/{region}/{id}", product.page),
    ("/outbox", outbox.page),
    (r"/outbox/{id:\d{1,15}}", outbox.message),
    ("/silences", silences.page),
)
FORMS: tuple[tuple[str, Handler], ...] = (
    ("/outbox/retry", outbox.retry),
    ("/outbox/drop", outbox.drop),
    ("/silences", silences.add),
    ("/silences/end", silences.end),
)
STATIC = {"style.css": "text/css", "icon.svg": "image/svg+xml"}
DATA: tuple[tuple[str, Handler], ...] = (
    ("/healthz", overview.healthz),
    ("/metrics", overview.metrics),
    ("/api/overview.json", overview.data),
    ("/api/rules/{name}.json", rule.data),
    ("/api/products/{region}/{id}.json", product.data),
    ("/api/outbox.json", outbox.data),
    ("/api/alerts.json", alerts.data),
)


class Site:
    """The server of the page."""

    def __init__(self, sources: Sources, address: str, token: str = "") -> None:
        self._host, self._port = parse_address(address, guarded=bool(token))
        self._access = Access(token)
        self._desk = Desk(sources)
        folder = resources.files("watcher.web") / "static"
        self._files = {name: (folder / name).read_text("utf-8") for name in STATIC}
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where the page is; the real port once started."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}/"

    async def start(self) -> None:
        """Serve; ``ListenError`` where the address is taken or not ours."""
        app = web.Application(middlewares=[self._guarded], client_max_size=LARGEST)
        for path, handler in (*PAGES, *DATA):
            app.router.add_get(path, partial(handler, self._desk))
        for path, handler in FORMS:
            app.router.add_post(path, partial(handler, self._desk))
        for name, kind in STATIC.items():
            app.router.add_get(f"/static/{name}", partial(self._static, name, kind))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=2)
        await self._runner.setup()
        asyncio.get_running_loop().set_exception_handler(OutOfHandles())
        try:
            await web.TCPSite(self._runner, self._host, self._port, backlog=BACKLOG).start()
        except OSError as error:
            await self.stop()
            raise ListenError(self._why_not(error)) from None
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close the server."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def _why_not(self, error: OSError) -> str:
        where = f"--listen {self._host}:{self._port}"
        if error.errno == errno.EADDRINUSE:
            return f"{where}: the port is in use; choose another one, or off"
        return f"{where}: {error.strerror or error}"

    async def _static(self, name: str, kind: str, _: web.Request) -> web.Response:
        return web.Response(text=self._files[name], content_type=kind)

    @web.middleware
    async def _guarded(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        try:
            if (refusal := self._access.refusal(request)) is not None:
                raise refusal
            response = await self._answer(request, handler)
        except web.HTTPException as answer:
            answer.headers.update(HEADERS)
            raise
        response.headers.update(HEADERS)
        return response

    async def _answer(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        """What went wrong is a page as well, or a line for programs."""
        allowed = ""
        try:
            return await handler(request)
        except StoreError as error:
            log.error("the page can't be made", path=request.path, error=str(error))  # noqa: TRY400
            status, text = 503, str(error)
        except web.HTTPException as answer:
            if answer.status < 400:
                raise
            status, text = answer.status, answer.text or ""
            allowed = answer.headers.get("Allow", "")
            if text == f"{status}: {answer.reason}":  # aiohttp's own word
                text = "There is no such page." if status == 404 else answer.reason
        if request.path.startswith(("/api/", "/static/")):
            response = web.Response(text=f"{text}\n", status=status)
        else:
            response = self._desk.html(request, "error.html", status=status, code=status, text=text)
        if allowed:
            response.headers["Allow"] = allowed
        return response
