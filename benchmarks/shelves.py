"""How often a rule on groups speaks of a list that changes, not of what its products sell.

A rule says that the 7-day GMV of a seller's products on the list rose by 30% in a week. On a market
that stands still, of whose list about half is another one after a week, the plain sums of a quarter
of all groups do so each day; the program compares the products that were on the list both times.
What these sell moves, too: of real sales, whose weeks are made of few large orders, a sum of twenty
products often rises by chance. So a second rule asks that most of them rose.

    python -m benchmarks.shelves FILE.csv [TOP] [SELLERS]   # the same of real sales, as they were
                                                            # and with each product's days shuffled
"""

from __future__ import annotations

import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from benchmarks.report import Line
from benchmarks.sales import Sales, View, read
from benchmarks.told import list_of, scans
from watcher.model import Bools, Floats, Scan
from watcher.pipeline import evaluate
from watcher.rules.files.loading import load_text
from watcher.rules.groups import LEAST_PRODUCTS
from watcher.store.sqlite.database import Database

MOST = 2.0  # percent of the groups a day
_DAYS, _PRODUCTS, _TOP, _SELLERS, _WEEK = 45, 1_600, 400, 16, 7
_STAYS = 0.93  # of where a product stands from one day to the next
_GMV = "total_sale_gmv_7d_amt"
_RISES = 1.3


def lines(_times: int) -> Iterator[Line]:
    """Percents of the groups a day, of the plain sums and of what is compared."""
    found = measure(flat_market(), _TOP, _SELLERS, seen=wandering())
    yield Line(
        "groups a day of a flat market whose 7-day sum rose by 30% from 7d ago",
        (100 * found.compared,), "%", MOST,
        beside=f"of {found.groups:,}; of the plain sums {100 * found.naive:.0f}%",
    )  # fmt: skip


def flat_market(seed: int = 4) -> Sales:
    """Products each of which sells the same every day, but for some noise."""
    chance = np.random.default_rng(seed)
    level = chance.lognormal(3, 1.3, _PRODUCTS)
    units = np.ceil(level[:, np.newaxis] * chance.lognormal(0, 0.2, (_PRODUCTS, _DAYS)))
    names = tuple(f"{1729_000_000 + n}" for n in range(_PRODUCTS))
    return Sales(names, date(2026, 1, 1), units, units * 10, np.full(units.shape, 10.0))


def wandering(seed: int = 5) -> Bools:
    """(n, T + 1) who can be on the list: by a place that wanders, whatever one sells."""
    chance = np.random.default_rng(seed)
    place, found = chance.normal(size=_PRODUCTS), []
    for _ in range(_DAYS + 1):
        place = _STAYS * place + np.sqrt(1 - _STAYS**2) * chance.normal(size=_PRODUCTS)
        found.append(place >= np.sort(place)[-_TOP])
    return np.array(found).T


@dataclass(frozen=True, slots=True)
class Measured:
    """The parts of all groups and days, so many, on which the plain sum rose, on which the program
    says so, and on which it says that most of their products rose, too."""

    naive: float
    compared: float
    most: float
    groups: int


def measure(sales: Sales, top: int, sellers: int, seen: Bools | None = None) -> Measured:
    """Each morning's list, judged by the program."""
    view = View(sales, top, seen)
    watch = list_of(view)
    book = load_text(
        "api: {key: none}\n"
        f"watches: {{sales: {{region: GB, sort: total_sale_7d_cnt desc, top: {top}}}}}\n"
        f"groups: {{shelves: {{of: sales, by: seller_id, metrics: {{gmv: {{sum: {_GMV}}}, rose: "
        f"{{share: {{{_GMV}: {{rises: 10%, from: 7d ago}}}}}}}}}}}}\n"
        "rules:\n"
        "- {name: rises, watch: shelves, when: {gmv: {rises: 30%, from: 7d ago}}}\n"
        "- {name: most, watch: shelves, when: {gmv: {rises: 30%, from: 7d ago}, rose: "
        "{at_least: 60%}}}\n"
    )
    rules = [replace(each, watches=(watch,)) for each in book.rules]
    days: list[Floats] = []
    naive = groups = 0
    met = Counter[str]()
    with Database.in_memory() as database:
        for _, scan in scans(view, watch):
            peopled, sums = _peopled(scan, sellers)
            outcome = evaluate(database, peopled, rules, {}, book.metrics, scan.finished)
            days.append(sums)
            if len(days) > 2 * _WEEK:  # both weeks are whole
                there = ~np.isnan(sums)
                groups += int(there.sum())
                met.update({each.rule: each.met for each in outcome.judged})
                with np.errstate(invalid="ignore"):
                    naive += int((sums >= _RISES * days[-1 - _WEEK]).sum())
    return Measured(naive / groups, met["rises"] / groups, met["most"] / groups, groups)


def _peopled(scan: Scan, sellers: int) -> tuple[Scan, Floats]:
    """The scan with a seller for each product, the same every day; and the sum of each seller, NaN
    of whom too few products are listed."""
    of = np.array([hash_of(each) % sellers for each in scan.product_ids])
    texts = {**scan.texts, "seller_id": tuple(f"{7495 + each}" for each in of.tolist())}
    sums = np.bincount(of, weights=scan.column(_GMV), minlength=sellers)
    enough = np.bincount(of, minlength=sellers) >= LEAST_PRODUCTS
    return replace(scan, texts=texts), np.where(enough, sums, np.nan)


def hash_of(product: str) -> int:
    """A number that is the product's own, and tells nothing of it."""
    return zlib.crc32(product.encode())


def main(path: Path, top: int = 1_000, sellers: int = 25) -> None:
    """What real sales say."""
    sales, chance = read(path), np.random.default_rng(6)
    order = np.argsort(chance.random(sales.units.shape), axis=1)
    still = replace(
        sales,
        units=np.take_along_axis(sales.units, order, 1),
        amount=np.take_along_axis(sales.amount, order, 1),
    )
    for name, each in (("as they were", sales), ("shuffled", still)):
        found = measure(each, top, sellers)
        print(
            f"{name}: plain sums {found.naive:.1%}, compared {found.compared:.1%}, where 60% of "
            f"the products rose {found.most:.1%}, of {found.groups:,} groups a day"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
