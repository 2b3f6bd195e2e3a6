"""The products that a search finds."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from watcher.store.sql import browsing
from watcher.web.context import PageContext


async def search(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /products?q=TEXT``: by id or a part of the name."""
    text = request.query.get("q", "").strip()[:100]
    found: Sequence[object] = ()
    if text:
        found = await context.sources.read(lambda database: database.browsing.products(text))
    return context.html(request, "products.html", q=text, found=found, most=browsing.PRODUCTS)
