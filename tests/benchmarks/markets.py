"""Small markets with a known fate: most products sell a hundred a day, and some do something."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from benchmarks.sales import Sales
from watcher.model import Floats

DAYS, START = 160, date(2025, 1, 1)


def market(days: int = DAYS, steady: int = 20, **others: Floats) -> Sales:
    """``steady`` products of 100 a day, and the ``others`` with their sales of each day."""
    rows: dict[str, Floats] = {f"s{number:02}": np.full(days, 100.0) for number in range(steady)}
    rows |= others
    names = tuple(sorted(rows))
    units = np.array([rows[name] for name in names])
    return Sales(names, START, units, units * 2, np.full(units.shape, 2.0))


def daily(before: float, after: float, day: int, days: int = DAYS) -> Floats:
    """So many a day before ``day``, and so many from then on."""
    return np.where(np.arange(days) < day, before, after).astype(np.float64)


def ordered(size: float, day: int) -> Floats:
    """Ten a day, and one order more."""
    return np.where(np.arange(DAYS) == day, 10 + size, 10.0)


def noisy(products: int, days: int = DAYS, seed: int = 3) -> Sales:
    """Products whose sales differ from day to day, some of which take off for three weeks."""
    random = np.random.default_rng(seed)
    pace = random.uniform(20, 60, (products, 1)) * np.ones((1, days))
    for row in range(0, products, 2):
        begin = int(random.integers(60, days - 20))
        pace[row, begin : begin + 21] *= random.uniform(3, 12)
    units = random.poisson(pace * random.lognormal(0, 0.3, pace.shape)).astype(np.float64)
    names = tuple(f"n{row:03}" for row in range(products))
    return Sales(names, START, units, units * 2, np.full(units.shape, 2.0))


def written(path: Path, sales: Sales) -> Path:
    """The sales as a file."""
    lines = [
        f"{name},{START + timedelta(days=int(day))},{units[day]:g},{units[day] * 2:g},2"
        for name, units in zip(sales.products, sales.units, strict=True)
        for day in np.flatnonzero(units > 0)
    ]
    path.write_text("\n".join(lines), "utf-8")
    return path


def by_name(sales: Sales) -> Mapping[str, int]:
    """The row of each product, where all of them are on the list."""
    return {name: row for row, name in enumerate(sales.products)}
