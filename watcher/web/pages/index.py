"""Pages that all books of a server have in common: the index, health and figures."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC
from functools import partial
from typing import TypeAlias

import msgspec
from aiohttp import web
from prometheus_client.registry import Collector

from watcher.errors import StoreError
from watcher.language import gettext as _
from watcher.web.access import book_of
from watcher.web.context import ShownBook, as_json
from watcher.web.fleet import fleet_json
from watcher.web.metrics import Sample, Snapshot, Snapshots, exposition, fleet_samples, read
from watcher.web.rendering import Scene
from watcher.web.shelf import SeveralBooks

Handler: TypeAlias = Callable[
    [SeveralBooks, Sequence[Collector], web.Request], Awaitable[web.StreamResponse]
]


async def page(
    shelf: SeveralBooks, _visits: Sequence[Collector], request: web.Request
) -> web.StreamResponse:
    """``GET /``: books, and the daemons that hold them."""
    fleet, ill = await shelf.books.fleet(), await shelf.books.ill()
    scene = Scene(fleet.now, UTC, None, is_book=False)
    return shelf.index.html(request, "index.html", scene, 200, fleet=fleet, ill=ill)


async def data(
    shelf: SeveralBooks, _visits: Sequence[Collector], _request: web.Request
) -> web.StreamResponse:
    """``GET /api/fleet.json``."""
    fleet, ill = await shelf.books.fleet(), await shelf.books.ill()
    return as_json({**msgspec.to_builtins(fleet_json(fleet)), "ill": ill})


async def healthz(
    shelf: SeveralBooks, _visits: Sequence[Collector], _request: web.Request
) -> web.StreamResponse:
    """``GET /healthz``: whether what is held here is well, and every book held by somebody."""
    ill = await shelf.books.ill()
    return web.Response(text=f"{ill or 'ok'}\n", status=503 if ill else 200)


async def metrics(
    shelf: SeveralBooks, visits: Sequence[Collector], _request: web.Request
) -> web.StreamResponse:
    """``GET /metrics``: all of the books that are held here, each sample with its book. Those of
    other daemons are told by them, so that a sum over all daemons counts each book once."""
    books = shelf.books
    samples: list[Sample] = [("daemon_healthy", (), await books.ill() is None)]
    with suppress(StoreError):  # it is away, which the health says
        samples += fleet_samples(await books.fleet(), books.held)
    found = await asyncio.gather(*map(_snapshot, books.held.values()))
    read_of = {name: reading for name, reading in found if reading is not None}
    body, content_type = exposition(Snapshots(read_of, samples), (*books.instruments, *visits))
    return web.Response(body=body, headers={"Content-Type": content_type})


async def _snapshot(book: ShownBook) -> tuple[str, Snapshot | None]:
    sources = book.sources
    if sources is None:
        return book.name, None
    reading = partial(
        read, book=sources.book(), now=sources.now(), healthy=await book.ill() is None
    )
    try:
        return book.name, await sources.read(reading)
    except StoreError:
        return book.name, None


def send_home(shelf: SeveralBooks, request: web.Request, tokens: Mapping[str, str]) -> None:
    """Lead who brings a book's own token to that book's page; nothing else is told. Raises the
    answer, where it is such a token."""
    book = book_of(request, tokens)
    if book is None:
        return
    if shelf.index.here(request) == "/" and request.method in ("GET", "HEAD"):
        raise web.HTTPFound(shelf.way_to(book, request))
    text = _("this token opens the page of book {book} only, at {address}")
    address = shelf.way_to(book, request)
    raise web.HTTPForbidden(text=f"{text.format(book=book, address=address)}\n")
