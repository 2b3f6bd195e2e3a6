"""How real a market is: the same statistics of a CSV of daily sales and of the simulator's presets.

    python -m benchmarks.market --sales SALES.csv --top 100    # as benchmarks/sales.py reads it
    python -m benchmarks.market real flat stormy               # presets; all of them by default

They are of the list that a watch of the best sellers reads: the ``top`` by 7-day sales of each
morning, from the morning on that all windows are whole.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.sales import SalesError, View, cumulated, read
from benchmarks.simulated import START, recorded
from benchmarks.truth import Truth
from watcher.fields import WINDOWS
from watcher.model import Bools, Floats
from watcher.source.simulator import PRESETS, Behaviour, Market

# As large and as long as the market that was measured.
PRODUCTS, DAYS, TOP, SEED = 3_800, 374, 200, 7
FIRST = max(WINDOWS) + 7
_MOVED = 0.1


@dataclass(frozen=True, slots=True)
class Statistics:
    """How a market's list moves; ``WORDS`` says each in a table's words."""

    next_day: float
    next_week: float
    largest_day: float
    growth: float
    growth_90: float
    unsold: float
    price_moves: float
    autocorrelation: float


WORDS: Mapping[str, str] = {
    "next_day": "still listed after 1 day",
    "next_week": "still listed after 7 days",
    "largest_day": "the largest day's share of the week's units, median",
    "growth": "the week over the week before, median",
    "growth_90": "the week over the week before, 90th percentile",
    "unsold": "sold nothing in the week before",
    "price_moves": "days on which the price moves by over 10%",
    "autocorrelation": "day-to-day autocorrelation of daily units, median",
    "good": "the two weeks after go on: an alert would be good",
    "strict": "... also without their largest day",
    "takeoffs": "take-offs a day, of a list of 100",
}
_NUMBERS = frozenset({"growth", "growth_90", "autocorrelation", "takeoffs"})


def statistics(view: View, first: int = FIRST) -> Statistics:
    """The statistics of a list, from its morning ``first`` on (14 at least).

    A share that stays listed is the mean over mornings. A week after one without a sale is
    infinitely many times it, and counts as that in the median and the percentile. A price moves
    where the newest day's is not within 10% of the day's before. The autocorrelation is that of
    the plain daily units of all days about the product's own mean, at a lag of one day: the
    median over products that are ever listed.
    """
    if view.sales.days < first + 14:
        raise ValueError(f"{view.sales.days} days of sales are too few: {first + 14} are needed")
    sums = cumulated(view.sales.units[view.rows])
    listed = view.listed[:, first:]
    week = (sums[:, 7:] - sums[:, :-7])[:, first - 7 :][listed]
    before = (sums[:, 7:] - sums[:, :-7])[:, first - 14 : -7][listed]
    days = np.lib.stride_tricks.sliding_window_view(view.sales.units[view.rows], 7, axis=1)
    largest = days[:, first - 7 :].max(axis=2)[listed]
    with np.errstate(divide="ignore"):
        growth = week / before
    # Between an infinite value and a finite one there is no middle: an element is taken.
    middle, high = np.percentile(growth, (50, 90), method="lower")
    return Statistics(
        next_day=_staying(listed, 1),
        next_week=_staying(listed, 7),
        largest_day=float(np.median(largest / week)),
        growth=float(middle),
        growth_90=float(high),
        unsold=float((before == 0).mean()),
        price_moves=_price_moves(view.sales.price[view.rows][:, first - 2 :], listed),
        autocorrelation=float(np.median(_autocorrelation(view.sales.units[view.rows]))),
    )


@dataclass(frozen=True, slots=True)
class Rises:
    """What there is to be found: shares of listed product-days, and take-offs a day."""

    good: float
    strict: float
    takeoffs: float


def rises(view: View) -> Rises:
    """What becomes of who is listed, as ``benchmarks/truth.py`` has it."""
    truth = Truth(view, view.sales)
    return Rises(
        good=float(truth.good[truth.usable].mean()),
        strict=float(truth.strict[truth.usable].mean()),
        takeoffs=len(truth.takeoffs) / truth.days / view.top * 100,
    )


def measured(view: View) -> dict[str, float]:
    """All of it, by the names of ``WORDS``."""
    return asdict(statistics(view)) | asdict(rises(view))


def _staying(listed: Bools, days: int) -> float:
    stays = (listed[:, :-days] & listed[:, days:]).sum(axis=0)
    return float((stays / listed[:, :-days].sum(axis=0)).mean())


def _price_moves(price: Floats, listed: Bools) -> float:
    """The share of listed mornings, (m, k); ``price`` is (m, k + 1), of the newest days."""
    moved = np.abs(price[:, 1:] / price[:, :-1] - 1)[listed]
    return float((moved[~np.isnan(moved)] > _MOVED).mean())


def _autocorrelation(units: Floats) -> Floats:
    around = units - units.mean(axis=1, keepdims=True)
    squares = (around**2).sum(axis=1)
    known = squares > 0
    return np.asarray((around[:, 1:] * around[:, :-1]).sum(axis=1)[known] / squares[known])


def simulated_view(behaviour: Behaviour, *, products: int, days: int, top: int, seed: int) -> View:
    """The list of a simulated market of one region."""
    market = Market(start=START, seed=seed, products=products, regions=("US",), behaviour=behaviour)
    sales, seen = recorded(market, days)
    return View(sales, top, seen)


def table(columns: Mapping[str, Mapping[str, float]]) -> str:
    """A Markdown table: a row a statistic, a column for each market by its name."""
    lines = [
        f"| of the listed products | {' | '.join(columns)} |",
        "| --- |" + " --- |" * len(columns),
    ]
    for name, words in WORDS.items():
        values = [_shown(name, each[name]) for each in columns.values()]
        lines.append(f"| {words} | {' | '.join(values)} |")
    return "\n".join(lines)


def _shown(name: str, value: float) -> str:
    if name not in _NUMBERS:
        return f"{value:.1%}"
    return "infinite" if math.isinf(value) else f"{value:.2f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what the command line names, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("presets", nargs="*", metavar="PRESET", help=", ".join(PRESETS))
    parser.add_argument("--sales", type=Path, help="a CSV of daily sales")
    parser.add_argument("--top", type=int, help=f"places of the list (default {TOP})", default=TOP)
    parser.add_argument("--products", type=int, default=PRODUCTS, help="of a simulated market")
    parser.add_argument("--days", type=int, default=DAYS, help="of a simulated market")
    parser.add_argument("--seed", type=int, default=SEED, help="of a simulated market")
    chosen = parser.parse_args(arguments)
    for name in chosen.presets:
        if name not in PRESETS:
            parser.error(f"no preset {name}; there are {', '.join(PRESETS)}")
    try:
        columns = {}
        if chosen.sales is not None:
            columns[chosen.sales.name] = measured(View(read(chosen.sales), chosen.top))
        for name in chosen.presets or (() if chosen.sales else PRESETS):
            columns[name] = measured(
                simulated_view(
                    PRESETS[name], products=chosen.products, days=chosen.days,
                    top=chosen.top, seed=chosen.seed,
                )
            )  # fmt: skip
    except (SalesError, ValueError) as error:
        parser.error(str(error))
    print(table(columns))


if __name__ == "__main__":
    main()
