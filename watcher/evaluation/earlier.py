"""The time before a product was watched, as far as its first answer tells of it: a counter of 7
days and one of 30 give the average of the days 8 to 30 before."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from watcher.fields import BY_NAME
from watcher.model import Instant
from watcher.rules.metrics import Metric
from watcher.store.ports import Store
from watcher.units import DAY, parse_day, utc_day

# The days before the first answer at which one average ends and the next begins.
EDGES = (1, 7, 30, 60, 90)
_FIRST_COLLECTED = "first_crawl_dt"
# Sums of several counters of one window.
_SUMS = {"creators_7d": ("total_ifl_video_7d_cnt", "total_ifl_live_7d_cnt")}


@dataclass(frozen=True, slots=True)
class Level:
    """An average of a metric from ``begin`` to ``end``, as its own window counts: that
    of a day, times the window's days. The days are ``first`` to ``last`` before the first answer,
    yesterday is 1."""

    begin: Instant
    end: Instant
    value: float
    first: int
    last: int


def counters_of(metric: Metric) -> tuple[str, ...]:
    """The counters of one window that a metric is, or is the sum of; none of any other."""
    names = _SUMS.get(metric.name, (metric.name,))
    own = metric.definition or metric.facts or metric.needs != {*names}
    counted = not own and all(name in BY_NAME and BY_NAME[name].window for name in names)
    return names if counted else ()


def fields_of(metric: Metric) -> tuple[str, ...]:
    """The fields of the first answer that its levels are reckoned of; none without levels."""
    families = [BY_NAME[name].family for name in counters_of(metric)]
    windows = [family.format(f"{days}d_") for family in families for days in EDGES]
    return (*windows, _FIRST_COLLECTED) if windows else ()


def levels_before(metric: Metric, numbers: Mapping[str, float], at: Instant) -> list[Level]:
    """The levels (the oldest first) before the first answer, ``numbers`` of ``at``. A counter that
    is missing makes one average of two; where two contradict each other there is none. Days on
    which the product was not collected yet count in no average."""
    counters = counters_of(metric)
    if not counters:
        return []
    window = BY_NAME[counters[0]].window or 1
    families = [BY_NAME[name].family for name in counters]
    sums = [(0, 0.0)]
    for days in EDGES:
        values = [numbers.get(family.format(f"{days}d_"), math.nan) for family in families]
        if all(map(math.isfinite, values)):
            sums.append((days, math.fsum(values)))
    age = _age(numbers.get(_FIRST_COLLECTED, math.nan), at)
    return [*_levels(sums, age, window, at)][::-1]


def _levels(
    sums: Sequence[tuple[int, float]], age: int | None, window: int, at: Instant
) -> Iterator[Level]:
    """Yield those of the sums of so many last days, the newest first."""
    for (inner, less), (outer, more) in pairwise(sums):
        added, last = more - less, outer
        if age is not None and age < outer:
            if age > inner:
                last = age
            elif not added:
                return  # it was not there yet
        if added >= 0:
            value = added / (last - inner) * window
            yield Level(at - last * DAY, at - inner * DAY, value, inner + 1, last)


def _age(first: float, at: Instant) -> int | None:
    """Whole days since the source collected the product first; None where it does not say."""
    day = parse_day(int(first)) if math.isfinite(first) and 0 < first < 1e9 else None
    return None if day is None else max((utc_day(at) - day).days, 0)


def earlier_of(
    database: Store, product: int, metrics: Sequence[Metric]
) -> dict[Metric, list[Level]]:
    """The levels before a product was watched of those of ``metrics`` that have some."""
    fields = sorted({name for metric in metrics for name in fields_of(metric)})
    found = database.history.first_numbers(product, fields) if fields else None
    if found is None:
        return {}
    at, values = found
    numbers = dict(zip(fields, values.tolist(), strict=True))
    levels = {metric: levels_before(metric, numbers, at) for metric in metrics}
    return {metric: each for metric, each in levels.items() if each}
