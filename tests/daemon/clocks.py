"""Time that passes only where a test, or a benchmark, says so."""

from __future__ import annotations

from dataclasses import dataclass

from watcher.model import Instant
from watcher.units import DAY, HOUR

START = 20_000 * DAY + 12 * HOUR


@dataclass
class SetClock:
    """A clock that stands where it is put."""

    instant: Instant = START

    def now(self) -> Instant:
        return self.instant

    def seconds_until(self, instant: Instant) -> float:
        return instant - self.instant

    def offset(self) -> float:
        return 0.0
