"""The sales of one product after its alert, against their level of before: the scores' measure
(``course``), from what is stored of that product alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from watcher.analysis.scores.course import (
    DAYS,
    FIELDS,
    LATEST,
    WEEK,
    Numbers,
    level_before,
    sold_by_total,
)
from watcher.language import gettext_noop as N_
from watcher.model import Instant, Ints
from watcher.store.ports import Store
from watcher.units import DAY, HOUR, MINUTE

SPANS = ((7, 11), (DAYS, LATEST))  # days after which it is asked, and up to which it is awaited
TOO_YOUNG = N_("too young to say")
UNSEEN = N_("not seen later")
NO_NUMBER = N_("no number around that day")
_SLACK = 12 * HOUR
_MARKED = 5 * MINUTE  # after a scan its numbers stand, though others were recorded before it


@dataclass(frozen=True, slots=True)
class Afterwards:
    """Sales ``a_day`` from the alert to the first numbers from the day ``days`` after it on, which
    were seen at ``at``, and how many ``times`` the level of before these are. Of what is not known
    ``why`` says so."""

    days: int
    at: Instant | None = None
    a_day: float | None = None
    times: float | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Sold:
    """The level ``before`` an alert, sales a day without the week that may have set it off, None
    where none is known; and what came after it."""

    before: float | None
    after: tuple[Afterwards, ...]


def sold(database: Store, product: int, begun: Instant, now: Instant) -> Sold:
    """Look it up."""
    at, values = database.history.series(product, FIELDS, begun + _MARKED)
    if not len(at) or at[0] > begun + _MARKED:  # nothing of that day is kept
        return Sold(None, tuple(Afterwards(first, why=NO_NUMBER) for first, _latest in SPANS))
    past = _Past(begun, at, dict(zip(FIELDS, values.T, strict=True)))
    before = past.before
    return Sold(before, tuple(past.after(first, latest, before, now) for first, latest in SPANS))


@dataclass(frozen=True, slots=True)
class _Past:
    """A product from when its alert began: (m,) times, and numbers by field, of which the first
    are those of then."""

    begun: Instant
    at: Ints
    numbers: Numbers

    @property
    def before(self) -> float | None:
        return _known(level_before(self._of(0), np.array([self.begun], np.int64))[0])

    def after(self, first: int, latest: int, before: float | None, now: Instant) -> Afterwards:
        """The sales up to the first numbers from one day after it on and before another; else by
        the weeks."""
        row = self._row(first, latest)
        if row is None:
            return Afterwards(first, why=self._why(self.begun + first * DAY, now))
        days = np.rint((self.at[row : row + 1] - self.begun) / DAY)
        a_day = _known(sold_by_total(self._of(0), self._of(row), days)[0])
        if a_day is None:
            a_day = self._by_weeks(first)
        if a_day is None:
            return Afterwards(first, why=NO_NUMBER)
        return Afterwards(first, int(self.at[row]), a_day, a_day / before if before else None)

    def _by_weeks(self, days: int) -> float | None:
        """Sales a day by the counters of whole weeks."""
        ends = range(7, days + 1, 7)
        rows = [row for each in ends if (row := self._row(each, each + 1)) is not None]
        if len(rows) < len(ends):
            return None
        return _known(float(self.numbers[WEEK][rows].sum()) / days)

    def _row(self, first: int, latest: int) -> int | None:
        begin, end = (self.begun + day * DAY - _SLACK for day in (first, latest))
        rows = np.flatnonzero((self.at >= begin) & (self.at < end))
        return int(rows[0]) if len(rows) else None

    def _of(self, row: int) -> Numbers:
        return {name: column[row : row + 1] for name, column in self.numbers.items()}

    def _why(self, asked: Instant, now: Instant) -> str:
        if now < asked:
            return TOO_YOUNG
        return UNSEEN if self.at[-1] < asked - _SLACK else NO_NUMBER


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
