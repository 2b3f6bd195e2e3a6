"""Whether the daemon's parts move: each says how long it may be silent, and is late after that.

Measured on a clock that never jumps. ``tick`` is called every ``PERIOD`` seconds by who watches
over the parts: where the whole process stood still (stopped, starved, suspended) the ticks came
late too, and that lateness is nobody's own.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

PERIOD = 5.0
_LOST = 60.0  # without a tick for so long, the one who watches stands still itself
WATCH = "health"


@dataclass(slots=True)
class Pulses:
    """When each part must be heard of again, in seconds of ``clock``."""

    clock: Callable[[], float] = time.monotonic
    _due: dict[str, float] = field(default_factory=dict)
    _ticked: float | None = None

    def beat(self, part: str, silence: float) -> None:
        """The part moved, and will again within ``silence`` seconds."""
        self._due[part] = self.clock() + silence

    def rest(self, part: str) -> None:
        """The part waits for work: it may be silent for as long as it likes."""
        self._due[part] = math.inf

    def tick(self) -> None:
        """Once in ``PERIOD`` seconds; what all of the process lost is made good to each part."""
        now = self.clock()
        if (lost := self._lost(now)) > 0:
            self._due = {part: due + lost for part, due in self._due.items()}
        self._ticked = now

    def late(self) -> dict[str, float]:
        """The parts that stand still, and since how many seconds they are overdue."""
        now = self.clock()
        lost = self._lost(now)
        if lost > _LOST:
            return {WATCH: lost}
        return {part: now - due - lost for part, due in self._due.items() if due + lost < now}

    def _lost(self, now: float) -> float:
        return 0.0 if self._ticked is None else max(0.0, now - self._ticked - PERIOD)
