"""Views drawn at random, and what plain Python says of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from urllib.parse import parse_qsl

from tests.fakes.listed import Product, Shelf, random_days
from tests.store.making import firing
from watcher.analysis.views.asked import asked_view
from watcher.analysis.views.columns import ListColumns
from watcher.analysis.views.held import HeldLists
from watcher.analysis.views.listing import ShownList, shown_list
from watcher.analysis.views.picking import picked
from watcher.store.ports import Store

Known = Callable[[str], float | str | None]
Test = Callable[[Known], bool | None]


def shown(
    shelf: Shelf, query: str, *, every: bool = False, lists: HeldLists | None = None
) -> ShownList:
    """What an address shows, with nothing wrong in it."""
    known = ListColumns(shelf.book.metrics, shelf.list)
    view, troubles = asked_view(parse_qsl(query), known)
    found = picked(view, known, shelf.book, shelf.list)
    assert not troubles, troubles
    assert not found.troubles, found.troubles
    held = (lists or HeldLists()).of(shelf.store, shelf.book, shelf.list)
    assert held is not None
    return shown_list(shelf.store, held, view, found, every=every)


def ids(found: ShownList) -> list[str]:
    """The products, in order."""
    return [row.product_id for row in found.rows]


# ------------------------------------------------------------------ the oracle


@dataclass
class Oracle:
    """The last list, by plain Python."""

    shelf: Shelf
    alerts: dict[str, int]

    def value(self, key: str, name: str) -> float | str | None:
        """A product's value of a column."""
        today, before = self.shelf.days[-1], self.shelf.days[-2]
        if name == "alerts.firing":
            return float(self.alerts.get(key, 0))
        if name == "rank":
            return float([*today].index(key) + 1)
        if not name.endswith(".change"):
            return _of(today[key], name)
        metric = name.removesuffix(".change")
        if key not in before:
            return None
        if metric == "rank":
            return float([*before].index(key) - [*today].index(key))
        now, then = _of(today[key], metric), _of(before[key], metric)
        if not isinstance(now, float) or not isinstance(then, float):
            return None
        if metric == "commission":
            return now - then
        return (now - then) / abs(then) if then else None

    def expected(self, tests: list[Test], sort: str, *, descending: bool) -> list[str]:
        """The ids that a view has."""
        keys = [
            key
            for key in self.shelf.days[-1]
            if all(test(partial(self.value, key)) for test in tests)
        ]
        with_value = [key for key in keys if not _is_missing(self.value(key, sort))]
        without = [key for key in keys if key not in with_value]
        order = {key: place for place, key in enumerate(keys)}
        values = {key: _sortable(self.value(key, sort)) for key in with_value}
        by_value = sorted(with_value, key=lambda key: order[key])
        by_value.sort(key=lambda key: values[key], reverse=descending)
        return by_value + without


def _of(product: Product, name: str) -> float | str | None:
    match name:
        case "commission":
            value = product.get("product_commission_rate")
        case "earnings":
            price, rate = product.get("spu_avg_price"), product.get("product_commission_rate")
            if not isinstance(price, float) or not isinstance(rate, float):
                return None
            return price * rate
        case _:
            value = product.get(name)
    return float(value) if isinstance(value, int | float) else value


def _is_missing(value: float | str | None) -> bool:
    return value is None or value == ""


def _sortable(value: float | str | None) -> float | str:
    assert value is not None
    return value.casefold() if isinstance(value, str) else round(value, 9)


def _contains(name: str, part: str) -> Test:
    def test(known: Known) -> bool | None:
        text = known(name)
        return isinstance(text, str) and part.casefold() in text.casefold()

    return test


def _equals(name: str, wanted: object) -> Test:
    return lambda known: known(name) == wanted


def _least(name: str, limit: float) -> Test:
    def test(known: Known) -> bool | None:
        value = known(name)
        return isinstance(value, float) and value >= limit - 1e-9

    return test


def _most(name: str, limit: float) -> Test:
    def test(known: Known) -> bool | None:
        value = known(name)
        return isinstance(value, float) and value <= limit + 1e-9

    return test


FILTERS: list[tuple[str, str, Test]] = [
    ("q", "SERUM", _contains("product_name", "serum")),
    ("q", "补水", _contains("product_name", "补水")),
    ("q", "ärmel", _contains("product_name", "ärmel")),
    ("q", "<b ", _contains("product_name", "<b ")),
    ("seller", "7000000000000000003", _equals("seller_id", "7000000000000000003")),
    ("seller", "glowlab", _equals("seller_id", "7000000000000000001")),
    ("seller", "果蔬 店", _equals("seller_id", "7000000000000000002")),
    ("category", "601450", _equals("category_id", "601450")),
    ("has.discount", "20", _contains("discount", "20")),
    ("is.discount", "-", _equals("discount", "-")),
    ("min.spu_avg_price", "10", _least("spu_avg_price", 10)),
    ("max.spu_avg_price", "20.5", _most("spu_avg_price", 20.5)),
    ("min.total_sale_7d_cnt", "0.1k", _least("total_sale_7d_cnt", 100)),
    ("max.total_sale_7d_cnt", "110", _most("total_sale_7d_cnt", 110)),
    ("min.commission", "10%", _least("commission", 0.1)),
    ("max.earnings", "2", _most("earnings", 2)),
    ("max.rank", "40", _most("rank", 40)),
    ("min.rank.change", "3", _least("rank.change", 3)),
    ("min.rank.change", "2.5", _least("rank.change", 2.5)),
    ("max.rank.change", "-3.5", _most("rank.change", -3.5)),
    ("min.rank.change", "-2.5", _least("rank.change", -2.5)),
    ("min.rank.change", "0", _least("rank.change", 0)),
    ("max.rank.change", "-4", _most("rank.change", -4)),
    ("max.rank.change", "0", _most("rank.change", 0)),
    ("min.total_sale_7d_cnt.change", "10%", _least("total_sale_7d_cnt.change", 0.1)),
    ("max.total_sale_7d_cnt.change", "10%", _most("total_sale_7d_cnt.change", 0.1)),
    ("min.total_sale_7d_cnt.change", "-10%", _least("total_sale_7d_cnt.change", -0.1)),
    ("max.total_sale_7d_cnt.change", "-10%", _most("total_sale_7d_cnt.change", -0.1)),
    ("min.total_sale_7d_cnt.change", "0%", _least("total_sale_7d_cnt.change", 0)),
    ("max.total_sale_7d_cnt.change", "9900%", _most("total_sale_7d_cnt.change", 99)),
    ("max.earnings.change", "0%", _most("earnings.change", 0)),
    ("min.commission.change", "5%", _least("commission.change", 0.05)),
    ("max.commission.change", "0", _most("commission.change", 0)),
    ("min.alerts.firing", "1", _least("alerts.firing", 1)),
    ("max.alerts.firing", "0", _most("alerts.firing", 0)),
    ("is.sales_trend_flag", "rising", _equals("sales_trend_flag", 1.0)),
    ("is.sales_trend_flag", "0", _equals("sales_trend_flag", 0.0)),
    (
        "when",
        "any: [spu_avg_price: {below: 5}, total_sale_7d_cnt: {above: 1k}]",
        lambda known: (
            _below(known("spu_avg_price"), 5) or _below(1_000, known("total_sale_7d_cnt"))
        ),
    ),
    (
        "when",
        "not: {spu_avg_price: {at_least: 20}}",
        lambda known: _below(known("spu_avg_price"), 20),
    ),
]  # fmt: skip
SORTS = (
    "rank", "rank.change", "spu_avg_price", "total_sale_7d_cnt", "total_sale_7d_cnt.change",
    "earnings", "commission", "product_name", "discount", "sales_trend_flag", "alerts.firing",
    "earnings.change",
)  # fmt: skip


def _below(low: object, high: object) -> bool:
    known = isinstance(low, float | int) and isinstance(high, float | int)
    return known and low < high  # type: ignore[operator]


def shelf_of(store: Store, seed: int, size: int) -> tuple[Shelf, Oracle]:
    """A shelf of random days, on some of whose products alerts fire."""
    shelf = Shelf(store)
    for day in random_days(seed, size):
        shelf.scan(day)
    dice, alerts = random.Random(seed), dict[str, int]()
    keys = store.history.keys_of([("US", key) for key in shelf.days[-1]])
    for (_region, product), key in keys.items():
        for rule in ("sells", "cheap"):
            if dice.random() < 0.3:
                store.alerts.save([firing(rule, key, shelf.now)])
                alerts[product] = alerts.get(product, 0) + 1
    return shelf, Oracle(shelf, alerts)


def drawn(seed: int, count: int) -> Iterator[tuple[list[tuple[str, str]], list[Test], str, bool]]:
    """Yield random views: values of the address, their tests, and the order."""
    dice = random.Random(seed)
    for _turn in range(count):
        chosen = {each[0]: each for each in dice.sample(FILTERS, dice.randrange(4))}
        sort, descending = dice.choice(SORTS), dice.random() < 0.5
        values = [(name, text) for name, text, _test in chosen.values()]
        yield values, [test for *_, test in chosen.values()], sort, descending
