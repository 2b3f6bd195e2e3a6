"""A small HTTP server that answers as a test scripts it, products to answer with, and a clock."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from aiohttp import web
from aiohttp.test_utils import TestServer

from watcher.errors import BudgetSpent
from watcher.source.client import Seams
from watcher.source.endpoint import Endpoint
from watcher.source.endpoints import PRODUCT_LIST

SAMPLE = Path(__file__).parent.parent / "data" / "product-list-analytics.sample.json"
SAMPLE_BODY = SAMPLE.read_bytes()
SAMPLE_PRODUCT: dict[str, Any] = json.loads(SAMPLE_BODY)["data"][0]
KEY = "secret-key-0123456789"


def product(number: int, **changed: object) -> dict[str, Any]:
    """The vendor's sample product under another id; a field given as ``...`` is left out."""
    row = {**SAMPLE_PRODUCT, "product_id": str(number), **changed}
    return {name: value for name, value in row.items() if value is not ...}


def body_of(rows: object, **changed: object) -> bytes:
    """An answer with these products."""
    answer = {"code": 0, "message": "success", "data": rows, "requestId": "test", **changed}
    return json.dumps(answer).encode()


@dataclass(frozen=True)
class Reply:
    """One scripted answer; ``cut`` ends the connection after so many bytes of the body, and
    below 0 before any answer.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None


@dataclass(frozen=True)
class Asked:
    """A request that came in."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    endpoint: Endpoint = PRODUCT_LIST

    @property
    def page(self) -> int:
        return int(self.query[self.endpoint.page]) if self.endpoint.page else 1


class ScriptedServer:
    """Answers with ``queue`` while it lasts, then by ``answer`` from the page number."""

    def __init__(
        self,
        answer: Callable[[int], Reply | bytes] | None = None,
        endpoint: Endpoint = PRODUCT_LIST,
    ) -> None:
        self.endpoint = endpoint
        self.answer = answer or (lambda _: SAMPLE_BODY)
        self.queue: deque[Reply | bytes] = deque()
        self.asked: list[Asked] = []
        self.before_answer: Callable[[int], Any] | None = None
        self.most_at_once = self._at_once = 0
        app = web.Application()
        app.router.add_get("/{path:.*}", self._handle)
        self._server = TestServer(app)
        self.url = ""  # the base, while the server runs and after

    @property
    def pages(self) -> list[int]:
        """The page numbers asked for, in order."""
        return [asked.page for asked in self.asked]

    async def __aenter__(self) -> Self:
        await self._server.start_server()
        self.url = str(self._server.make_url("")).rstrip("/")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.close()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        asked = Asked(request.path, dict(request.query), dict(request.headers), self.endpoint)
        self.asked.append(asked)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            if self.before_answer is not None and asked.path == self.endpoint.path:
                await self.before_answer(asked.page)
            reply = self.queue.popleft() if self.queue else self.answer(asked.page)
            return await self._send(request, reply)
        finally:
            self._at_once -= 1

    async def _send(self, request: web.Request, reply: Reply | bytes) -> web.StreamResponse:
        reply = Reply(body=reply) if isinstance(reply, bytes) else reply
        if reply.cut is None:
            return web.Response(status=reply.status, body=reply.body, headers=reply.headers)
        response = web.StreamResponse(status=reply.status, headers=reply.headers)
        if reply.cut < 0:
            assert request.transport is not None
            request.transport.close()
            return response
        response.content_length = len(reply.body)
        await response.prepare(request)
        await response.write(reply.body[: reply.cut])
        assert request.transport is not None
        request.transport.close()
        return response


def listing(size: int) -> Callable[[int], bytes]:
    """Answers of a list of so many products; their ids count from 1 in the list's order."""

    def answer(page: int) -> bytes:
        first = (page - 1) * PRODUCT_LIST.page_size + 1
        return body_of(
            [product(n) for n in range(first, min(first + PRODUCT_LIST.page_size, size + 1))]
        )

    return answer


class FakeTime:
    """A clock that sleeping moves on; ``sleeps`` has every wait."""

    def __init__(self, start: float = 1_000.0, chance: float = 0.5) -> None:
        self.time = start
        self.sleeps: list[float] = []
        self.seams = Seams(
            clock=lambda: self.time, now=lambda: self.time, sleep=self.sleep, random=lambda: chance
        )

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)


class Purse:
    """A budget of so many credits."""

    def __init__(self, held: int = 1_000) -> None:
        self.left = held
        self.spent = 0

    async def spend(self) -> None:
        if self.left <= 0:
            raise BudgetSpent("the day's credits are spent")
        self.left, self.spent = self.left - 1, self.spent + 1

    async def refund(self) -> None:
        self.left, self.spent = self.left + 1, self.spent - 1
