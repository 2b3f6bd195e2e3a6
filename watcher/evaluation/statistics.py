"""Statistics over a product's past: one value for each scan that saw it. A derived metric is
computed for each past scan and then aggregated: the median of a ratio is not the ratio of two
medians."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TypeAlias

import numpy as np

from watcher.data_days import NO_DAYS, Durations
from watcher.model import Bools, Floats, Instant, Ints
from watcher.rules.conditions.base import Need, Spread, Statistic, Throughout, Usual
from watcher.rules.conditions.unusual import least_values, logs
from watcher.rules.metrics import Columns, Metric
from watcher.schedule import Schedule, longest_gap
from watcher.store.records import Window
from watcher.units import DAY

LEAST = 3  # observations: of fewer no statistic is taken

# To one standard deviation of normal values.
_OF_MEDIAN_DEVIATION = 1 / 0.6745
_OF_MEAN_DEVIATION = 1.2533

# Of a time that must be known whole: for longer nobody knows what was so. One scan may fail.
_HOLE = 2 * DAY

Over: TypeAlias = Statistic | Usual | Spread | Throughout
_OVERS = (Statistic, Usual, Spread, Throughout)
# The columns (n,) of the user's own that a metric is made of.
Owned: TypeAlias = Callable[[Metric], Columns]


class Statistics:
    """Statistics of the time before ``now`` for n products of a watch on which durations have these
    ``lengths``, filled window by window."""

    def __init__(
        self,
        asked: Mapping[Need, Over],
        size: int,
        now: Instant,
        lengths: Durations = NO_DAYS,
        owned: Owned = lambda _: {},
    ) -> None:
        self._now, self._overs, self._lengths, self._owned = now, asked, lengths, owned
        self._found = {need: np.full(size, np.nan) for need in asked}
        # Of what is usual of a sum of several days: its values are few.
        sums = [need for need, over in asked.items() if isinstance(over, Usual) and over.window > 1]
        self.counts = {need: np.zeros(size, np.int64) for need in sums}
        self.days = {need: np.zeros(size, np.int64) for need in asked}
        self._asked: dict[Metric, dict[Need, Over]] = {}
        for need, over in asked.items():
            self._asked.setdefault(need.metric, {})[need] = over

    @property
    def begin(self) -> Instant:
        return min(
            self._since(over) - (reach(over, self._lengths.schedule) - over.seconds)
            for over in self._overs.values()
        )

    @property
    def fields(self) -> list[str]:
        return sorted({name for metric in self._asked for name in metric.needs})

    def take(self, windows: Iterable[Window]) -> None:
        """Aggregates; each product is in one of the windows."""
        for window in windows:
            for metric, needs in self._asked.items():
                values = computed(metric, window, self._owned(metric))
                for need, over in needs.items():
                    if isinstance(over, Throughout):
                        self._take_whole(need, over, window, values)
                    else:
                        self._take(need, over, window, values)

    def _take(
        self, need: Need, over: Statistic | Usual | Spread, window: Window, values: Floats
    ) -> None:
        inside = window.at >= self._since(over)
        at, past = window.at[inside], values[inside]
        past, days = past if isinstance(over, Statistic) else logs(past), self._lengths.numbers(at)
        self.days[need][window.rows] = _days_of(over, past, days)
        early = at <= self._lengths.part(least_span, over.seconds, self._now)
        spanned = ~np.isnan(past[early]).all(axis=0)
        if not isinstance(over, Statistic) and over.window > 1:
            past = _apart(past, days, self._lengths.number(self._now), over.window)
        self._found[need][window.rows] = np.where(spanned, _aggregate(over, past, days), np.nan)
        if need in self.counts:
            self.counts[need][window.rows] = _days_known(past, days)

    def _take_whole(self, need: Need, over: Throughout, window: Window, values: Floats) -> None:
        most = longest_hole(self._lengths.schedule)
        begin = self._lengths.ago(over.seconds, self._now)
        order = np.argsort(window.at, kind="stable")
        order = order[window.at[order] >= begin - most]
        at, past = window.at[order], values[order]
        first = np.where(~np.isnan(past) & (at <= begin)[:, np.newaxis], at[:, np.newaxis], 0)
        since = first.max(axis=0, initial=0)  # when what was in force at the begin was seen
        known = np.where(at[:, np.newaxis] >= np.where(since > 0, since, begin), past, np.nan)
        self.days[need][window.rows] = _days_of(over, known, self._lengths.numbers(at))
        past = np.where(since > 0, known, np.nan)
        match over.kind:
            case "hole":
                hole = _longest_hole(~np.isnan(past), at, self._now)
                found = np.where(since > 0, np.where(hole > most, hole, 0), np.nan)
            case kind:
                found = _STATISTICS[kind](past)
        self._found[need][window.rows] = found

    def _since(self, over: Over) -> Instant:
        return self._lengths.since(over.seconds, self._now)

    def results(self) -> dict[Need, tuple[Floats, Ints]]:
        """Values (n,) of each need, and the begin of its time (0 where there is no value)."""
        begins = {need: self._since(over) for need, over in self._overs.items()}
        return {
            need: (found, np.where(np.isnan(found), 0, begins[need]))
            for need, found in self._found.items()
        }


def reach(over: Over, schedule: Schedule | None) -> int:
    """For how many seconds before now values are looked at."""
    whole = longest_hole(schedule) if isinstance(over, Throughout) else 0
    return over.seconds + whole


def longest_hole(schedule: Schedule | None) -> int:
    """The most seconds between two sights of a product over which its value counts as known: two
    days, or two scans of a watch that is rarely read, and a tenth, for no scan is on the second."""
    longest = 2 * longest_gap(schedule) if schedule is not None else 0
    return max(_HOLE, longest) * 11 // 10


def over_of(need: Need) -> Over | None:
    """The time that the need is taken over; None of one that is of one moment."""
    return need.from_ if isinstance(need.from_, _OVERS) else None


def least_span(seconds: int) -> int:
    """For how long before now something must be known, for a statistic of a time: two thirds of
    it. The lowest of four days is no record of sixty."""
    return -(-2 * seconds // 3)


def computed(metric: Metric, window: Window, owned: Columns) -> Floats:
    """(S, m) the metric at each scan; an age is that of the scan's day. Of ``owned`` (n,), the
    user's own numbers, each scan has those of today."""
    columns = {name: window.values[name] for name in metric.needs}
    own = {name: column[window.rows] for name, column in owned.items()}
    size = window.rows.stop - window.rows.start
    values = np.full((len(window.at), size), np.nan)
    for place, at in enumerate(window.at.tolist()):
        row = {name: all_[place] for name, all_ in columns.items()}
        values[place] = metric.compute(row | own, at)
    return values


def _aggregate(over: Statistic | Usual | Spread, values: Floats, days: Ints) -> Floats:
    """(m,) of values (S, m), or their logarithms, on ``days`` (S,); NaN where they are too few."""
    match over:
        case Statistic(kind):
            return np.where(_counts(values) >= LEAST, _STATISTICS[kind](values), np.nan)
        case Usual(_, window) | Spread(_, window):
            known = _days_known(values, days) >= least_values(window)
            usual = np.where(known, _median(values), np.nan)
            return usual if isinstance(over, Usual) else _spread(values, usual)


def _counts(values: Floats) -> Ints:
    return np.asarray(np.count_nonzero(~np.isnan(values), axis=0))


def _median(values: Floats) -> Floats:
    """(m,) of the values that are there; NaN where none is."""
    if not len(values):
        return np.full(values.shape[1], np.nan)
    ordered, counts = np.sort(values, axis=0), _counts(values)  # what is absent comes last
    middle = np.stack([np.maximum(counts - 1, 0) // 2, counts // 2])
    low, high = np.take_along_axis(ordered, middle, axis=0)
    return np.asarray((low + high) / 2)


def _mean(values: Floats) -> Floats:
    counts = _counts(values)
    return np.where(counts > 0, np.nansum(values, axis=0) / np.maximum(counts, 1), np.nan)


_STATISTICS: dict[str, Callable[[Floats], Floats]] = {
    "median": _median,
    "mean": _mean,
    "min": partial(np.fmin.reduce, axis=0, initial=np.nan),
    "max": partial(np.fmax.reduce, axis=0, initial=np.nan),
}


def _apart(values: Floats, days: Ints, today: int, window: int) -> Floats:
    """The values (S, m) on ``days`` (S,) that are sums of ``window`` days without a day in common,
    the newest first and none with a day of today's; NaN in place of the others."""
    kept = np.full(values.shape, np.nan)
    last = np.full(values.shape[1], today)
    for row in np.argsort(days, kind="stable")[::-1].tolist():
        taken = ~np.isnan(values[row]) & (days[row] <= last - window)
        kept[row, taken] = values[row, taken]
        last[taken] = days[row]
    return kept


def _days_known(values: Floats, days: Ints) -> Ints:
    """(m,) on how many different days there is a value."""
    present = ~np.isnan(values)
    different = np.zeros(values.shape[1], np.int64)
    for day in np.unique(days):
        different += present[days == day].any(axis=0)
    return different


def _days_of(over: Over, values: Floats, days: Ints) -> Ints:
    """(m,) on how many days a value is known: of a time of seven, on seven at most."""
    return np.minimum(_days_known(values, days), -(-over.seconds // DAY))


def _longest_hole(seen: Bools, at: Ints, now: Instant) -> Ints:
    """(m,) the most seconds between two sights (S, m) at ``at`` (S,), in order, or up to now."""
    last, longest = np.zeros((2, seen.shape[1]), np.int64)
    for row, moment in enumerate(at.tolist()):
        here = seen[row]
        begun = here & (last > 0)
        longest[begun] = np.maximum(longest, moment - last)[begun]
        last[here] = moment
    return np.where(last > 0, np.maximum(longest, now - last), 0)


def _spread(values: Floats, usual: Floats) -> Floats:
    """One robust standard deviation; NaN where no value ever moved."""
    deviations = np.abs(values - usual)
    by_median = _median(deviations) * _OF_MEDIAN_DEVIATION
    by_mean = _mean(deviations) * _OF_MEAN_DEVIATION
    spread = np.where(by_median > 0, by_median, by_mean)
    return np.where(spread > 0, spread, np.nan)
