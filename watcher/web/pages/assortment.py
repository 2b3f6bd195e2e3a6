"""One seller, or one category: its products, what they sold together, and what fires on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from watcher.analysis.groups import groups_of
from watcher.fields import CATEGORIES, IDS, SELLER
from watcher.language import gettext_noop as N_
from watcher.model import Instant
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.store.sql.assortments import FoundAssortment
from watcher.store.sql.silences import Silence
from watcher.subjects import subject_id
from watcher.web.context import PageContext, as_json
from watcher.web.pages.assortment_past import summed, sums_json
from watcher.web.pages.assortment_table import heads
from watcher.web.pages.assortment_view import AssortmentView, ShownSubject, covering, view_of
from watcher.web.pages.common import SPANS, durations, in_words, lines_of

_NO_SELLER = N_("No scan has seen a product of this seller in this region.")
_NO_CATEGORY = N_("No scan has seen a product of this category in this region.")
PARTS = 50  # categories below one that its page names


@dataclass(frozen=True, slots=True)
class AssortmentPlace:
    """A seller or a category in a region: ``by`` is one of ``IDS``. ``path`` are the ids of the
    categories above it, from level 1 on, and ``parts`` those below it, those with most products
    first."""

    region: str
    by: str
    value: str
    path: Sequence[str] = ()
    parts: Sequence[FoundAssortment] = ()
    others: Sequence[str] = ()  # regions

    @property
    def level(self) -> int:
        """The level of a category, from 1 on; 0 of a seller."""
        return IDS.index(self.by)

    @property
    def of(self) -> str:
        """``seller`` or ``category``: the word of addresses and silences."""
        return "category" if self.level else "seller"

    @property
    def texts(self) -> tuple[str | None, ...]:
        """The texts of a product that is of it, whatever else it is, as ``Silence.covers`` takes
        them."""
        levels: list[str | None] = [*self.path, self.value] if self.level else []
        levels += [None] * (len(CATEGORIES) - len(levels))
        return (None, None, None if self.level else self.value, *levels)


@dataclass(frozen=True, slots=True)
class _Shown:
    place: AssortmentPlace
    view: AssortmentView
    silences: Sequence[Silence]
    names: Mapping[str, str]
    group: str  # its id as the group that it is to rules; empty where it is none
    rules: Sequence[str]

    @property
    def name(self) -> str:
        """Its name; empty where nobody knows it."""
        return self.names.get(self.place.value, "")


async def seller(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /sellers/REGION/ID?sort=sales&page=1&days=90``."""
    return await _page(context, request, seller=True)


async def category(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /categories/REGION/ID`` with the same query."""
    return await _page(context, request, seller=False)


async def seller_data(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /api/sellers/REGION/ID.json`` with the same query; times are Unix seconds."""
    return await _data(context, request, seller=True)


async def category_data(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /api/categories/REGION/ID.json`` with the same query."""
    return await _data(context, request, seller=False)


async def _page(context: PageContext, request: web.Request, *, seller: bool) -> web.StreamResponse:
    found = await context.read(partial(_found, request, seller))
    book, view = context.sources.book(), found.view
    return context.html(
        request,
        "assortment.html",
        place=found.place,
        name=found.name,
        names=found.names,
        group=found.group,
        rules=found.rules,
        silences=found.silences,
        view=view,
        gmv_currency=book.metrics.gmv_currency,
        sums=summed(
            view.past, book.metrics, view.asked.query.get("sum", ""), view.within, book.zone
        ),
        spans=SPANS,
        heads=heads(),
        alerts=lines_of(view.alerts, context),
        durations=durations(),
        back=context.here(request),
        pictures=await context.pictures(
            (row.facts.region, row.facts.product_id) for row in view.table.rows
        ),
    )


async def _data(context: PageContext, request: web.Request, *, seller: bool) -> web.StreamResponse:
    found = await context.read(partial(_found, request, seller))
    place, view = found.place, found.view
    return as_json(
        {
            "id": place.value,
            "region": place.region,
            "name": found.name or None,
            **({"level": place.level, "above": place.path} if place.level else {}),
            "group": found.group or None,
            "gmv_currency": context.sources.book().metrics.gmv_currency,
            "now": {"products": view.now.listed, "sales": view.now.sales, "gmv": view.now.gmv},
            "sums": sums_json(view.past),
            **view.table.as_data(),
            "lists": [
                {"watch": each.watch, "at": each.at, "products": each.products}
                for each in view.lists
            ],
            "alerts": in_words(view.alerts),
            "silences": found.silences,
            "names": found.names,
        }
    )


def _found(
    request: web.Request, seller: bool, database: Store, book: Rulebook, now: Instant
) -> _Shown:
    place = _place(database, request.match_info, seller=seller)
    group = subject_id(place.by, place.value)
    facts = next(iter(database.history.find(group, place.region)), None)
    assortment = database.assortments.of(place.region, place.by, place.value)
    key = None if facts is None else facts.product
    subject = ShownSubject(place.region, assortment, f"{place.of}={place.value}", key)
    view = view_of(database, book, now, request.query, subject)
    if seller:
        names = {each: name for each, name in book.sellers.items() if each == place.value}
    else:
        ids = [*place.path, place.value, *(part.value for part in place.parts)]
        names = dict(database.categories.names(ids))
    own = {each.name for each in groups_of(book, group)}
    return _Shown(
        place,
        view,
        covering(database, place.texts, now),
        names,
        group if facts is not None else "",
        [rule.name for rule in book.enabled if rule.group is not None and rule.group.name in own],
    )


def _place(database: Store, parts: Mapping[str, str], *, seller: bool) -> AssortmentPlace:
    region, value = parts["region"].upper(), parts["id"]
    kinds = (SELLER,) if seller else CATEGORIES
    places = [each for each in database.assortments.places(value) if each[1] in kinds]
    here = [by for place, by in places if place == region]
    if not here:
        raise web.HTTPNotFound(text=_NO_SELLER if seller else _NO_CATEGORY)
    by = here[0]
    others = dict.fromkeys(place for place, _ in places if place != region)
    if seller:
        return AssortmentPlace(region, by, value, others=[*others])
    level = CATEGORIES.index(by)
    below = CATEGORIES[level + 1 : level + 2]
    return AssortmentPlace(
        region,
        by,
        value,
        [database.assortments.above(region, by, value, each) for each in CATEGORIES[:level]],
        [part for each in below for part in database.assortments.parts(region, by, value, each)],
        [*others],
    )
