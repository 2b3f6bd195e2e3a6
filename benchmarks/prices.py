"""What became of a price after each morning: was a fall undone, was it the lowest, did it last?"""

from __future__ import annotations

import numpy as np

from benchmarks.sales import View
from benchmarks.truth import AFTER, BEFORE, GAP
from watcher.model import Bools, Floats

SOON = 4  # days within which a fall that is undone was a flicker
FALL = 0.1
_CHEAPER, _LASTING = 0.03, 0.08
_SLACK = 1e-9


class Prices:
    """Of each product of a view and each morning, (m, T + 1), whether it is listed or not; False
    where the data ends too early."""

    def __init__(self, view: View) -> None:
        sales = view.sales
        unknown = np.full((len(view.rows), 1), np.nan)
        self._now: Floats = np.concatenate([unknown, sales.price[view.rows]], axis=1)

    def undone(self, days: int = SOON) -> Bools:
        """Within so many days it was a tenth higher: where it fell by that, it had not fallen."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self._next(days).max(axis=2) * (1 - FALL) >= self._now - _SLACK)

    def cheaper(self) -> Bools:
        """Within 14 days it was lower by 3% or more."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self._next(AFTER).min(axis=2) <= (1 - _CHEAPER) * self._now)

    def lasting(self) -> Bools:
        """The median of the 14 days after is 8% or more below that of the days d-35 to d-8."""
        usual = np.full(self._now.shape, np.nan)
        spans = np.lib.stride_tricks.sliding_window_view(self._now, BEFORE, axis=1)
        end = BEFORE + GAP
        usual[:, end:] = np.median(spans, axis=2)[:, : self._now.shape[1] - end]
        with np.errstate(invalid="ignore"):
            return np.asarray(np.median(self._next(AFTER), axis=2) <= (1 - _LASTING) * usual)

    def _next(self, days: int) -> Floats:
        """(m, T + 1, days) the prices of the mornings after each; NaN past the data."""
        beyond = np.full((len(self._now), days), np.nan)
        known = np.concatenate([self._now[:, 1:], beyond], axis=1)
        return np.lib.stride_tricks.sliding_window_view(known, days, axis=1)
