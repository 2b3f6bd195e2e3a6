"""Every figure of many products, against one that goes through them one by one."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.rules.tables import FakeTable, condition
from watcher.rules.conditions.aggregates import aggregate
from watcher.rules.conditions.base import Judge
from watcher.rules.metrics import Catalogue, Figure, FigureKind

GMV, PRICE = (Catalogue()[name] for name in ("total_sale_gmv_7d_amt", "spu_avg_price"))
SELLER = Catalogue().attribute("seller_id")
CHEAP = condition({PRICE.name: {"below": 10}})


@dataclass(frozen=True)
class Product:
    """One of a list: its group (-1 is none), seller, value and price."""

    group: int
    seller: str | None
    gmv: float | None
    price: float | None


PRODUCTS = st.lists(
    st.builds(
        Product,
        st.integers(-1, 3),
        st.sampled_from(["a", "b", "c", None]),
        st.none() | st.integers(0, 50).map(float),
        st.none() | st.integers(8, 11).map(float),
    ),
    min_size=1,
    max_size=25,
)


def top_two(members: Sequence[Product]) -> float | None:
    """The part of the sum that the two largest sellers have."""
    sums = Counter[str]()
    for each in members:
        if each.seller is not None and each.gmv is not None:
            sums[each.seller] += each.gmv  # type: ignore[assignment]
    whole = sum(sums.values())
    return sum(sorted(sums.values())[-2:]) / whole if whole else None


def of_gmv(figure: Callable[[list[float]], float]) -> Callable[[Sequence[Product]], float | None]:
    """A figure of the values that are there."""

    def of(members: Sequence[Product]) -> float | None:
        values = [each.gmv for each in members if each.gmv is not None]
        return figure(values) if values else None

    return of


# Of the products that count; of ``count`` and ``share`` all of the group, with those that meet it.
PLAIN: Mapping[FigureKind, Callable[[Sequence[Product]], float | None]] = {
    FigureKind.SUM: of_gmv(sum),
    FigureKind.MEAN: of_gmv(statistics.fmean),
    FigureKind.MEDIAN: of_gmv(statistics.median),
    FigureKind.MIN: of_gmv(min),
    FigureKind.MAX: of_gmv(max),
    FigureKind.DISTINCT: lambda members: len({e.seller for e in members} - {None}) or None,
    FigureKind.TOP_SHARE: top_two,
}


def one_by_one(kind: FigureKind, members: Sequence[Product], *, cheap: bool) -> float | None:
    """What the figure means, of one group."""
    if kind is FigureKind.SIZE:
        return len(members)
    met = [each for each in members if not cheap or (each.price is not None and each.price < 10)]
    if kind in (FigureKind.COUNT, FigureKind.SHARE):
        known = [each for each in members if not cheap or each.price is not None]
        number = len(met) if kind is FigureKind.COUNT else len(met) / max(len(known), 1)
        return number if known else None
    return PLAIN[kind](met)


@pytest.mark.parametrize("cheap", [False, True])
@pytest.mark.parametrize("kind", FigureKind)
@settings(max_examples=25)
@given(products=PRODUCTS)
@example(products=[Product(0, "abc"[n % 3], 3.0 + n, 9.0) for n in (0, 1, 1, 2)])
def test_each_figure_is_what_it_means(
    kind: FigureKind, cheap: bool, products: list[Product]
) -> None:
    """Of all groups at once as of each by itself; a group of nothing has no value (no size: 0)."""
    figure = Figure(
        kind,
        GMV if kind in PLAIN and kind is not FigureKind.DISTINCT else None,
        CHEAP if cheap else None,
        SELLER if kind in (FigureKind.DISTINCT, FigureKind.TOP_SHARE) else None,
        2 if kind is FigureKind.TOP_SHARE else 0,
    )
    table = FakeTable(
        {GMV.name: [e.gmv for e in products], PRICE.name: [e.price for e in products]},
        texts={"seller_id": [e.seller for e in products]},
    )
    found = aggregate(figure, Judge(table), np.array([e.group for e in products]), 5)
    members = ([each for each in products if each.group == group] for group in range(5))
    expected = [one_by_one(kind, each, cheap=cheap) for each in members]
    np.testing.assert_allclose(found, np.array(expected, np.float64), rtol=1e-12)
