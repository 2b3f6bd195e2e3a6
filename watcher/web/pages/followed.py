"""The page of what is followed: a list with newest values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from watcher.analysis.followed import SHOWN, FollowedProduct, followed
from watcher.fields import BY_NAME
from watcher.labels import label_said
from watcher.language import gettext_noop as N_
from watcher.model import Instant, ProductFacts
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.store.sql.followed import Follow
from watcher.text.evidence import said
from watcher.units import Currencies
from watcher.web.context import PageContext, as_json
from watcher.web.rendering import whole_number, with_query

SIZE = 100  # on a page
MOST = 500  # for programs
LINE = "followed: {products: followed}"  # what to write under watches:


@dataclass(frozen=True, slots=True)
class FollowedLine:
    """One that is followed, in words."""

    each: FollowedProduct
    values: Sequence[str]


@dataclass(frozen=True, slots=True)
class Beside:
    """Since when a product is ``followed``, and why nobody reads that, on its page."""

    follow: Follow | None
    unread: str


def beside(database: Store, book: Rulebook, facts: ProductFacts) -> Beside:
    """Read it."""
    follow = database.followed.get(facts.product_id)
    return Beside(follow, unread(book) if follow is not None else "")


def unread(book: Rulebook) -> str:
    """The reason why what is followed is not read, to be marked as ``gettext`` does; empty where it
    is."""
    if any(watch.query.followed for watch in book.used_watches):
        return ""
    if any(watch.query.followed for watch in book.watches):
        return N_("No rule uses the watch that reads what is followed, so it is not read.")
    return N_("No watch reads what is followed yet.")


async def page(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /followed?page=2``: the newest first."""
    wanted = max(1, whole_number(request.query, "page") or 1)
    count = await context.sources.read(lambda database: len(database.followed.ids()))
    pages = max(1, -(-count // SIZE))
    number = min(wanted, pages)
    here = await context.read(partial(_found, slice((number - 1) * SIZE, number * SIZE)))
    return context.html(
        request,
        "followed.html",
        lines=[FollowedLine(each, _values(each)) for each in here],
        count=count,
        page=number,
        last=pages,
        back=_leaf(number),
        earlier=_leaf(number - 1) if number > 1 else "",
        later=_leaf(number + 1) if number < pages else "",
        labels=[label_said(name, BY_NAME[name].label) for name in SHOWN],
        unread=unread(context.sources.book()),
        line=LINE,
        pictures=await context.pictures(
            (each.facts.region, each.follow.product_id) for each in here if each.facts is not None
        ),
    )


def _leaf(number: int) -> str:
    return with_query("/followed", page=number if number > 1 else None)


async def data(context: PageContext, _request: web.Request) -> web.StreamResponse:
    """``GET /api/followed.json``; times are Unix seconds."""
    found = await context.read(partial(_found, slice(MOST)))
    products = [
        {
            "product_id": each.follow.product_id,
            "since": each.follow.since,
            "note": each.follow.note,
            "region": each.facts.region if each.facts is not None else None,
            "name": each.name or None,
            "seen": each.seen,
            "state": each.state or "known",
            "values": each.values,
        }
        for each in found
    ]
    return as_json({"products": products, "read": not unread(context.sources.book())})


def _found(part: slice, database: Store, book: Rulebook, _now: Instant) -> list[FollowedProduct]:
    readers = [watch.key for watch in book.used_watches if watch.query.followed]
    return followed(database, readers, part)


def _values(each: FollowedProduct) -> Sequence[str]:
    currencies = Currencies(each.facts.currency if each.facts is not None else None, None)
    return [
        "" if value is None else said(name, value, BY_NAME[name].unit, currencies)
        for name, value in each.values.items()
    ]
