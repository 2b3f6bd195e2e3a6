"""Whether the daemon is well, as ``/healthz`` and systemd's watchdog are told."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from watcher.daemon.clock import Clock
from watcher.daemon.scheduling.timers import Timers
from watcher.daemon.supervision.direct_alert import DirectAlert
from watcher.daemon.supervision.liveness import Limits, Liveness
from watcher.daemon.supervision.supervisor import Supervisor
from watcher.errors import WatcherError
from watcher.store.engine import DatabaseThread
from watcher.store.ports import Store

PROBE_SECONDS = 5.0
DATABASE_TURNS = 6  # it is looked at each half minute
DAEMON, DATABASE = "daemon", "database"  # kind and name of the health that is written as a probe

log = structlog.get_logger("watcher.daemon")


@dataclass(slots=True)
class DaemonHealth:
    """Looks after the parts: which of them moves, and whether the database takes writes."""

    liveness: Liveness
    timers: Timers
    supervisors: Sequence[Supervisor]
    writer: DatabaseThread
    clock: Clock
    direct_alert: DirectAlert
    unstored: Callable[[], str | None] = lambda: None
    patience: float = Limits().patience
    _probe: asyncio.Task[None] | None = field(default=None)
    _asked: float = 0.0  # when the probe began, on a clock that never jumps

    async def ill(self) -> str | None:
        """Why the daemon is not healthy; None while every part moves and the disk takes writes."""
        return self.still() or await self._unwritable()

    def still(self) -> str | None:
        """The part that does not move, in words."""
        if not self.timers.running:
            return "the timers stand still"
        ended = [name for supervisor in self.supervisors for name in supervisor.ended]
        for name in (*ended, *self.liveness.late()):
            return f"the part {name} stands still"
        return None

    async def look_after(self) -> None:
        """The part "health", for ever: start anew what stands still for long, and have the
        operator told where the database fails."""
        looking: asyncio.Task[None] | None = None
        for turn in itertools.count():
            self.liveness.tick()
            self.restart_late()
            if turn % DATABASE_TURNS == 0 and (looking is None or looking.done()):
                # Beside this loop: a target that hangs must not hold up the ticks.
                looking = asyncio.create_task(self._look_at_database(), name="emergency")
            await asyncio.sleep(self.liveness.period)

    def restart_late(self) -> None:
        """Start each part anew that stands still for longer than anybody's patience."""
        for name, overdue in self.liveness.late().items():
            why = f"it was not heard of for {overdue:.0f} s longer than it may be silent"
            if overdue > self.patience and any(
                supervisor.restart(name, why) for supervisor in self.supervisors
            ):
                self.liveness.beat(name, self.patience)

    async def _look_at_database(self) -> None:
        try:
            await self.direct_alert.look(await self._unwritable(), self.clock.now())
        except Exception:
            log.exception("the look at the database broke; the next one comes")

    async def _unwritable(self) -> str | None:
        # One probe at a time: behind a lock that lasts they would queue up before the real work.
        if self._probe is None or self._probe.done():
            self._probe = asyncio.create_task(self.writer.run(self._write), name="probe")
            self._probe.add_done_callback(lambda probe: probe.cancelled() or probe.exception())
            self._asked = time.monotonic()
        # Who asks while one has waited for long is answered at once.
        patience = max(0.0, self._asked + PROBE_SECONDS - time.monotonic())
        probe = self._probe  # who wakes before us may have begun the next one
        done, _ = await asyncio.wait({probe}, timeout=patience)
        if not done:
            return f"the database has not taken a write for {PROBE_SECONDS:g} s"
        try:
            probe.result()
        except WatcherError as error:
            return f"the database can't be written: {error}"
        # A small row may find room where a scan does not.
        unstored = self.unstored()
        return f"a scan can't be stored: {unstored}" if unstored else None

    def _write(self, database: Store) -> None:
        """A real one: an empty transaction succeeds on a full disk, too."""
        database.health.ok(DAEMON, DATABASE, self.clock.now())
