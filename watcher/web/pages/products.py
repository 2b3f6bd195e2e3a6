"""The products, and the groups of products, that a search finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

from aiohttp import web

from watcher.evaluation.names import subject_name
from watcher.model import Instant
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.store.sql import browsing
from watcher.web.context import PageContext
from watcher.web.pages.product_view import other_of
from watcher.web.rendering import relative, subject_path


@dataclass(frozen=True, slots=True)
class _FoundSubjects:
    """Region, id and name of each."""

    products: Sequence[tuple[str, str, str]] = ()
    groups: Sequence[tuple[str, str, str]] = ()


async def search(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /products?q=TEXT``: by id or a part of the name."""
    text = request.query.get("q", "").strip()[:100]
    found = _FoundSubjects()
    if text:
        found = await context.read(partial(_found, text))
    return context.html(
        request,
        "products.html",
        q=text,
        found=found.products,
        groups=found.groups,
        most=browsing.PRODUCTS,
        pictures=await context.pictures((region, each) for region, each, _ in found.products),
    )


def _found(text: str, database: Store, book: Rulebook, _now: Instant) -> _FoundSubjects:
    products = database.browsing.products(text)
    if not book.groups:  # the table of products need not be read for it
        return _FoundSubjects(products)
    names = {**database.categories.names(), **book.sellers}
    called = [each for each, name in names.items() if text.casefold() in name.casefold()]
    groups = database.browsing.groups(text, called)
    return _FoundSubjects(
        products, [(region, each, subject_name(each, each, names)) for region, each in groups]
    )


async def compare(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /products/compare?product=US/ID&product=...``: leads to the page of the first, with the
    others beside it; where none was chosen back to the search, with a word on it."""
    asked = [other_of(each.strip(), "") for each in request.query.getall("product", [])]
    chosen = [*dict.fromkeys(each for each in asked if each is not None and all(each))]
    if not chosen:
        raise context.see(request, {}, "none_chosen", 0)
    (region, product_id), *others = chosen[:50]
    path = subject_path(region, product_id)
    query = urlencode([("compare", f"{each}/{other}") for each, other in others])
    raise web.HTTPSeeOther(relative(f"{path}?{query}" if query else path, context.here(request)))
