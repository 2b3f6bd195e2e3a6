"""The counters that a source has: sales as it gathers them, summed over the API's windows."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from watcher.fields import WINDOWS
from watcher.model import Bools, Ints
from watcher.source.simulator.behaviour import Behaviour

# 14 is no window of the API: the trend compares the last week with the one before.
SUMMED = (*WINDOWS, 14)
KEPT = max(WINDOWS) + 1
_SPARE = 512

_MOST = 2**31 - 1  # a day's count is kept in 32 bits
# Streams of random numbers beside the market's own, which are (seed, day).
_LATE, _LOOKS = 2, 3

T = TypeVar("T", bound=np.generic)


class Windows:
    """Sums of ``series`` daily series over the last days, for a growing number of products.

    ``sums`` is (series, windows, capacity) after ``SUMMED``, ``totals`` is (series, capacity).
    """

    def __init__(self, series: int) -> None:
        self._ring: NDArray[np.int32] = np.zeros((KEPT, series, 0), dtype=np.int32)
        self.sums: Ints = np.zeros((series, len(SUMMED), 0), dtype=np.int64)
        self.totals: Ints = np.zeros((series, 0), dtype=np.int64)
        self.size = 0

    def grow(self, totals: Ints) -> None:
        """Add products that begin with these ``totals``, (series, count)."""
        size = self.size + totals.shape[1]
        missing = size - self.totals.shape[1]
        if missing > 0:
            missing += max(_SPARE, size // 8)
            self._ring = _wider(self._ring, missing)
            self.sums, self.totals = _wider(self.sums, missing), _wider(self.totals, missing)
        self.totals[:, self.size : size] = totals
        self.size = size

    def add(self, day: int, table: Ints) -> None:
        """The values of ``day`` (counted without gaps), (series, products)."""
        n = self.size
        for index, window in enumerate(SUMMED):
            self.sums[:, index, :n] += table - self._ring[(day - window) % KEPT, :, :n]
        self._ring[day % KEPT, :, :n] = table
        self.totals[:, :n] += table

    def on(self, day: int, series: int) -> Ints:
        """The values of all products on a day that is kept, (products,)."""
        return self._ring[day % KEPT, series, : self.size].astype(np.int64)

    def last(self, day: int, series: int, product: int) -> Ints:
        """The values of one product on the 90 days up to ``day``, oldest first."""
        days = np.arange(day - KEPT + 2, day + 1) % KEPT
        values: Ints = self._ring[days, series, product].astype(np.int64)
        return values


def _wider(array: NDArray[T], by: int) -> NDArray[T]:
    return np.concatenate((array, np.zeros((*array.shape[:-1], by), dtype=array.dtype)), axis=-1)


class Collection:
    """The knowledge that the source has of a market with ``behaviour``.

    Its luck is its own: the market sells the same, however it is collected.
    """

    def __init__(self, behaviour: Behaviour, seed: int, series: int) -> None:
        self._behaviour = behaviour
        self._seed = seed
        self._waiting: Ints = np.zeros((series, 0), dtype=np.int64)
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
        return np.minimum(np.where(self._looked, waiting, 0), _MOST)

    def shown(self, listed: Bools) -> Bools:
        """The products on the list, (n,), that the source has an answer of."""
        if self._behaviour.absent and len(self._looked):
            return listed & self._looked
        return listed
