"""Judges detectors of take-offs: who was told when, and how much of it went on.

A detector's scores are a matrix (m, T + 1) over a view, the higher the surer, NaN is no value.
Thresholds are tuned on one half of the products and the result is taken on the other, so that
nothing is praised for having learned its own data.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.sales import Sales, View
from benchmarks.truth import EARLY, LATE, Truth
from watcher.model import Bools, Floats, Ints

COOLDOWN = 7  # days in which a product is not told again
KEPT = 7  # days for which a product that left the list keeps its state
HALVES = ("A", "B")
_TRIED = 400  # thresholds that are tried
_STRIDE = 16

BULK_UNITS, BULK_ORDERS, BULK_DAYS = 3_000, 200, 7
_BULK_PRICE = 0.8  # of the usual one
_BULK_SEED, _LEAST_SOLD = 1, 300


@dataclass(frozen=True, slots=True)
class Score:
    """How a detector did on some products.

    ``told`` and ``good`` count the alerts of each product (m,): those that could be judged, those
    that were good and ``strict`` those that were strictly. ``delay`` is the median of days from a
    take-off's begin until it was told.
    """

    a_day: float
    told: Ints
    good: Ints
    strict: Ints
    caught: int
    takeoffs: int
    delay: float

    @property
    def alerts(self) -> int:
        """Alerts that could be judged."""
        return int(self.told.sum())

    @property
    def precision(self) -> float:
        """The share of alerts that were good."""
        return share(self.good.sum(), self.alerts)

    @property
    def strictly(self) -> float:
        """The share of alerts that were strictly good."""
        return share(self.strict.sum(), self.alerts)

    @property
    def recall(self) -> float:
        """The share of take-offs that were caught."""
        return share(self.caught, self.takeoffs)


class Bench:
    """The ``top`` of a list over the days of ``sales``, and the two halves of its products.

    ``told`` makes of sales what the source tells of them; all, by default. ``half`` is ``"A"`` or
    ``"B"``; None is all products.
    """

    def __init__(
        self, sales: Sales, top: int, told: Callable[[Sales], Sales] = lambda sales: sales
    ) -> None:
        self.sales, self.top, self._told = sales, top, told
        self.view = self.seen(sales)
        self.truth = Truth(self.view, sales)
        names = (sales.products[row].encode() for row in self.view.rows.tolist())
        self._half = np.array([zlib.crc32(name) // 2 % 2 for name in names], np.int64)

    def seen(self, sales: Sales) -> View:
        """What the source tells of ``sales``."""
        return View(self._told(sales), self.top)

    def rows(self, half: str | None) -> Bools:
        """(m,) the products of a half."""
        if half is None:
            return np.ones(len(self._half), np.bool_)
        return np.asarray(self._half == HALVES.index(half))

    def base(self, half: str | None = None) -> tuple[float, float]:
        """Of all listed product-days, the shares that are good and strictly good."""
        usable = self.truth.usable & self.rows(half)[:, None]
        count = int(usable.sum())
        good, strict = self.truth.good[usable].sum(), self.truth.strict[usable].sum()
        return share(good, count), share(strict, count)

    def told(self, scores: Floats, threshold: float) -> Bools:
        """Whom a detector tells of, when."""
        with np.errstate(invalid="ignore"):
            met = (scores >= threshold) & self.truth.old
        return alerts(met, self.view.listed)

    def a_day(self, told: Bools, half: str | None = None) -> float:
        """Alerts a day on the judged mornings, as if the half were the whole list; NaN where
        nothing of it was ever listed."""
        usable = self.truth.usable
        part = share(usable[self.rows(half)].sum(), usable.sum())
        count = (told & self.truth.judged & self.rows(half)[:, None]).sum()
        return share(float(count) / self.truth.days, part)

    def threshold(self, scores: Floats, budget: float, half: str | None = None) -> float:
        """The lowest threshold that tells at most ``budget`` a day.

        As a threshold falls alerts grow more, and then fewer, for what always holds is told
        once: it is sought from the strict end. Where none tells more than the budget, it is that
        which tells most.
        """
        rows = self.rows(half)[:, None]
        tried = _candidates(scores[self.truth.usable & np.isfinite(scores) & rows])
        if not len(tried):
            return np.inf

        def a_day(place: int) -> float:
            return self.a_day(self.told(scores, float(tried[place])), half)

        within, most = 0, (0.0, 0)
        for beyond in [*range(0, len(tried), _STRIDE), len(tried) - 1]:
            if (found := a_day(beyond)) > budget:
                break
            within, most = beyond, max(most, (found, beyond))
        else:
            return float(tried[most[1]])
        while within < beyond - 1:
            middle = (within + beyond) // 2
            within, beyond = (within, middle) if a_day(middle) > budget else (middle, beyond)
        return float(tried[within])

    def score(self, told: Bools, half: str | None = None) -> Score:
        """How those who were told did."""
        truth, rows = self.truth, self.rows(half)
        counted = told & truth.usable & rows[:, None]
        delays, takeoffs = [], 0
        for takeoff in truth.takeoffs:
            if rows[takeoff.row]:
                takeoffs += 1
                begin = max(0, takeoff.day - EARLY)
                near = np.flatnonzero(told[takeoff.row, begin : takeoff.day + LATE + 1])
                if len(near):
                    delays.append(max(0, begin + int(near[0]) - takeoff.day))
        return Score(
            self.a_day(told, half),
            told=counted.sum(axis=1),
            good=(counted & (truth.good == 1)).sum(axis=1),
            strict=(counted & (truth.strict == 1)).sum(axis=1),
            caught=len(delays),
            takeoffs=takeoffs,
            delay=float(np.median(delays)) if delays else np.nan,
        )

    def picked(self, half: str | None = None) -> tuple[Ints, Ints]:
        """Of each product (m,) how many product-days could be picked, and how many are good."""
        usable = self.truth.usable & self.rows(half)[:, None]
        return usable.sum(axis=1), (usable & (self.truth.good == 1)).sum(axis=1)


class Bulk:
    """One large order each on quiet products of a half: does it set off an alert that was not
    told without it, within the 7 days after?"""

    def __init__(self, bench: Bench, half: str | None = None) -> None:
        self._bench = bench
        view, sales = bench.view, bench.sales
        random = np.random.default_rng(_BULK_SEED)
        rows = view.rows[bench.rows(half)]
        quiet = rows[sales.units[rows].sum(axis=1) > _LEAST_SOLD]
        self._picked = random.permutation(quiet)[:BULK_ORDERS]
        self._day = random.integers(bench.truth.first, bench.truth.end - 8, len(self._picked))
        units, amount = sales.units.copy(), sales.amount.copy()
        price = np.nan_to_num(sales.price[self._picked, self._day], nan=1.0)
        units[self._picked, self._day] += BULK_UNITS
        amount[self._picked, self._day] += BULK_UNITS * _BULK_PRICE * price
        changed = Sales(sales.products, sales.start, units, amount, sales.price)
        self.view = bench.seen(changed)

    def share(self, before: Floats, after: Floats, threshold: float) -> float:
        """The share of orders that set off an alert; the scores without the orders, and those
        over this ``view``, which has them."""
        with np.errstate(invalid="ignore"):
            told = alerts(after >= threshold, self.view.listed)
            told_before = alerts(before >= threshold, self._bench.view.listed)
        set_off = [
            _soon(told, self.view.rows, product, day)
            and not _soon(told_before, self._bench.view.rows, product, day)
            for product, day in zip(self._picked.tolist(), self._day.tolist(), strict=True)
        ]
        return share(sum(set_off), len(set_off))


def _soon(told: Bools, rows: Ints, product: int, day: int) -> bool:
    """Whether the product is told of on the mornings after ``day``."""
    row = int(np.searchsorted(rows, product))
    known = row < len(rows) and rows[row] == product
    return known and bool(told[row, day + 1 : day + 1 + BULK_DAYS].any())


def alerts(met: Bools, listed: Bools) -> Bools:
    """(m, T) whom a rule tells of: as it begins to be met, at most once in 7 days.

    What begins within the cooldown is told at its end, if it is still met. A product that leaves
    the list keeps its state for 7 days.
    """
    told = np.zeros(met.shape, np.bool_)
    ever = np.flatnonzero((met & listed).any(axis=1))
    met, listed = met[ever], listed[ever]
    firing, owed = np.zeros(len(ever), np.bool_), np.zeros(len(ever), np.bool_)
    last, seen = np.full(len(ever), -99), np.full(len(ever), -99)
    for day in range(met.shape[1]):
        here = listed[:, day]
        firing &= day - seen <= KEPT
        now = np.where(here, met[:, day], firing)
        owed = (owed | (now & ~firing)) & now
        firing = now
        tell = owed & here & (day - last >= COOLDOWN)
        told[ever, day] = tell
        last[tell], seen[here] = day, day
        owed &= ~tell
    return told


def _candidates(scores: Floats) -> Floats:
    """Some of the scores, the highest first: the more, the higher they are."""
    values = np.unique(scores)
    if not len(values):
        return values
    places = np.round(len(values) - np.geomspace(1, len(values), _TRIED)).astype(np.int64)
    return np.asarray(values[np.unique(places.clip(0, len(values) - 1))][::-1])


def share(part: float, whole: float) -> float:
    """``part / whole``; NaN of nothing."""
    return float(part) / float(whole) if whole else np.nan
