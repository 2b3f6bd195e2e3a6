"""The gathering of what a market sells: late on some days, or some of the products a day."""

from __future__ import annotations

import numpy as np

from watcher.model import Bools, Ints
from watcher.source.simulator.behaviour import Behaviour

_MOST = 2**31 - 1  # a day's count is kept in 32 bits
# Streams of random numbers beside the market's own, which are (seed, day).
_LATE, _LOOKS = 2, 3


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
