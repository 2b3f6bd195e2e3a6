"""The surge: a product sold far more than its usual pace, yesterday and in the six days before.

All of one answer: W1, W7, W30, W60 are its counters of the last days, and the pace is what the
days before the last 7 brought, B = W30 - W7 in n = 23 days (fewer of a product younger than 30).
One day alone sets nothing off, and a bulk order is one day: the lower of the two parts counts.

Where a list is read *sparsely* (sales are booked on the day on which a product is collected, so
that most have none yesterday), the days say nothing; the week is held against W60 - W7 then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from watcher.model import Bools, Floats

WEEK, MONTH, TWO_MONTHS = 7, 30, 60
YOUNGEST = 14  # days: a younger product has no pace yet that a surge could be measured against
LEAST = 20  # products of a list that say something of it
_SELLING = 7  # units a week: of who sells one a day most have a sale yesterday
_QUIETEST = 0.3  # of a list's usual day: a closed shop's would make every sale a surge
_STEADY = 1.5  # a day alone is noisier than six, so it must stand out this much less
_SPARSE_SCALE = 0.8  # so that a threshold tells as much of a sparse list as of another
_SPARSE_NOISE = 3  # of a day whose sales are booked in lumps, beside Poisson's
_DIGITS = 12  # 1.15 / 0.5 is a little less than 2.3, and must still be "at least 2.3"
_ROUNDED = 1e15


@dataclass(frozen=True, slots=True)
class Sums:
    """Sales of the last 1, 7, 30 and 60 days of n products, and their ages in days; (n,)
    each, NaN is absent."""

    day: Floats
    week: Floats
    month: Floats
    two_months: Floats
    age: Floats


_Form: TypeAlias = Callable[[Sums], Floats]


def score(sums: Sums, list_day: Floats, sparse: Floats) -> Floats:
    """(n,) how far yesterday and the six days before both lie above the pace, in standard errors;
    ``list_day`` is the ``day_factor`` of each one's list (NaN: 1), ``sparse`` 1 of a sparse one."""

    def sparse_score(sums: Sums) -> Floats:
        before, days = sums.two_months - sums.week, _days_before(sums, TWO_MONTHS)
        return _SPARSE_SCALE * z(sums.week, WEEK, before, days, _SPARSE_NOISE)

    with np.errstate(all="ignore"):
        before, days = sums.month - sums.week, _days_before(sums, MONTH)
        yesterday = sums.day / np.where(np.isnan(list_day), 1.0, list_day)
        daily = np.minimum(
            _STEADY * z(yesterday, 1, before, days, 1),
            z(sums.week - sums.day, WEEK - 1, before, days, 1),
        )
        return _formed(sums, daily, sparse, sparse_score)


def ratio(sums: Sums, sparse: Floats, pseudo: Floats | float = 1.0) -> Floats:
    """(n,) how many times the pace both were, the lower: 3 is three times. ``pseudo`` a day is
    added on both sides, so that the first sale of what nobody bought is no miracle."""

    def sparse_ratio(sums: Sums) -> Floats:
        before, days = sums.two_months - sums.week, _days_before(sums, TWO_MONTHS)
        return (sums.week / WEEK + pseudo) / (before / days + pseudo)

    with np.errstate(all="ignore"):
        pace = (sums.month - sums.week) / _days_before(sums, MONTH) + pseudo
        six_days = (sums.week - sums.day) / (WEEK - 1) + pseudo
        daily = np.minimum(sums.day + pseudo, six_days) / pace
        return _formed(sums, daily, sparse, sparse_ratio)


def day_factor(sums: Sums) -> float:
    """A list's day against its products' pace, in times: their median, 0.3 at the least; 1 where
    there are fewer than 20 products of which that can be said."""
    with np.errstate(all="ignore"):
        before, days = sums.month - sums.week, _days_before(sums, MONTH)
        times = (sums.day + 0.5) / ((before + 0.5) / days)
        times = times[_usable(sums) & np.isfinite(times)]
    return max(float(np.median(times)), _QUIETEST) if len(times) >= LEAST else 1.0


def idle_share(day: Floats, week: Floats) -> float | None:
    """The share without a sale yesterday of the products that sell 7 a week; None of under 20."""
    with np.errstate(invalid="ignore"):
        selling = (week >= _SELLING) & ~np.isnan(day)
    count = int(np.count_nonzero(selling))
    return float(np.count_nonzero(day[selling] == 0)) / count if count >= LEAST else None


def z(sold: Floats, days: int, before: Floats, before_days: Floats, noise: float) -> Floats:
    """Log ratio of two Poisson rates over its standard error; ``noise`` is a day's beside it."""
    lift = np.log((sold + 0.5) / days) - np.log((before + 0.5) / before_days)
    error = 1 / (sold + 0.5) + 1 / (before + 0.5) + noise * (1 / days + 1 / before_days)
    return np.asarray(lift / np.sqrt(error))


def _days_before(sums: Sums, window: int) -> Floats:
    """Days before the last 7 that a counter of ``window`` days holds of each product."""
    return np.minimum(sums.age, window) - WEEK


def _usable(sums: Sums) -> Bools:
    """Old enough, sells, and the windows don't contradict each other (as far as they are known)."""
    contradicts = (sums.day > sums.week) | (sums.month < sums.week)
    return np.asarray((sums.age >= YOUNGEST) & (sums.week > 0) & ~contradicts)


def _formed(sums: Sums, daily: Floats, sparse: Floats, sparsely: _Form) -> Floats:
    """The daily form, or where the list is sparse the other; no value where none can be."""
    usable, lumps = _usable(sums), sparse > 0
    values = daily
    if lumps.any():
        values = np.where(lumps, sparsely(sums), daily)
        usable &= ~(lumps & (sums.two_months < sums.week))
    values = np.where(usable & np.isfinite(values), values, np.nan)
    # Rounding multiplies first: beyond these a float has no such digits, and the largest overflow.
    with np.errstate(over="ignore"):
        return np.asarray(np.where(np.abs(values) < _ROUNDED, np.round(values, _DIGITS), values))
