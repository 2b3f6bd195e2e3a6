"""The daily sales of the simulated market, as if they had been read from a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import TypeAlias

import numpy as np

from benchmarks.sales import Sales
from watcher.model import Bools, Floats, Ints
from watcher.source.simulator import PRESETS as BEHAVIOURS
from watcher.source.simulator import Market
from watcher.source.simulator.dynamics import SERIES

_Values: TypeAlias = "Bools | Floats | Ints"
START = date(2025, 11, 24)
PRESETS = tuple(BEHAVIOURS)
_UNITS, _CENTS = (SERIES.index(one) for one in ("total_sale_{}cnt", "total_sale_gmv_{}amt"))


def simulated(preset: str, *, days: int, products: int, seed: int = 7) -> Sales:
    """What each product of one region sold on so many days, with the price of each day.

    That is all that was sold, also where the source looks at few products a day (``looked_at``).
    """
    behaviour = replace(BEHAVIOURS[preset], collected=1.0)
    market = Market(start=START, products=products, regions=("US",), seed=seed, behaviour=behaviour)
    return recorded(market, days)[0]


def looked_at(preset: str) -> float:
    """The share of products that the source looks at on a day."""
    return BEHAVIOURS[preset].collected


def recorded(market: Market, days: int) -> tuple[Sales, Bools]:
    """Let ``days`` days pass: their sales as told, and who was on the list, (n, days + 1).

    Each day is told on its morning, also where the source was late: what is late is not in it.
    """
    begin, seen, columns = market.told, [market.listed()], list[tuple[_Values, ...]]()
    while len(columns) < days:
        market.advance()
        for day in range(begin + len(columns), market.told):
            sold, cents = market.windows.on(day, _UNITS), market.windows.on(day, _CENTS)
            columns.append((sold, cents / 100, market.column("spu_avg_price")))
            seen.append(market.listed())
    columns, seen, ids = columns[:days], seen[: days + 1], tuple(market.slots)
    units, amount, price = (_daily([day[place] for day in columns], len(ids)) for place in range(3))
    born = np.cumsum(units > 0, axis=1) > 0
    start = market.origin + timedelta(days=begin)
    sales = Sales(ids, start, units, amount, np.where(born, price, np.nan))
    return sales, _daily(seen, len(ids)) > 0


def _daily(days: Sequence[_Values], products: int) -> Floats:
    """(n, T): of those that come later, 0 before."""
    found: Floats = np.zeros((products, len(days)))
    for place, values in enumerate(days):
        found[: len(values), place] = values[:products]
    return found
