"""The choice of products to compare: it leads to the page that shows one beside the others."""

from __future__ import annotations

from urllib.parse import urlencode

from aiohttp import web

from watcher.web.context import PageContext
from watcher.web.pages.product_view import other_of
from watcher.web.rendering import relative, subject_path


async def compare(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /products/compare?product=US/ID&product=...``: leads to the page of the first, with the
    others beside it."""
    asked = [other_of(each.strip(), "") for each in request.query.getall("product", [])]
    chosen = [*dict.fromkeys(each for each in asked if each is not None and all(each))]
    if not chosen:
        raise web.HTTPSeeOther(relative("/products", context.here(request)))
    (region, product_id), *others = chosen[:50]
    path = subject_path(region, product_id)
    query = urlencode([("compare", f"{each}/{other}") for each, other in others])
    raise web.HTTPSeeOther(relative(f"{path}?{query}" if query else path, context.here(request)))
