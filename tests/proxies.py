"""A real HTTP proxy and servers with a certificate of their own authority, all on loopback."""

from __future__ import annotations

import asyncio
import base64
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from aiohttp import web

TLS = Path(__file__).parent / "data" / "tls"  # made for these tests; valid from 2001 to 2100
CA = TLS / "ca.pem"
VARIABLES = (
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
)  # fmt: skip


class Proxy:
    """Forwards requests and tunnels; every host is this machine. ``asked`` has the first line and
    the headers of each request; with ``login`` (``user:password``) it wants that."""

    def __init__(self, login: str = "") -> None:
        self.asked: list[str] = []
        self._login = login
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        """As a variable names it."""
        login = f"{self._login}@" if self._login else ""
        return f"http://{login}127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._forward(reader, writer)
        finally:
            writer.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.asked.append(head)
        wanted = base64.b64encode(self._login.encode()).decode()
        if self._login and f"Basic {wanted}" not in head:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
        method, target, _ = head.split("\r\n", 1)[0].split(" ")
        split = urlsplit(target if method != "CONNECT" else f"//{target}")
        inner, outer = await asyncio.open_connection("127.0.0.1", split.port)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            path = f"{split.path or '/'}?{split.query}"
            rest = head.split("\r\n", 1)[1].replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")
            outer.write(f"{method} {path} HTTP/1.1\r\n{rest}".encode())
        try:
            await asyncio.gather(_pump(reader, outer), _pump(inner, writer))
        finally:
            outer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()
        writer.write_eof() if writer.can_write_eof() else writer.close()


class Web:
    """A server on loopback that answers with ``body``; over TLS where wished."""

    def __init__(self, body: bytes = b"{}", *, tls: bool = False) -> None:
        self.body = body
        self.paths: list[str] = []
        self.keys: list[str] = []
        self._tls = tls
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    @property
    def port(self) -> int:
        return int(self._runner.addresses[0][1])

    def url(self, host: str = "127.0.0.1") -> str:
        """Its address by a name that a proxy may know."""
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}"

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        context = None
        if self._tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(TLS / "server.pem")
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=context).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        self.paths.append(request.path)
        self.keys.append(request.headers.get("Authorization", ""))
        return web.Response(body=self.body, content_type="application/json")
