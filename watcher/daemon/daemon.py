"""The daemon: puts timers, workers, delivery, reload and signals together.

A timer puts its watch on the queue; a worker scans it and commits; the commit's notifications
wake the courier. All state is in the database: nothing here needs to survive a kill.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import InitVar, dataclass, field

import structlog

from watcher.daemon.core import Core
from watcher.daemon.maintenance import Disk, Maintenance
from watcher.daemon.page_follower import PageFollower
from watcher.daemon.reload import Reloader
from watcher.daemon.scheduling.budget import CHECKPOINT
from watcher.daemon.scheduling.errands import FAR_LOOK_SECONDS, LOOK_SECONDS
from watcher.daemon.supervision.health import DaemonHealth
from watcher.daemon.supervision.liveness import WATCH
from watcher.daemon.supervision.systemd import Systemd
from watcher.daemon.workers import Workers
from watcher.errors import StoreError
from watcher.rules.rulebook import Rulebook

DRAIN_SECONDS = 10.0

log = structlog.get_logger("watcher.daemon")


@dataclass
class Daemon:
    """The parts at work. ``load`` reads the rule files anew."""

    core: Core
    load: InitVar[Callable[[], Rulebook]]
    systemd: Systemd = field(default_factory=Systemd)
    disk: Disk | None = None

    def __post_init__(self, load: Callable[[], Rulebook]) -> None:
        core = self.core
        self.workers = Workers(core)
        core.errands.newcomers.busy = self.workers.busy
        core.errands.look = LOOK_SECONDS if self.disk is not None else FAR_LOOK_SECONDS
        self.reloader = Reloader(core, self.workers, self.systemd, load)
        self.page_follower = PageFollower(
            lambda: core.writer.run(lambda database: database.page_rules.newest()),
            lambda: core.book.page_number,
            self.reloader.reload,
            lambda: self.reloader.unread,
            core.limits.look if self.disk is not None else FAR_LOOK_SECONDS,
            core.page_news,
        )
        self.maintenance = Maintenance(core, self.workers)
        self.supervisor = core.supervisor()
        self.health = DaemonHealth(core, (self.supervisor, self.workers.supervisor))

    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Work until the order to stop, then stop in order; at once where it is cancelled."""
        await self.core.client.open()
        try:
            await self._start()
            ready()
            await self.core.stopping.wait()
            await self._end()
        except BaseException:
            await self._abandon()
            raise
        finally:  # that which is in force; an older one ended with the last scan through it
            await self.core.client.close()

    async def _start(self) -> None:
        core, start = self.core, self.supervisor.start
        await core.writer.run(lambda database: database.ledger.settle_all(CHECKPOINT))
        await core.writer.run(self.reloader.begin_anew)
        core.timers.start()
        self.maintenance.tick()
        start(WATCH, self.health.look_after)
        start("clock", self.maintenance.watch_clock)
        start("upkeep", self.maintenance.upkeep)
        start("sweep", self.maintenance.sweep)
        start("delivery", lambda: core.courier.run(core.stop))
        start("errands", lambda: core.errands.run(lambda: core.beat("errands")))
        start("page rules", lambda: self.page_follower.run(lambda: core.beat("page rules")))
        if (disk := self.disk) is not None:
            start("disk", lambda: self.maintenance.watch_disk(disk))
        if self.systemd.watchdog is not None:
            start("watchdog", lambda: self.systemd.feed(self.health.ill))
        self.workers.start()
        await self.workers.arm_all()

    async def _end(self) -> None:
        log.info("stopping")
        self.systemd.stopping()
        self.core.timers.stop()
        await self.workers.finish()
        try:
            await self.core.courier.drain(DRAIN_SECONDS)
        except StoreError as error:
            log.error("what waits is sent at the next start", error=str(error))  # noqa: TRY400
        await self.core.pictures.close()
        await self.workers.heartbeat.finish()
        await self.supervisor.stop()
        await self.reloader.stop()

    async def _abandon(self) -> None:
        """Begin nothing more and end what runs, in any order: the book is another's, or broken."""
        self.core.stopping.set()
        self.core.timers.stop()
        await asyncio.gather(
            self.workers.abandon(),
            self.core.courier.abandon(),
            self.core.pictures.close(),
            self.supervisor.stop(),
            self.reloader.stop(),
            return_exceptions=True,
        )
