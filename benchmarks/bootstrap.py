"""How far a share would move, had the shop had other products: drawn anew with replacement.

Products are drawn, not alerts: those of one product have one fate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from watcher.model import Floats, Ints

DRAWS, SEED = 2_000, 13
_OUTSIDE = (2.5, 97.5)  # percentiles: 95% lie between

Counts: TypeAlias = tuple[Ints, Ints]  # of each product (m,), how many there are, and are good


class Interval(NamedTuple):
    """A value as measured, and where 95% of the draws lie."""

    value: float
    low: float
    high: float

    @property
    def above(self) -> bool:
        """Whether it is above 0 beyond doubt."""
        return self.low > 0


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """``draws`` (k, m): how often each of m products is in each draw. Equal for equal m."""

    draws: Ints

    @classmethod
    def of(cls, products: int, draws: int = DRAWS) -> Bootstrap:
        """For so many products."""
        random = np.random.default_rng(SEED)
        return cls(random.multinomial(products, np.full(products, 1 / products), size=draws))

    def share(self, counts: Counts) -> Interval:
        """The share of what is good."""
        return _interval(_share(*counts), self._shares(counts))

    def difference(self, ours: Counts, theirs: Counts) -> Interval:
        """By how much our share is above theirs, the same products drawn for both."""
        drawn = self._shares(ours) - self._shares(theirs)
        return _interval(_share(*ours) - _share(*theirs), drawn)

    def _shares(self, counts: Counts) -> Floats:
        every, good = counts
        with np.errstate(invalid="ignore"):
            return np.asarray((self.draws @ good) / (self.draws @ every))


def _share(every: Ints, good: Ints) -> float:
    count = int(every.sum())
    return float(good.sum()) / count if count else np.nan


def _interval(value: float, drawn: Floats) -> Interval:
    drawn = drawn[np.isfinite(drawn)]  # a draw may have none of a few alerts
    if not len(drawn) or np.isnan(value):
        return Interval(value, np.nan, np.nan)
    low, high = np.percentile(drawn, _OUTSIDE).tolist()
    return Interval(value, low, high)
