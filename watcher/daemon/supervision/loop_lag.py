"""The lag of the event loop: the time between two looks at what waits for it.

While one callback runs, nothing else does: no page is answered, no timer rings. The loop asks its
selector at each turn, so the selector knows, at the price of two looks at a clock: it wakes nobody.
A hold of the interpreter by another thread shows as well, but for a wait without a timer.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections import deque
from collections.abc import Callable

import structlog
from prometheus_client import Gauge, Histogram
from prometheus_client.registry import Collector

SHORT = 0.001  # seconds; shorter ones, which are nearly all, are not noted
LONG = 0.25  # longer ones are logged
SPAN = 600.0  # seconds in which the longest is looked for
_SLICES = 10  # of that time
_BOUNDS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)

log = structlog.get_logger("watcher.daemon")


class LoopLag:
    """Measures one loop; seconds of ``clock``, which never jumps."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.clock = clock
        self._histogram = Histogram(
            "watcher_loop_held_seconds",
            "Times of a millisecond and more for which the event loop looked at nothing else",
            buckets=_BOUNDS,
            registry=None,
        )
        gauge = Gauge(
            "watcher_loop_held_seconds_max", "The longest of the last ten minutes", registry=None
        )
        gauge.set_function(self.longest)
        self.instruments: tuple[Collector, ...] = self._histogram, gauge  # for /metrics
        self._peaks: deque[tuple[float, float]] = deque()  # when each slice ends, its longest

    def loop(self) -> asyncio.AbstractEventLoop:
        """A new loop that is measured."""
        return asyncio.SelectorEventLoop(LagSelector(self))

    def note(self, seconds: float, now: float) -> None:
        """The loop was held for so long, until ``now``."""
        self._histogram.observe(seconds)
        if not self._peaks or self._peaks[-1][0] <= now:
            self._peaks.append((now + SPAN / _SLICES, seconds))
            self._forget(now)
        elif self._peaks[-1][1] < seconds:
            self._peaks[-1] = (self._peaks[-1][0], seconds)
        if seconds > LONG:
            log.warning("the event loop was held", seconds=round(seconds, 3))

    def longest(self) -> float:
        """The longest of the last ten minutes."""
        self._forget(self.clock())
        return max((seconds for _, seconds in self._peaks), default=0.0)

    def _forget(self, now: float) -> None:
        while self._peaks and self._peaks[0][0] <= now - SPAN:
            self._peaks.popleft()


class LagSelector(selectors.DefaultSelector):
    """Notes what lies between two selects, and how much later than asked one came back."""

    def __init__(self, lag: LoopLag) -> None:
        super().__init__()
        self._lag = lag
        self._clock = lag.clock
        self._since = lag.clock()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        asked = self._clock()
        if asked - self._since >= SHORT:
            self._lag.note(asked - self._since, asked)
        events = super().select(timeout)
        self._since = back = self._clock()
        if timeout is not None and not events:
            # It should have been back after the timeout: somebody else ran, and the loop is late.
            self._since -= max(0.0, back - asked - max(timeout, 0.0))
        return events
