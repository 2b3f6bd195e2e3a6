"""Where the daemon reads the time: the one edge at which a clock is looked at."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Protocol

from watcher.model import Instant


class Clock(Protocol):
    """``now`` is the daemon's time; ``seconds_until`` the real seconds until an instant.

    ``offset`` changes only when the clock is set: seconds from a clock that never jumps.
    """

    def now(self) -> Instant: ...

    def seconds_until(self, instant: Instant) -> float: ...

    def offset(self) -> float: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> Instant:
        return int(time.time())

    def seconds_until(self, instant: Instant) -> float:
        return instant - time.time()

    def offset(self) -> float:
        return time.time() - time.monotonic()


@dataclass(slots=True)
class FastClock:
    """A clock that begins at ``start`` and runs ``speed`` times as fast as the real one."""

    start: Instant
    speed: float
    _began: float = field(default_factory=time.monotonic)

    def now(self) -> Instant:
        return int(self._exact())

    def seconds_until(self, instant: Instant) -> float:
        return (instant - self._exact()) / self.speed

    def offset(self) -> float:
        return 0.0

    def _exact(self) -> float:
        return self.start + (time.monotonic() - self._began) * self.speed
