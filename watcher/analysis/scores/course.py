"""The sales of a list's products after a morning, against their level of before.

**Before** is one answer's: the counter of 30 days less that of 7, over the days between (23, of a
young product fewer): the week that may have set an alert off is not in it. **After** are the 14
days from that morning on, in this order:

1. the all-time total of the first scan from the 14th day on (at most a week later) less that of
   the morning, over the days between: no gap and no late scan falsifies it;
2. the 7-day counters of the 7th and the 14th day, or the 15-day counter of the 15th;
3. of a product that was not on the list then, and came back up to three months later: the total's
   difference less a counter of that later day, so that 14 days and at most a week more are left;
4. else between what it had sold when it was seen last and what it can have sold at most: less than
   the list's last place.

Days are those of the data: a scan whose numbers are those of the day before counts as that day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from watcher.model import Bools, Floats, Ints
from watcher.rules.metrics import Catalogue
from watcher.rules.rulebook import Watch
from watcher.store.sql.aftermath import Aftermath, FoundBy
from watcher.units import DAY

DAYS = 14  # after which what was told is judged
LATEST = 21  # days after which it is not awaited any more
WENT_ON = 1.5  # times the level before

WEEK, TOTAL = "total_sale_7d_cnt", "total_sale_cnt"
_HALF, _MONTH = "total_sale_15d_cnt", "total_sale_30d_cnt"
_WINDOWS = (7, 15, 30, 60, 90)  # days of the counters
_COUNTERS = tuple(f"total_sale_{days}d_cnt" for days in _WINDOWS)
FIELDS = (*_COUNTERS, TOTAL, "first_crawl_dt")
_AGE = Catalogue()["age_days"]
_YOUNGEST, _OLDEST, _FEWEST = 14, 30, 7  # days
_LONGEST = LATEST + _WINDOWS[-1]  # days after which a product that comes back says nothing more
_SLACK = DAY // 2
# A total that was corrected, or stands still, contradicts the counters: by more than so much.
_LOOSE, _FEW = 1.1, 10
# Who leaves a list of these filters alone has fewer sales than its last place.
_STEADY = {"category_id", "category_l2_id", "category_l3_id"}


@dataclass(frozen=True, slots=True)
class Probes:
    """Products, each at a scan of ``watch``: its ``marks`` and the time of its ``data``."""

    watch: Watch
    products: Ints
    marks: Ints
    data: Ints

    def __getitem__(self, rows: Ints) -> Probes:
        return Probes(self.watch, self.products[rows], self.marks[rows], self.data[rows])


@dataclass(frozen=True, slots=True)
class Course:
    """Sales a day: ``before``, NaN without such a level, and after between ``low`` and ``high`` (0
    and infinite where nothing is known)."""

    before: Floats
    low: Floats
    high: Floats

    @property
    def exact(self) -> Bools:
        """Whether after is known, of each."""
        return np.equal(self.low, self.high)


Numbers = Mapping[str, Floats]


def _numbers(past: Aftermath, products: Ints, marks: Ints) -> Numbers:
    """The counters of some products at one of their scans, by field."""
    return dict(zip(FIELDS, past.numbers(products, marks, FIELDS).T, strict=True))


def course(past: Aftermath, probes: Probes, *, bounded: bool = True) -> Course:
    """The course of each probe; where not ``bounded`` nothing of those that were not seen later."""
    then = _numbers(past, probes.products, probes.marks)
    before = level_before(then, probes.data)
    end = seen_by(past, probes, DAYS, LATEST)
    now = _numbers(past, probes.products, end.marks)
    after = sold_by_total(then, now, _days(probes, end))
    rows = np.flatnonzero(np.isnan(after) & (end.marks > 0))
    after[rows] = _by_counters(past, probes[rows])
    known = ~np.isnan(after)
    low, high = np.where(known, after, 0.0), np.where(known, after, np.inf)
    rows = np.flatnonzero(~known & ~np.isnan(before))
    if bounded and len(rows):
        gone = _Gone(past, probes[rows], then[TOTAL][rows])
        low[rows], high[rows] = gone.low, gone.high
    return Course(before, low, high)


def seen_by(
    past: Aftermath, probes: Probes, first: float, last: float, watch: str | None = None
) -> FoundBy:
    """The first scan (of ``watch``, if given) that saw each from one day on and before another."""
    begins, ends = (probes.data + int(day * DAY) - _SLACK for day in (first, last))
    return past.first_seen(probes.products, begins, ends, watch)


def _days(probes: Probes, seen: FoundBy) -> Floats:
    return np.rint((seen.data - probes.data) / DAY)


def level_before(then: Numbers, at: Ints) -> Floats:
    """Sales a day of the days before the last 7."""
    age = _AGE.compute({"first_crawl_dt": then["first_crawl_dt"]}, at)
    days = np.minimum(age, _OLDEST) - _FEWEST
    sold = then[_MONTH] - then[WEEK]
    with np.errstate(invalid="ignore"):
        return np.where((age >= _YOUNGEST) & (sold >= 0), sold / days, np.nan)


def sold_by_total(then: Numbers, now: Numbers, days: Floats) -> Floats:
    """Sales a day by the all-time totals, where the counters of the end don't contradict them."""
    with np.errstate(invalid="ignore", divide="ignore"):
        sold = now[TOTAL] - then[TOTAL]
        least = sold * _LOOSE + _FEW >= now[WEEK]
        most = np.isnan(now[_MONTH]) | (sold <= now[_MONTH] * _LOOSE + _FEW)
        usable = (sold >= 0) & least & most & (days >= 1)
        return np.where(usable, sold / days, np.nan)


def _by_counters(past: Aftermath, probes: Probes) -> Floats:
    """Sales a day by two weeks, else by the half month."""
    weeks = (_counter(past, probes, WEEK, 7) + _counter(past, probes, WEEK, DAYS)) / DAYS
    half = _counter(past, probes, _HALF, DAYS + 1) / (DAYS + 1)
    return np.where(np.isnan(weeks), half, weeks)


def _counter(past: Aftermath, probes: Probes, field: str, day: int) -> Floats:
    """A counter on one day; NaN where no scan of that day saw the product."""
    seen = seen_by(past, probes, day, day + 1)
    return past.numbers(probes.products, seen.marks, [field])[:, 0]


class _Gone:
    """Bounds of the sales of products, by their ``totals``, that no scan saw on days 14 to 21."""

    def __init__(self, past: Aftermath, probes: Probes, totals: Floats) -> None:
        self._past, self._probes, self._totals = past, probes, totals
        back = self._by_return()
        known = ~np.isnan(back)
        self.low = np.where(known, back, self._least())
        self.high = np.where(known, back, self._most())
        # What contradicts itself says nothing.
        wrong = self.low > self.high
        self.low[wrong], self.high[wrong] = 0.0, np.inf

    def _by_return(self) -> Floats:
        """Sales by the totals of the day on which it was back, less the counter of the days
        since."""
        seen = seen_by(self._past, self._probes, LATEST, _LONGEST)
        now = _numbers(self._past, self._probes.products, seen.marks)
        days = _days(self._probes, seen)
        found = np.full(len(days), np.nan)
        for window, field in zip(_WINDOWS, _COUNTERS, strict=True):
            left = days - window
            fits = (left >= DAYS) & (left <= LATEST) & (seen.marks > 0)
            sold = now[TOTAL] - self._totals - now[field]
            fits &= sold >= -_FEW  # the counters are not of the very same moment
            found[fits] = np.maximum(sold[fits], 0) / left[fits]
        return found

    def _least(self) -> Floats:
        """Sales up to when it was seen last."""
        data = self._probes.data
        seen = self._past.last_seen(
            self._probes.products, data + _SLACK, data + DAYS * DAY - _SLACK
        )
        totals = self._past.numbers(self._probes.products, seen.marks, [TOTAL])[:, 0]
        sold = totals - self._totals
        return np.where(sold >= 0, sold / DAYS, 0.0)

    def _most(self) -> Floats:
        """Sales so far, and less than the last places of the days between."""
        first = _counter(self._past, self._probes, WEEK, 7)
        first = np.where(np.isnan(first), self._last_places(7), first)
        most = (first + self._last_places(DAYS)) / DAYS
        return np.where(np.isnan(most), np.inf, most)

    def _last_places(self, day: int) -> Floats:
        """The weekly sales of the list's last place up to that day, on the list of each."""
        data = self._probes.data
        places = {at: self._last_place(at + day * DAY) for at in np.unique(data).tolist()}
        return np.array([places[at] for at in data.tolist()])

    def _last_place(self, at: int) -> float:
        """NaN where a product may be missing for another reason than that it sells less."""
        watch = self._probes.watch
        if not _ranks_by_sales(watch):
            return np.nan
        for look in self._past.within(at - _SLACK, at + (LATEST - DAYS) * DAY, watch.key):
            if look.proves and look.size >= watch.query.depth:
                return self._past.last_place(look, WEEK)
        return np.nan


def _ranks_by_sales(watch: Watch) -> bool:
    """Whether a product is on its list for as long as it sells enough a week."""
    query = watch.query
    by_sales = query.sort == WEEK and query.descending
    return by_sales and all(name in _STEADY for name, _ in query.filters)
