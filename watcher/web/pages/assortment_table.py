"""The products of a seller, a category or a group in a table: sorted, 50 on a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from watcher.analysis.assortments import OnLists
from watcher.analysis.views.sorting import order
from watcher.evaluation.series import number
from watcher.fields import BY_NAME
from watcher.labels import label_said
from watcher.model import Floats, Ints, ProductFacts
from watcher.store.ports import Store
from watcher.store.sql.assortments import Assortment
from watcher.text.evidence import said
from watcher.units import Currencies
from watcher.web.rendering import whole_number, with_query

SIZE = 50
PRICE, SALES, GMV, TREND = (
    "spu_avg_price", "total_sale_7d_cnt", "total_sale_gmv_7d_amt", "sales_trend_flag",
)  # fmt: skip
_FIELDS = {"price": PRICE, "sales": SALES, "gmv": GMV}
# What one may sort by, and whether the lowest comes first unless the address says otherwise.
SORTS = {"rank": True, "price": False, "sales": False, "gmv": False, "alerts": False}
_KEPT = ("days", "figure", "sum", "sort", "order", "all", "page")


@dataclass(frozen=True, slots=True)
class TableQuery:
    """The view that an address asks for, by its own words; what is wrong in it is left out."""

    query: Mapping[str, str]
    sorts: Mapping[str, bool]
    usual: str
    kept: Sequence[str] = _KEPT

    @property
    def sort(self) -> str:
        wanted = self.query.get("sort", "")
        return wanted if wanted in self.sorts else self.usual

    @property
    def rising(self) -> bool:
        """Whether the lowest comes first."""
        order = self.query.get("order", "")
        return order == "up" if order in ("up", "down") else self.sorts[self.sort]

    @property
    def page(self) -> int:
        return max(1, whole_number(self.query, "page") or 1)

    @property
    def all(self) -> bool:
        """Whether those that no list has now are wanted, too."""
        return self.query.get("all") == "1"

    def link(self, **changes: object) -> str:
        """The address of the same view, but for some words of it."""
        kept = {name: self.query[name] for name in self.kept if self.query.get(name)}
        return with_query("", **{**kept, **changes}) or "?"

    def sorted_by(self, name: str) -> str:
        """The view sorted by that; once more is the other way round."""
        turned = name == self.sort and self.rising == self.sorts[name]
        order = ("down" if self.sorts[name] else "up") if turned else None
        return self.link(sort=name, order=order, page=None)

    def direction(self, name: str) -> str:
        """The word for a browser on a column's head."""
        if name != self.sort:
            return ""
        return "ascending" if self.rising else "descending"


@dataclass(frozen=True, slots=True)
class AssortmentLeaf:
    """The rows of one page, and which page that is."""

    rows: Sequence[int]
    page: int
    pages: int
    all: int


def leaf(order: Sequence[int], page: int) -> AssortmentLeaf:
    """The page of that number; the last one where there are fewer."""
    pages = max(1, -(-len(order) // SIZE))
    page = min(page, pages)
    return AssortmentLeaf(order[(page - 1) * SIZE : page * SIZE], page, pages, len(order))


def in_order(values: Floats, *, rising: bool) -> list[int]:
    """The rows from the lowest value on, or from the largest; those without a value last."""
    found: list[int] = order(np.arange(len(values)), values, descending=not rising).tolist()
    return found


@dataclass(frozen=True, slots=True)
class AssortmentRow:
    """A product of it: its best place and on which list, None where no list has places of it."""

    facts: ProductFacts
    rank: int | None
    watch: str
    listed: bool
    firing: int

    def value(self, name: str) -> float | None:
        """A number of the newest observation."""
        return self.facts.numbers.get(name)

    def words(self, name: str, gmv_currency: str | None) -> str:
        """Say that number; empty for none."""
        value, unit = self.value(name), BY_NAME[name].unit
        currencies = Currencies(self.facts.currency, gmv_currency)
        return "" if value is None else said(name, value, unit, currencies)

    def as_data(self) -> dict[str, object]:
        """For programs."""
        facts = self.facts
        return {
            "product_id": facts.product_id, "region": facts.region, "name": facts.name,
            "rank": self.rank, "watch": self.watch or None, "currency": facts.currency,
            **{name: self.value(name) for name in (PRICE, SALES, GMV, TREND)},
            "observed_at": facts.observed_at, "listed": self.listed, "firing": self.firing,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class ProductTable:
    """One page of the products; ``listed`` are how many lists have now, ``found`` all. Without
    ``chosen`` there are none that no list has, or no others."""

    rows: Sequence[AssortmentRow]
    leaf: AssortmentLeaf
    asked: TableQuery
    listed: int
    found: int
    shows_all: bool

    def as_data(self) -> dict[str, object]:
        """For programs."""
        return {
            "listed": self.listed, "found": self.found, "all": self.shows_all,
            "sort": self.asked.sort, "order": "up" if self.asked.rising else "down",
            "page": self.leaf.page, "pages": self.leaf.pages,
            "products": [row.as_data() for row in self.rows],
        }  # fmt: skip


def heads() -> dict[str, str]:
    """The heads of the columns of numbers, by field."""
    labels = {name: label_said(name, BY_NAME[name].label) for name in (SALES, GMV)}
    return {name: f"{label[:1].upper()}{label[1:]}" for name, label in labels.items()}


def asked_of(query: Mapping[str, str]) -> TableQuery:
    """The view of a table of products."""
    return TableQuery(query, SORTS, "sales")


def table_of(
    database: Store,
    assortment: Assortment,
    lists: OnLists,
    firing: Mapping[int, int],
    asked: TableQuery,
) -> ProductTable:
    """Read it: of all products no more than what they are sorted by. ``firing`` is by product."""
    places = lists.places(assortment.products)
    listed = int((places >= 0).sum())
    shows_all = asked.all or not listed
    rows = np.arange(len(places)) if shows_all else np.flatnonzero(places >= 0)
    products, places = assortment.products[rows], places[rows]
    strength = _strength(database, products, places, lists, firing, asked.sort)
    found = leaf(in_order(strength, rising=asked.rising), asked.page)
    facts = database.history.facts(products[[*found.rows]].tolist() if found.rows else [])
    shown = [
        _row(facts[int(products[row])], int(places[row]), lists, firing)
        for row in found.rows
        if int(products[row]) in facts
    ]
    return ProductTable(shown, found, asked, listed, len(assortment.products), shows_all)


def _strength(
    database: Store, products: Ints, places: Ints, lists: OnLists, firing: Mapping[int, int],
    sort: str,
) -> Floats:  # fmt: skip
    """(n,) what the products are sorted by."""
    if sort == "rank":
        return np.append(lists.ranks, np.nan)[places]  # -1 finds the last
    if sort == "alerts":
        return np.array([firing.get(key, 0) for key in products.tolist()], np.float64)
    return database.assortments.numbers(products, [_FIELDS[sort]])[:, 0]


def _row(
    facts: ProductFacts, place: int, lists: OnLists, firing: Mapping[int, int]
) -> AssortmentRow:
    count = firing.get(facts.product, 0)
    if place < 0:
        return AssortmentRow(facts, None, "", listed=False, firing=count)
    rank, by = number(float(lists.ranks[place])), int(lists.ranked_by[place])
    watch = lists.watches[by] if by >= 0 else ""
    return AssortmentRow(
        facts, None if rank is None else int(rank), watch, listed=True, firing=count
    )
