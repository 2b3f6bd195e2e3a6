"""All sellers, or categories of a level, that any scan found: searched, sorted, 50 on a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import isnan
from typing import Any

import numpy as np
from aiohttp import web

from watcher.analysis.assortment_tallies import AssortmentTally, tallies
from watcher.analysis.assortments import on_lists
from watcher.fields import CATEGORIES, SELLER
from watcher.model import Instant
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.units import Currencies, Unit, format_value
from watcher.web.context import PageContext, as_json
from watcher.web.pages.assortment_past import kind_said
from watcher.web.pages.assortment_table import AssortmentLeaf, TableQuery, heads, in_order, leaf
from watcher.web.rendering import whole_number

# What one may sort by, and whether the lowest comes first unless the address says otherwise.
SORTS = {
    "name": True, "found": False, "products": False, "sales": False, "gmv": False, "alerts": False,
}  # fmt: skip
_LONGEST = 100  # characters of what is looked for
_KEPT = ("q", "region", "level", "sort", "order", "page")


@dataclass(frozen=True, slots=True)
class AssortmentLine:
    """A seller or category with its name, and the names of those above it; empty for unknown."""

    tally: AssortmentTally
    name: str
    path: str = ""

    def has(self, text: str) -> bool:
        """Whether it is what is looked for: its id, or a part of its name."""
        return text == self.tally.value or text.casefold() in (self.path or self.name).casefold()

    def sums(self, gmv_currency: str | None) -> list[tuple[str, str]]:
        """Each currency of its GMV that has a sum, and that in words."""
        currencies = Currencies(None, gmv_currency)
        return [
            (kind_said(kind), format_value(value, Unit.GMV, currencies))
            for kind, value in self.tally.gmv.items()
            if not isnan(value)
        ]


@dataclass(frozen=True, slots=True)
class _Listed:
    """The part that is shown: one page of the ``lines``. ``unknown`` are listed products of nobody
    known, ``all`` the number of what there is without a search."""

    asked: TableQuery
    lines: Sequence[AssortmentLine]
    leaf: AssortmentLeaf
    text: str
    region: str
    regions: Sequence[str]
    level: int
    unknown: int
    all: int


async def sellers(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /sellers?q=TEXT&region=US&sort=sales&page=1``."""
    return await _page(context, request, categories=False)


async def categories(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /categories?level=1`` with the same query."""
    return await _page(context, request, categories=True)


async def sellers_data(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /api/sellers.json`` with the same query."""
    return await _data(context, request, categories=False)


async def categories_data(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /api/categories.json`` with the same query."""
    return await _data(context, request, categories=True)


async def _page(
    context: PageContext, request: web.Request, *, categories: bool
) -> web.StreamResponse:
    found = await context.read(partial(_found, request.query, categories))
    return context.html(
        request,
        "assortments.html",
        found=found,
        asked=found.asked,
        of_categories=categories,
        here_path="/categories" if categories else "/sellers",
        gmv_currency=context.sources.book().metrics.gmv_currency,
        heads=heads(),
    )


async def _data(
    context: PageContext, request: web.Request, *, categories: bool
) -> web.StreamResponse:
    found = await context.read(partial(_found, request.query, categories))
    return as_json(
        {
            "gmv_currency": context.sources.book().metrics.gmv_currency,
            "sort": found.asked.sort,
            "order": "up" if found.asked.rising else "down",
            "page": found.leaf.page,
            "pages": found.leaf.pages,
            "found": found.leaf.all,
            "unknown": found.unknown,
            "categories" if categories else "sellers": [_line(line) for line in found.lines],
        }
    )


def _line(line: AssortmentLine) -> dict[str, Any]:
    tally = line.tally
    return {
        "id": tally.value, "region": tally.region, "name": line.name or None,
        **({"path": line.path} if line.path else {}), "found": tally.found,
        "products": tally.listed, "sales": tally.sales, "gmv": tally.gmv, "firing": tally.firing,
    }  # fmt: skip


def _found(
    query: Mapping[str, str], categories: bool, database: Store, book: Rulebook, now: Instant
) -> _Listed:
    text = query.get("q", "").strip()[:_LONGEST]
    level = _level(database, query, text) if categories else 1
    by = CATEGORIES[level - 1] if categories else SELLER
    alike = book.metrics.gmv_currency is not None
    found, unknown = tallies(database, by, on_lists(database, book.watches, now), alike=alike)
    regions = sorted({each.region for each in found})
    region = query.get("region", "") if query.get("region") in regions else ""
    named = _named_categories(database, found) if categories else _named(book, found)
    lines = [
        line for line in named if region in ("", line.tally.region) and (not text or line.has(text))
    ]
    asked = TableQuery(query, SORTS, "sales", _KEPT)
    order = leaf(_order(lines, asked), asked.page)
    return _Listed(
        asked=asked,
        lines=[lines[row] for row in order.rows],
        leaf=order,
        text=text,
        region=region,
        regions=regions,
        level=level,
        unknown=sum(count for place, count in unknown.items() if region in ("", place)),
        all=len(found),
    )


def _level(database: Store, query: Mapping[str, str], text: str) -> int:
    """The level that is asked for, or else that of the category whose id is looked for."""
    wanted = whole_number(query, "level") or 0
    if wanted in range(1, len(CATEGORIES) + 1):
        return wanted
    found = database.assortments.places(text) if text else []
    return next((CATEGORIES.index(by) + 1 for _, by in found if by in CATEGORIES), 1)


def _named(book: Rulebook, found: Sequence[AssortmentTally]) -> list[AssortmentLine]:
    return [AssortmentLine(each, book.sellers.get(each.value, "")) for each in found]


def _named_categories(database: Store, found: Sequence[AssortmentTally]) -> list[AssortmentLine]:
    known = database.categories.known()
    names = database.categories.names()
    return [
        AssortmentLine(each, names.get(each.value, ""), known.path(each.value) if known else "")
        for each in found
    ]


def _order(lines: Sequence[AssortmentLine], asked: TableQuery) -> list[int]:
    """The rows as they are sorted; those without a name, or a value, last."""
    if asked.sort != "name":
        values = np.array([_value(line.tally, asked.sort) for line in lines], np.float64)
        return in_order(values, rising=asked.rising)
    named = [row for row, line in enumerate(lines) if line.name]
    named.sort(key=lambda row: lines[row].name.casefold(), reverse=not asked.rising)
    return [*named, *(row for row, line in enumerate(lines) if not line.name)]


def _value(tally: AssortmentTally, sort: str) -> float:
    return {
        "found": tally.found, "products": tally.listed, "sales": tally.sales,
        "gmv": tally.most_gmv, "alerts": tally.firing,
    }[sort]  # fmt: skip
