"""How a list's products sold after a morning, against their level of before.

**Before** is one answer's: the counter of 30 days less that of 7, over the days between (23, of a
young product fewer): the week that may have set an alert off is not in it. **After** are the 14
days from that morning on, in this order:

1. the all-time total of the first scan from the 14th day on (at most a week later) less that of
   the morning, over the days between them: no gap and no late scan falsifies it;
2. the 7-day counters of the 7th and the 14th day;
3. the 15-day counter of the 15th day.

Days are those of the data: a scan whose numbers are those of the day before counts as that day.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from watcher.keyapi.query import Query
from watcher.model import Bools, Floats, Ints
from watcher.rules.metrics import Catalogue
from watcher.store.aftermath import Aftermath, Look
from watcher.units import DAY

DAYS = 14  # after which what was told is judged
LATEST = 21  # days after which it is not looked for any more
WENT_ON = 1.5  # times the level before

WEEK, HALF, MONTH, TOTAL = (
    "total_sale_7d_cnt", "total_sale_15d_cnt", "total_sale_30d_cnt", "total_sale_cnt",
)  # fmt: skip
_FIELDS = (WEEK, HALF, MONTH, TOTAL, "first_crawl_dt")
_AGE = Catalogue()["age_days"]
_YOUNGEST, _OLDEST, _FEWEST = 14, 30, 7  # days
_HALF_DAY = DAY // 2
_EARLIEST = DAYS * DAY - _HALF_DAY  # seconds
# A total that was corrected, or stands still, contradicts the counters: by more than so much.
_LOOSE, _FEW = 1.1, 10
# Who leaves a list of these filters alone has fewer sales than its last place.
_STEADY = {"category_id", "category_l2_id", "category_l3_id"}


@dataclass(frozen=True, slots=True)
class Course:
    """n products: sales a day ``before`` and ``after``, NaN where that is not known.

    ``bound`` is the most that ``after`` can be, where the product has left the list; else NaN.
    ``seen``: some scan from the 14th day on had it; ``old``: it has a level before.
    """

    before: Floats
    after: Floats
    bound: Floats
    seen: Bools
    old: Bools


@dataclass(frozen=True, slots=True)
class _Numbers:
    """Columns of some products at one of their scans, by field."""

    table: Floats

    def __getitem__(self, name: str) -> Floats:
        return np.asarray(self.table[:, _FIELDS.index(name)])


def course(
    past: Aftermath, query: Query, begin: Look, products: Ints, *, bounded: bool = True
) -> Course:
    """How ``products`` fared from the scan ``begin`` on, of a list that ``query`` reads; of those
    that left it the bound only if ``bounded``."""
    marks = np.full(len(products), begin.mark)
    then = _Numbers(past.numbers(products, marks, _FIELDS))
    before = _before(then, begin.data)
    end = past.first_seen(products, begin.data + _EARLIEST, begin.data + LATEST * DAY)
    seen = end.marks > 0
    now = _Numbers(past.numbers(products, end.marks, _FIELDS))
    after = _by_total(then, now, np.rint((end.data - begin.data) / DAY))
    rows = np.flatnonzero(np.isnan(after) & ~np.isnan(before) & (seen | bounded))
    bound = np.full(len(products), np.nan)
    if len(rows):
        weeks = _Weeks(past, query, begin, products[rows])
        after[rows] = np.where(seen[rows], weeks.observed(), np.nan)
        bound[rows] = np.where(seen[rows], np.nan, weeks.most())
    return Course(before, after, bound, seen, ~np.isnan(before))


def _before(then: _Numbers, at: int) -> Floats:
    """Sales a day of the days before the last 7."""
    age = _AGE.compute({"first_crawl_dt": then["first_crawl_dt"]}, at)
    days = np.minimum(age, _OLDEST) - _FEWEST
    sold = then[MONTH] - then[WEEK]
    with np.errstate(invalid="ignore"):
        return np.where((age >= _YOUNGEST) & (sold >= 0), sold / days, np.nan)


def _by_total(then: _Numbers, now: _Numbers, days: Floats) -> Floats:
    """By the all-time totals, where the counters of the end don't contradict them."""
    with np.errstate(invalid="ignore", divide="ignore"):
        sold = now[TOTAL] - then[TOTAL]
        least = sold * _LOOSE + _FEW >= now[WEEK]
        most = np.isnan(now[MONTH]) | (sold <= now[MONTH] * _LOOSE + _FEW)
        usable = (sold >= 0) & least & most & (days >= 1)
        return np.where(usable, sold / days, np.nan)


class _Weeks:
    """The counters of 7 and 15 days at their days."""

    def __init__(self, past: Aftermath, query: Query, begin: Look, products: Ints) -> None:
        self._past, self._query = past, query
        self._begin, self._products = begin, products
        self._first = self._counter(WEEK, 7)
        self._second = self._counter(WEEK, DAYS)

    def observed(self) -> Floats:
        """Sales a day: by two weeks, else by the half month."""
        weeks = (self._first + self._second) / DAYS
        return np.where(np.isnan(weeks), self._counter(HALF, DAYS + 1) / (DAYS + 1), weeks)

    def most(self) -> Floats:
        """The most that the sales a day can be of who is not on the list any more: in a week at
        whose end it was not listed, those of the list's last place."""
        first = np.where(np.isnan(self._first), self._last_place(7), self._first)
        return (first + self._last_place(DAYS)) / DAYS

    def _counter(self, field: str, day: int) -> Floats:
        begin = self._begin.data + day * DAY
        seen = self._past.first_seen(self._products, begin - _HALF_DAY, begin + _HALF_DAY)
        return self._past.numbers(self._products, seen.marks, [field])[:, 0]

    def _last_place(self, day: int) -> float:
        """NaN where a product may be missing for another reason than that it sells less."""
        query = self._query
        by_sales = query.sort == WEEK and query.descending
        if not by_sales or any(name not in _STEADY for name, _ in query.filters):
            return np.nan
        begin = self._begin.data + day * DAY
        for look in self._past.within(
            begin - _HALF_DAY, begin + (LATEST - DAYS) * DAY, self._begin.watch
        ):
            if look.proves and look.size >= query.top:
                return self._past.last_place(look, WEEK)
        return np.nan
