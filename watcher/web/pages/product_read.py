"""Reads what the address of a product asks for."""

from __future__ import annotations

from aiohttp import web

from watcher.language import gettext_noop as N_
from watcher.language import language, spoken
from watcher.model import Instant
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.web.context import PageContext
from watcher.web.pages.product_past import ProductPast, past_of


async def read_past(context: PageContext, request: web.Request) -> ProductPast:
    """The product with its past; 404 of one that is not there."""
    parts, wanted = request.match_info, language()
    subject = parts["region"].upper(), parts["id"]
    query = {name: request.query.getall(name) for name in request.query}

    def read(database: Store, book: Rulebook, now: Instant) -> ProductPast | None:
        with spoken(wanted):  # why a condition has no data is worded where that is found
            return past_of(database, book, now, subject, query)

    past = await context.read(read)
    if past is None:
        raise web.HTTPNotFound(text=N_("No scan has seen a product of this id in this region."))
    if past.facts.grouped_by:
        raise web.HTTPNotFound(text=N_("This is a group of products: its page is below /groups."))
    return past
