"""The products, and the groups of products, that a search finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from watcher.evaluation.names import subject_name
from watcher.model import Instant
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.store.sql import browsing
from watcher.web.context import PageContext


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
