"""The clock of tests and benchmarks: time passes only where they say so."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from watcher.model import Instant
from watcher.units import DAY, HOUR

START = 20_000 * DAY + 12 * HOUR


@dataclass
class SetClock:
    """A clock that stands where it is put."""

    instant: Instant = START
    pauses: list[float] = field(default_factory=list)

    def __call__(self) -> Instant:
        return self.instant

    def forward(self, seconds: float) -> None:
        """Let whole seconds go by."""
        self.instant += int(seconds)

    async def pause(self, event: asyncio.Event, seconds: float) -> None:
        """What is waited for passes at once, unless the event is set."""
        if not event.is_set():
            self.pauses.append(seconds)
            self.instant += max(int(seconds), 1)
        await asyncio.sleep(0)

    def now(self) -> Instant:
        return self.instant

    def seconds_until(self, instant: Instant) -> float:
        return instant - self.instant

    def offset(self) -> float:
        return 0.0
