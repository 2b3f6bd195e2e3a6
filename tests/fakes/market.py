"""Changes to one product of the simulated market, looks at its days, and other ways of paging.

A change of one product leaves every other one as it would have been.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import TypeAlias

import numpy as np

from watcher.model import Ints
from watcher.source.endpoint import Endpoint
from watcher.source.simulator import Market
from watcher.source.simulator.dynamics import DELISTED, LISTED, SERIES

Answer: TypeAlias = Callable[[Mapping[str, str], Endpoint], list[dict[str, object]]]


def boost(market: Market, product_id: str, factor: float, days: int) -> None:
    """Multiply what the product is expected to sell on the next ``days`` days."""
    slot = market.slots[product_id]
    market.state.boost[slot], market.state.boost_days[slot] = factor, days


def set_price(market: Market, product_id: str, price: float) -> None:
    """Give the product another list price at once, in its currency; ends an offer."""
    slot, state = market.slots[product_id], market.state
    state.list_price[slot] = max(1, round(price * 100))
    state.offer[slot] = state.offer_days[slot] = 0
    _show(market)


def delist(market: Market, product_id: str, *, shown_days: int | None = None) -> None:
    """End the product's sale: marked at once, off the list some days later (0: at once)."""
    slot, state = market.slots[product_id], market.state
    state.off_since[slot], state.off_mark[slot] = market.told, DELISTED
    if shown_days is not None:
        state.shown_days[slot] = shown_days
    _show(market)


def relist(market: Market, product_id: str) -> None:
    """Put a delisted product back on the list, with its counters as they are."""
    slot, state = market.slots[product_id], market.state
    state.off_since[slot], state.off_mark[slot] = -1, LISTED
    _show(market)


def rename(market: Market, product_id: str) -> None:
    """Make another thing of the product, so that its name, words and categories are others."""
    market.goods.branch[market.slots[product_id]] += 1
    _show(market)


def _show(market: Market) -> None:
    market.advance(0)  # lists that were asked for are made anew


def daily(market: Market, product_id: str, series: str = SERIES[0]) -> Ints:
    """A product's last 90 days, oldest first: a family of counters; GMV in cents."""
    slot, number = market.slots[product_id], SERIES.index(series)
    days = range(market.told - 90, market.told)
    return np.array([market.windows.on(day, number)[slot] for day in days])


def data_day(market: Market) -> date:
    """The newest day that the counters have."""
    return market.origin + timedelta(days=market.told - 1)


def column_on(market: Market, day: date, series: str = SERIES[0]) -> Ints:
    """A counter of every product on one of the last 90 days, (n,): GMV in cents.

    Raises ValueError for a day that is older, or not told yet.
    """
    number = (day - market.origin).days
    if not max(0, market.told - 90) <= number < market.told:
        raise ValueError(f"{day} is none of the last 90 days before {market.day}")
    return market.windows.on(number, SERIES.index(series))


def ignoring_pages(market: Market) -> Answer:
    """Answers to which the page's number means nothing."""
    return lambda asked, endpoint: market.answer({**asked, endpoint.page: "1"}, endpoint)


def clamping_pages(market: Market) -> Answer:
    """Answers that never go past the last page."""

    def answer(asked: Mapping[str, str], endpoint: Endpoint) -> list[dict[str, object]]:
        products, number = market.answer(asked, endpoint), int(asked[endpoint.page])
        if products or number == 1:
            return products
        return answer({**asked, endpoint.page: str(number - 1)}, endpoint)

    return answer
