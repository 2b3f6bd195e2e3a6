"""The columns of an answer: the counters that the source has gathered, and what follows of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from watcher.fields import NUMERIC, SALES_TRENDS, SALES_WAYS, WINDOWS, Field
from watcher.model import Bools, Floats, Ints
from watcher.source.simulator.behaviour import Behaviour
from watcher.source.simulator.catalogue import Goods
from watcher.source.simulator.dynamics import MOST, SERIES, State, on_steps, price
from watcher.source.simulator.places import DEPARTMENTS
from watcher.units import Unit, day_number

Index: TypeAlias = "Ints | slice"
# 14 is no window of the API: the trend compares the last week with the one before.
_SUMMED = (*WINDOWS, 14)
_KEPT = max(WINDOWS) + 1
_SPARE = 512
# Streams of random numbers beside the market's own, which are (seed, day).
_LATE, _LOOKS = 2, 3
_VIDEOS, _LIVES = "total_video_{}cnt", "total_live_{}cnt"
_DEPARTMENT_IDS = np.array([int(department.id) for department in DEPARTMENTS], dtype=np.int64)
_BRANCHES = 6  # categories of level 2 in a department
_TWIGS = 24  # categories of level 3 in a department: a multiple, so that they nest
_WEEK_CHANGE = 0.2


class Windows:
    """Sums of the daily series over the last days, for a growing number of products."""

    def __init__(self) -> None:
        series = len(SERIES)
        self._ring: NDArray[np.int32] = np.zeros((_KEPT, series, 0), dtype=np.int32)
        self.sums: Ints = np.zeros((series, len(_SUMMED), 0), dtype=np.int64)  # as ``_SUMMED``
        self.totals: Ints = np.zeros((series, 0), dtype=np.int64)
        self.size = 0

    def grow(self, totals: Ints) -> None:
        """Add products that begin with these ``totals``, (series, count)."""
        size = self.size + totals.shape[1]
        missing = size - self.totals.shape[1]
        if missing > 0:
            missing += max(_SPARE, size // 8)
            room = (0, 0), (0, missing)
            self._ring = np.pad(self._ring, ((0, 0), *room))
            self.sums, self.totals = np.pad(self.sums, ((0, 0), *room)), np.pad(self.totals, room)
        self.totals[:, self.size : size] = totals
        self.size = size

    def add(self, day: int, table: Ints) -> None:
        """The values of ``day`` (counted without gaps), (series, products)."""
        n = self.size
        for index, window in enumerate(_SUMMED):
            self.sums[:, index, :n] += table - self._ring[(day - window) % _KEPT, :, :n]
        self._ring[day % _KEPT, :, :n] = table
        self.totals[:, :n] += table

    def on(self, day: int, series: int) -> Ints:
        """The values of all products on a day that is kept, (products,)."""
        return self._ring[day % _KEPT, series, : self.size].astype(np.int64)


class Collection:
    """The knowledge that the source has of a market with ``behaviour``.

    Its luck is its own: the market sells the same, however it is collected.
    """

    def __init__(self, behaviour: Behaviour, seed: int) -> None:
        self._behaviour = behaviour
        self._seed = seed
        self._waiting: Ints = np.zeros((len(SERIES), 0), dtype=np.int64)
        self._looked: Bools = np.zeros(0, dtype=np.bool_)

    def late(self, day: int) -> bool:
        """Whether the source brings nothing new on that day."""
        rate = self._behaviour.late
        return rate > 0 and np.random.default_rng([self._seed, day, _LATE]).random() < rate

    def told(self, day: int, table: Ints) -> Ints:
        """The sales that the source books on a day, both (series, n)."""
        if self._behaviour.collected >= 1:
            return table
        n = table.shape[1]
        luck = np.random.default_rng([self._seed, day, _LOOKS]).random(n)
        self._looked = np.asarray(luck < self._behaviour.collected)
        if self._behaviour.absent:
            return table
        new = n - self._waiting.shape[1]
        waiting = np.pad(self._waiting, ((0, 0), (0, new))) + table
        self._waiting = np.where(self._looked, 0, waiting)
        return np.minimum(np.where(self._looked, waiting, 0), MOST)

    def shown(self, listed: Bools) -> Bools:
        """The products on the list, (n,), that the source has an answer of."""
        if self._behaviour.absent and len(self._looked):
            return listed & self._looked
        return listed


@dataclass(frozen=True, slots=True)
class Columns:
    """The market's state, read as columns; ``origin`` is the date of day 0."""

    goods: Goods
    state: State
    windows: Windows
    origin: date


Reader: TypeAlias = Callable[[Columns, Index], Floats | Ints]


def _counter(family: str, window: int | None, columns: Columns, at: Index) -> Ints:
    windows, series = columns.windows, SERIES.index(family)
    if window is None:
        return windows.totals[series, : windows.size][at]
    return windows.sums[series, _SUMMED.index(window), : windows.size][at]


def _creators(family: str, window: int | None, columns: Columns, at: Index) -> Ints:
    """Fewer than videos or lives, for creators repeat themselves; one at least."""
    counter = _counter(family, window, columns, at)
    return np.ceil(counter ** columns.goods.repeat[at]).astype(np.int64)


def _all_creators(columns: Columns, at: Index) -> Ints:
    videos, lives = (_creators(family, None, columns, at) for family in (_VIDEOS, _LIVES))
    both: Ints = np.minimum(videos, lives) // 2
    return np.maximum(videos, lives) + both


def _edge(sign: int, columns: Columns, at: Index) -> Floats:
    """The price of the cheapest (-1) or dearest (1) variant."""
    average, goods = price(columns.goods, columns.state, at), columns.goods
    return on_steps(average * (1 + sign * goods.spread[at]), goods.step[at]) / 100


def _rating(columns: Columns, at: Index) -> Floats:
    """Near the product's quality, the nearer the more reviews; 0 without any."""
    reviews = columns.state.reviews[at]
    luck = 0.6 * columns.goods.first_reviews[at] / np.sqrt(1 + reviews)
    stars = np.round(np.clip(columns.goods.quality[at] + luck, 1.0, 5.0), 1)
    return np.where(reviews > 0, stars, 0.0)


def _trend(columns: Columns, at: Index) -> Ints:
    """Rising or falling: by a fifth from the week before, and more than by chance."""
    week = _counter(SERIES[0], 7, columns, at)
    before = _counter(SERIES[0], 14, columns, at) - week
    size = np.abs(week - before)
    clear = (size > _WEEK_CHANGE * before) & (size > 2.0 * np.sqrt(week + before + 1))
    flags = np.where(week > before, SALES_TRENDS["rising"], SALES_TRENDS["falling"])
    return np.where(clear, flags, SALES_TRENDS["stable"])


def _way(columns: Columns, at: Index) -> Ints:
    """The way that sold more in the last 30 days: video or live."""
    video = _counter("total_video_sale_{}cnt", 30, columns, at)
    live = _counter("total_live_sale_{}cnt", 30, columns, at)
    way = np.where(live > video, SALES_WAYS["live"], SALES_WAYS["video"])
    return np.where(video + live > 0, way, SALES_WAYS["none"])


def _first_day(columns: Columns, at: Index) -> Ints:
    days, back = np.unique(columns.goods.birth[at], return_inverse=True)
    numbers = [day_number(columns.origin + timedelta(days=int(day))) for day in days]
    return np.array(numbers, dtype=np.int64)[back]


def _category(level: int, columns: Columns, at: Index) -> Ints:
    """Category ids; level 2 and 3 are unknown (0) for some products."""
    first = _DEPARTMENT_IDS[columns.goods.department[at]]
    branch = columns.goods.branch[at]
    second = np.where(branch % 16 == 15, 0, first + 1_000 + branch % _BRANCHES)
    third = np.where((second == 0) | (branch % 16 == 14), 0, first + 200_000 + branch % _TWIGS)
    return (first, second, third)[level - 1]


def _reader(field: Field) -> Reader:
    """The reader of a counter's field: of a window, or all time."""
    if field.family.startswith("total_ifl_"):
        family = _VIDEOS if "video" in field.family else _LIVES
        return partial(_creators, family, field.window)
    count = partial(_counter, field.family, field.window)
    return (lambda *at: count(*at) / 100) if field.unit is Unit.GMV else count


# Of each field: counts as integers, amounts in units of money.
READERS: dict[str, Reader] = {
    **{field.name: _reader(field) for field in NUMERIC if field.family},
    "min_price": partial(_edge, -1),
    "max_price": partial(_edge, 1),
    "spu_avg_price": lambda columns, at: price(columns.goods, columns.state, at) / 100,
    "product_commission_rate": lambda columns, at: columns.state.commission[at],
    "product_rating": _rating,
    "review_count": lambda columns, at: columns.state.reviews[at],
    "free_shipping": lambda columns, at: columns.goods.free_shipping[at],
    "is_s_shop": lambda columns, at: columns.goods.managed[at],
    "off_mark": lambda columns, at: columns.state.off_mark[at],
    "first_crawl_dt": _first_day,
    "sales_flag": _way,
    "sales_trend_flag": _trend,
    "total_ifl_cnt": _all_creators,
    "seller_id": lambda columns, at: columns.goods.sellers[at],
    "category_id": partial(_category, 1),
    "category_l2_id": partial(_category, 2),
    "category_l3_id": partial(_category, 3),
}
