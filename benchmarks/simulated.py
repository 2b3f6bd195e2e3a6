"""The daily sales of the simulated market, as if they had been read from a file."""

from __future__ import annotations

from datetime import date

import numpy as np

from benchmarks.sales import Sales
from watcher.keyapi.simulator.market import Market
from watcher.model import Floats

START = date(2025, 11, 24)
PRESETS = ("default",)


def simulated(preset: str, *, days: int, products: int, seed: int = 7) -> Sales:
    """What each product of one region sold on so many days, with the price of each day."""
    del preset
    market = Market(start=START, products=products, regions=("US",), seed=seed)
    start, columns = market.day, list[tuple[Floats, ...]]()
    for _ in range(days):
        market.advance()
        columns.append(
            tuple(
                np.asarray(market.column(name), np.float64)
                for name in ("total_sale_1d_cnt", "total_sale_gmv_1d_amt", "spu_avg_price")
            )
        )
    names = tuple(f"p{number:06}" for number in range(len(columns[-1][0])))
    units, amount, price = (_daily(columns, place, len(names)) for place in range(3))
    born = np.cumsum(units > 0, axis=1) > 0
    return Sales(names, start, units, amount, np.where(born, price, np.nan))


def _daily(columns: list[tuple[Floats, ...]], place: int, products: int) -> Floats:
    """(n, T): of those that come later, 0 before."""
    found = np.zeros((products, len(columns)))
    for day, values in enumerate(columns):
        found[: len(values[place]), day] = values[place]
    return found
