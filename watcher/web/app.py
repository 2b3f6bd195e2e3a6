"""The web page: server-rendered, reads only, works without scripts.

``GET /`` (overview), ``/healthz``, ``/metrics`` (Prometheus), ``/api/overview.json``. Who may
see it is a matter of ``access``; what it shows comes from the database through a read-only
connection, and is made anew for each request.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import resources
from typing import TypeVar

import jinja2
import msgspec
import structlog
from aiohttp import web

from watcher.alerting.overview import Overview, overview
from watcher.errors import ListenError, StoreError
from watcher.model import Instant
from watcher.rules.rulebook import Rulebook
from watcher.store.alerts import AlertRow
from watcher.store.database import Database
from watcher.units import format_ago, format_instant, format_number
from watcher.web.access import Access, parse_address
from watcher.web.crowding import BACKLOG, OutOfHandles
from watcher.web.metrics import exposition

log = structlog.get_logger("watcher.web")
T = TypeVar("T")
RECENT = 50

# Nothing from outside, no script, no frame: a hostile product name finds nothing to work with.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the page gets what it shows. ``ill`` says why the daemon is not healthy."""

    read: Callable[[Callable[[Database], T]], Awaitable[T]]
    book: Callable[[], Rulebook]
    now: Callable[[], Instant]
    ill: Callable[[], Awaitable[str | None]]


class Site:
    """The server of the page."""

    def __init__(self, sources: Sources, address: str, token: str = "") -> None:
        self._sources = sources
        self._host, self._port = parse_address(address, guarded=bool(token))
        self._access = Access(token)
        self._templates = jinja2.Environment(
            loader=jinja2.PackageLoader("watcher.web"), autoescape=True, enable_async=False
        )
        self._templates.filters |= {
            "ago": format_ago,
            "instant": format_instant,
            "number": format_number,
        }
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where the page is; the real port once started."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}/"

    async def start(self) -> None:
        """Serve; ``ListenError`` where the address is taken or not ours."""
        app = web.Application(middlewares=[self._guarded])
        app.router.add_get("/", self._overview)
        app.router.add_get("/static/style.css", self._style)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/api/overview.json", self._json)
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

    async def _state(self) -> tuple[Overview, list[AlertRow]]:
        now, book = self._sources.now(), self._sources.book()

        def read(database: Database) -> tuple[Overview, list[AlertRow]]:
            return overview(database, book, now), database.alerts.list(limit=RECENT)

        return await self._sources.read(read)

    async def _overview(self, _: web.Request) -> web.Response:
        state, alerts = await self._state()
        ill = await self._sources.ill()
        page = self._templates.get_template("overview.html")
        html = page.render(state=state, alerts=alerts, ill=ill, now=state.now)
        return web.Response(text=html, content_type="text/html")

    async def _style(self, _: web.Request) -> web.Response:
        css = resources.files("watcher.web").joinpath("static/style.css").read_text("utf-8")
        return web.Response(text=css, content_type="text/css")

    async def _healthz(self, _: web.Request) -> web.Response:
        ill = await self._sources.ill()
        return web.Response(text=f"{ill or 'ok'}\n", status=503 if ill else 200)

    async def _metrics(self, _: web.Request) -> web.Response:
        state, _alerts = await self._state()
        body, content_type = exposition(state, healthy=await self._sources.ill() is None)
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def _json(self, _: web.Request) -> web.Response:
        state, alerts = await self._state()
        body = msgspec.json.encode({"overview": state, "alerts": alerts})
        return web.Response(body=body, content_type="application/json")

    @web.middleware
    async def _guarded(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        try:
            if (refusal := self._access.refusal(request)) is not None:
                raise refusal
            response = await handler(request)
        except StoreError as error:
            log.error("the page can't be made", path=request.path, error=str(error))  # noqa: TRY400
            response = web.Response(text=f"{error}\n", status=503)
        except web.HTTPException as answer:
            answer.headers.update(HEADERS)
            raise
        response.headers.update(HEADERS)
        return response
