"""Real ends on loopback: an HTTP service and a mail server that behave as they are told."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler
from aiosmtpd.smtp import SMTP, Envelope, Session

SECRET = "s3cr3tT0kenInThePath"
CROWD = 10  # hanging requests at which a service calls itself busy


class Secret:
    """A URL that shows itself only when asked."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __repr__(self) -> str:
        return "***"

    def reveal(self) -> str:
        return self._url


@dataclass
class Service:
    """An HTTP service: answers with ``status``, ``headers`` and ``body``, and keeps what came.

    ``behave``: answer; reset (closes without a word); hang; drip (an answer without an end).
    """

    port: int = 0
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: str = "ok"
    behave: str = "answer"
    taken: list[Any] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    busy: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> Secret:
        """An Apprise URL that ends here, with a secret in every part that may hold one."""
        return Secret(
            f"json://user:{SECRET}@127.0.0.1:{self.port}/{SECRET}?+X-Token={SECRET}&-q={SECRET}"
        )

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.paths.append(request.path)
        if request.content_type == "application/json":
            self.taken.append(await request.json())
        elif request.can_read_body:
            self.taken.append(dict(await request.post()))
        if self.behave == "reset":
            assert request.transport is not None
            request.transport.abort()
        if self.behave == "hang":
            if len(self.taken) == CROWD:
                self.busy.set()
            await self.release.wait()
        if self.behave == "drip":
            return await self._drip(request)
        return web.Response(status=self.status, headers=self.headers, text=self.body)

    async def _drip(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while not self.release.is_set():
            await response.write(b".")
            await asyncio.sleep(0.01)
        return response


@asynccontextmanager
async def on_loopback(
    handler: Handler, path: str = "/{path:.*}", method: str = "*"
) -> AsyncIterator[int]:
    """An HTTP server whose every answer is the handler's, on a free port."""
    app = web.Application()
    app.router.add_route(method, path, handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


@asynccontextmanager
async def serving() -> AsyncIterator[Service]:
    """A service on a free port."""
    service = Service()
    async with on_loopback(service.answer) as service.port:
        try:
            yield service
        finally:
            service.release.set()


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@dataclass
class MailServer:
    """A mail server: refuses recipients and messages with the replies that it is given.

    ``pictures`` is its reply to a mail that has one, ``later`` has recipients that it greylists so
    often; ``delivered`` has each recipient of each mail that it took.
    """

    port: int = 0
    recipients: dict[str, str] = field(default_factory=dict)
    later: dict[str, int] = field(default_factory=dict)
    delivered: list[str] = field(default_factory=list)
    data: str = "250 OK"
    pictures: str = "250 OK"
    taken: list[EmailMessage] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, to: str, _options: list[str]
    ) -> str:
        reply = self.recipients.get(to, "250 OK")
        if self.later.get(to):
            self.later[to] -= 1
            reply = "451 4.7.1 greylisted, come again"
        if reply.startswith("250"):
            envelope.rcpt_tos.append(to)
        return reply

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        if b"Content-Type: image/" in envelope.content and not self.pictures.startswith("250"):
            return self.pictures
        if self.data.startswith("250"):
            parsed = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(parsed, EmailMessage)
            self.taken.append(parsed)
            self.delivered += envelope.rcpt_tos
        return self.data

    def url(self, to: Sequence[str] = ("ann@example.com",), more: str = "") -> Secret:
        """An Apprise URL to these recipients."""
        return Secret(
            f"mailto://127.0.0.1:{self.port}/?from=watcher@example.com&to={','.join(to)}{more}"
        )


@asynccontextmanager
async def receiving() -> AsyncIterator[MailServer]:
    """A mail server on a free port."""
    mail = MailServer()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(mail, hostname="mail.example.com", loop=loop), "127.0.0.1", 0
    )
    try:
        mail.port = server.sockets[0].getsockname()[1]
        yield mail
    finally:
        server.close()
        await server.wait_closed()
