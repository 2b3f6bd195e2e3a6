"""Whether the daemon's parts move: each says how long it may be silent, and is late after that.

Measured on a clock that never jumps. ``tick`` is called every ``period`` seconds by who watches
over the parts: where the whole process stood still (stopped, starved, suspended) the ticks came
late too, and that lateness is nobody's own.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from watcher.units import MINUTE

PERIOD = 5.0
_LOST = 60.0  # without a tick for so long, the one who watches stands still itself
WATCH = "health"

# How long each part may be silent. A scan is heard of at each request: at most 15 minutes of
# Retry-After lie between two of them, and a wait for its turn behind others that had to wait.
SILENCE = {
    "timers": 60.0,
    "delivery": 2 * MINUTE,
    "sweep": 5 * MINUTE,
    "clock": 2 * MINUTE,
    "scan": 35 * MINUTE,
    "rule files": 5 * MINUTE,
    "page rules": 35 * MINUTE,  # a reload waits behind a long scan
    "errands": 35 * MINUTE,  # as a scan
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for which each part may be silent, and ``patience``: for which it may then stand
    still before it is started anew. ``period`` lies between two looks at the parts, ``look``
    between two at the rule files.
    """

    silence: Mapping[str, float] = field(default_factory=lambda: SILENCE)
    patience: float = 60.0
    period: float = PERIOD
    look: float = 5.0


@dataclass(slots=True)
class Liveness:
    """The time at which each part must be heard of again, in seconds of ``clock``."""

    clock: Callable[[], float] = time.monotonic
    period: float = PERIOD
    _due: dict[str, float] = field(default_factory=dict)
    _ticked: float | None = None

    def beat(self, part: str, silence: float) -> None:
        """The part moved, and will again within ``silence`` seconds."""
        self._due[part] = self.clock() + silence

    def rest(self, part: str) -> None:
        """The part waits for work: it may be silent for as long as it likes."""
        self._due[part] = math.inf

    def renew(self, part: str, silence: float) -> None:
        """Take a part that is at work as heard of; one that rests goes on resting."""
        if math.isfinite(self._due.get(part, math.inf)):
            self.beat(part, silence)

    def tick(self) -> None:
        """Once in ``period`` seconds; what all of the process lost is made good to each part."""
        now = self.clock()
        if (lost := self._lost(now)) > 0:
            self._due = {part: due + lost for part, due in self._due.items()}
        self._ticked = now

    def late(self) -> dict[str, float]:
        """The parts that stand still, and since how many seconds they are overdue."""
        lost = self._lost(self.clock())
        if lost > _LOST:
            return {WATCH: lost}
        return {part: -left for part, left in self.left().items() if left < 0}

    def left(self) -> dict[str, float]:
        """The seconds for which each part may still be silent; below 0 it stands still."""
        now = self.clock()
        lost = self._lost(now)
        return {part: due + lost - now for part, due in self._due.items()}

    def _lost(self, now: float) -> float:
        return 0.0 if self._ticked is None else max(0.0, now - self._ticked - self.period)
