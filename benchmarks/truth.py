"""What became of products after each morning: by what detectors and rules are judged.

A morning d knows the days before d. Each comparison is divided by what the market as a whole did
between the same two times, so that Christmas is no product's take-off.

- An alert of morning d is *good* where the 14 days from d on sell at least 1.5 times the level of
  the days d-35 to d-8; *strictly* good where they do without their largest day, too. The week that
  set it off is in neither.
- A product *fell* where those 14 days sell at most 0.7 times that level.
- A *take-off* begins on day t where the 14 days from t on sell at least twice the level of the 28
  days before, also without their largest day, and at least 20 a week. Of a run of such days the
  best counts; a product's are 28 days apart. It is *caught* by an alert of t-3 to t+14.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from benchmarks.sales import Sales, View, cumulated
from watcher.model import Bools, Floats, Ints

AFTER, BEFORE = 14, 28  # days that are compared
GAP = 7  # days between them for an alert: the week that may have set it off
GOOD, TAKEOFF, FALLEN = 1.5, 2.0, 0.7  # times the level before
LEAST = 20  # units a week that a take-off sells
APART = 28  # days between two take-offs of a product
EARLY, LATE = 3, 14  # days around the begin of a take-off on which an alert catches it
FIRST = 97  # morning from which on is judged: the longest window is full by then
_LEVEL = 0.05  # units a day, so that what sold nothing before can be compared, too


@dataclass(frozen=True, slots=True)
class TakeOff:
    """``row`` of the view takes off on ``day``."""

    row: int
    day: int


class Truth:
    """Of each product of a view and each morning, (m, T + 1); from the full ``sales``.

    ``good``, ``strict`` and ``fell`` are 1 or 0, NaN where the time leaves the data or the product
    is too young. ``old``: sold early enough to have a level. ``judged``: the mornings that count.
    ``usable``: listed product-days that are good or not.
    """

    def __init__(self, view: View, sales: Sales, first: int = FIRST) -> None:
        self.first, self.end = first, sales.days - AFTER + 1
        if self.end - first < AFTER:
            raise ValueError(
                f"{sales.days} days of sales are too few: {first + 2 * AFTER - 1} are needed, of "
                f"which the first {first} fill the windows"
            )
        self.view = view
        self._after = _After(sales, view.rows)
        level = self._after.against(-BEFORE - GAP, -GAP)
        with np.errstate(invalid="ignore"):
            known = np.isfinite(level.after) & np.isfinite(level.before) & level.old
            good = (level.after >= GOOD * level.before) & (level.after > 0)
            fell = level.after <= FALLEN * level.before
            steady = good & (level.steady >= GOOD * level.before) & (level.steady > 0)
        self.old = level.old
        self.good: Floats = np.where(known, good, np.nan)
        self.strict: Floats = np.where(known, steady, np.nan)
        self.fell: Floats = np.where(known, fell, np.nan)
        self.judged: Bools = np.zeros(view.listed.shape, np.bool_)
        self.judged[:, first : self.end] = True
        self.usable: Bools = view.listed & self.judged & known

    @property
    def days(self) -> int:
        """How many mornings are judged."""
        return self.end - self.first

    @cached_property
    def takeoffs(self) -> tuple[TakeOff, ...]:
        """Those that an alert could have caught: listed on one of the 14 mornings after."""
        seen = self.view.listed & self.old
        return tuple(
            takeoff
            for takeoff in self._takeoffs()
            if self.first <= takeoff.day < self.end - AFTER
            and seen[takeoff.row, takeoff.day + 1 : takeoff.day + 1 + AFTER].any()
        )

    def _takeoffs(self) -> Iterator[TakeOff]:
        level = self._after.against(-BEFORE, 0)
        with np.errstate(invalid="ignore"):
            risen = np.minimum(level.after, level.steady) >= TAKEOFF * level.before
            risen &= level.old & (self._after.sold / (AFTER / 7) >= LEAST)
        times = (level.steady + _LEVEL) / (level.before + _LEVEL)
        for row in np.flatnonzero(risen.any(axis=1)).tolist():
            earliest = BEFORE
            for begin, end in _runs(risen[row]):
                start = max(begin, earliest)
                if start < end:
                    best = start + int(np.argmax(times[row, start:end]))
                    earliest = max(end, best + APART)
                    yield TakeOff(row, best)


@dataclass(frozen=True, slots=True)
class _Level:
    """Units a day, (m, T + 1): ``before``; ``after``, and ``steady``, without its largest day, both
    divided by the market's own move. ``old``: the product had sold when ``before`` began."""

    before: Floats
    after: Floats
    steady: Floats
    old: Bools


class _After:
    """What the 14 days from each morning on brought."""

    def __init__(self, sales: Sales, rows: Ints) -> None:
        self._rows = rows
        self._first = sales.first_sold[:, None]
        self._sums = cumulated(sales.units[rows])
        # One order for ten thousand must not be the market's own move.
        self._capped = cumulated(np.minimum(sales.units, _usual_most(sales.units)))
        self.sold = _span(self._sums, 0, AFTER)
        self._largest = np.full_like(self.sold, np.nan)
        windows = np.lib.stride_tricks.sliding_window_view(sales.units[rows], AFTER, axis=1)
        self._largest[:, : windows.shape[1]] = windows.max(axis=2)

    def against(self, begin: int, end: int) -> _Level:
        """Compared with the days from ``begin`` to before ``end``, counted from the morning."""
        days = end - begin
        old = self._first <= np.arange(self.sold.shape[1]) + begin
        after = np.where(old, _span(self._capped, 0, AFTER), 0)
        before = np.where(old, _span(self._capped, begin, end), 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            market = (np.nansum(after, 0) / AFTER) / (np.nansum(before, 0) / days + 1e-9)
            return _Level(
                before=_span(self._sums, begin, end) / days,
                after=self.sold / AFTER / market,
                steady=(self.sold - self._largest) / (AFTER - 1) / market,
                old=old[self._rows],
            )


def _usual_most(units: Floats) -> Floats:
    """(n, 1) what nearly every day of a product that sold anything stays below."""
    sold = (day[day > 0] for day in units)
    return np.array([[np.quantile(days, 0.99) if len(days) else 0.0] for days in sold])


def _span(sums: Floats, begin: int, end: int) -> Floats:
    """What the days d+begin to d+end-1 brought for each morning d; NaN where they leave the
    data. ``sums`` are cumulated."""
    days = sums.shape[1] - 1
    mornings = np.arange(max(0, -begin), min(days, days - end) + 1)
    found = np.full(sums.shape, np.nan)
    found[:, mornings] = sums[:, mornings + end] - sums[:, mornings + begin]
    return found


def _runs(mask: Bools) -> Iterator[tuple[int, int]]:
    """Begin and end of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
