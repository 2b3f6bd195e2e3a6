"""The rate limit of requests, over all watches together."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

_LONGEST_INTERVAL = 60.0  # seconds between requests, however often the server complains


@dataclass(frozen=True, slots=True)
class Seams:
    """Seams for tests: clocks in seconds (``now`` since 1970), sleeping, chance in [0, 1)."""

    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Callable[[], float] = random.random


class RateLimiter:
    """Lets requests begin one after another, at most so many a second.

    After a "too many requests" nobody begins before the pause is over, and the pace is halved;
    each good answer then makes it a little faster, up to what is configured.
    """

    def __init__(self, requests_per_second: float, seams: Seams) -> None:
        self._shortest = self.interval = 1 / requests_per_second
        self._seams = seams
        self._next = 0.0
        self._queue = asyncio.Lock()

    async def turn(self) -> None:
        """Return when a request may begin, in the order of asking."""
        async with self._queue:
            # Again after sleeping: a pause may have begun meanwhile.
            while (wait := self._next - self._seams.clock()) > 0:
                await self._seams.sleep(wait)
            self._next = self._seams.clock() + self.interval

    def waits(self) -> float:
        """Seconds until the next one may begin."""
        return max(0.0, self._next - self._seams.clock())

    def slow_down(self, pause: float) -> None:
        self.interval = min(2 * self.interval, max(_LONGEST_INTERVAL, self._shortest))
        self._next = max(self._next, self._seams.clock() + pause)

    def speed_up(self) -> None:
        self.interval = max(0.9 * self.interval, self._shortest)
