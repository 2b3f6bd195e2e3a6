"""Upkeep beside scans and delivery: pruning, looks at disk and clock, what was held."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

from watcher.analysis.reports.due import sweep as sweep_reports
from watcher.daemon.core import Core
from watcher.daemon.workers import Workers
from watcher.delivery.daemon_thread import DaemonThread
from watcher.incident import Incident, IncidentKind
from watcher.incidents.failing import note_clock, note_credits
from watcher.incidents.operator import announce_ends
from watcher.model import Instant
from watcher.notification.policy import policies_of
from watcher.store.ports import Store
from watcher.units import DAY, HOUR, MINUTE

DISK = Incident(IncidentKind.DISK)
CLOCK_CHECK_SECONDS = 5.0
CLOCK_JUMP_SECONDS = 5.0
TICK_SECONDS = 10.0
SHORTEST_SWEEP_SECONDS = 0.1  # of real time: the clock may run fast
DISK_SECONDS = 5 * MINUTE
_LONGEST_AWAY = 60 * DAY  # no list is read more seldom than once a month
_BETWEEN_LISTS = 0.1  # seconds: one takes as long at most, and nobody waits for the next
_MIB = 1 << 20
_LEAST, _ENOUGH = 100 * _MIB, 1024 * _MIB  # free bytes: always too little, always plenty
_SHARE = 20  # between the two, a twentieth of the disk is too little

log = structlog.get_logger("watcher.daemon")


@dataclass
class Maintenance:
    """The daemon's work beside scans and delivery."""

    core: Core
    workers: Workers

    def __post_init__(self) -> None:
        self._offset = self.core.clock.offset()  # of the clock when the timers were armed

    async def upkeep(self) -> None:
        """The part "upkeep": prune what is older than ``keep:``, at the start and once a day; then
        fill in what an older version did not keep.

        Not by a clock that may be far ahead: that would take the whole history.
        """
        while True:
            removed = +await self._prune()  # without the kinds of which nothing was old
            if removed:
                log.info("pruned", **removed)
            await self._fill()
            self.core.liveness.beat("upkeep", DAY + HOUR)
            await asyncio.sleep(DAY)

    async def _prune(self) -> Counter[str]:
        """The rows that were removed, by kind."""
        core, kept, now = self.core, self.core.book.keep, self.core.clock.now()
        before = now - kept.observations, now - kept.notifications
        removed: Counter[str] = Counter()
        allowed = more = await core.writer.run(lambda database: may_prune(database, now))
        while more:
            core.liveness.beat("upkeep", 10 * MINUTE)
            step = await core.writer.run(lambda database: database.pruner.step(*before))
            removed[step.kind] += step.rows
            more = step.more
            # Another program that waits for the lock looks for it now and then only.
            await asyncio.sleep(2 * step.seconds)
        if allowed:
            removed["links"] += await core.writer.run(lambda database: database.links.prune(now))
            while pruned := await core.writer.run(lambda database: database.audit.prune(now)):
                removed["records of writes"] += pruned
        return removed

    async def _fill(self) -> None:
        """Keep the lists of days from before these were kept, one at a time."""
        while await self.core.writer.run(_filled):
            self.core.liveness.beat("upkeep", 10 * MINUTE)
            await asyncio.sleep(_BETWEEN_LISTS)

    async def watch_disk(self, disk: Disk) -> None:
        """The part "disk": tell where space is short, and when there is enough again."""
        short: bool | None = None  # not known yet: what was told before a restart may be over
        # Of a network it may never answer: on a thread that nobody else needs.
        hand = DaemonThread("disk")
        while True:
            self.core.liveness.beat("disk", 2 * DISK_SECONDS)
            look = partial(disk.shortage, known=bool(short))
            shortage = await asyncio.wrap_future(hand.run(look))
            if shortage is not None or short is not False:
                await self.core.note(shortage or DISK, on=shortage is not None)
            short = shortage is not None
            await asyncio.sleep(DISK_SECONDS)

    async def sweep(self) -> None:
        """Each minute of the clock, tell what a silence, quiet hours, a digest or a round held,
        and the reports whose time has come."""
        while True:
            self.core.beat("sweep")
            now = self.core.clock.now()
            written = await self.core.writer.run(self.sweep_once)
            if written:
                self.core.courier.wake()
            wait = self.core.clock.seconds_until(now - now % MINUTE + MINUTE)
            await asyncio.sleep(min(max(wait, SHORTEST_SWEEP_SECONDS), MINUTE))

    def sweep_once(self, database: Store) -> bool:
        """Tell it once; whether something was written to be told."""
        # As of its turn: it may have waited for the store.
        operator = self.core.scanner.operator(database)
        noted = note_clock(operator)
        # That a day or month of credits is over is seen without a scan.
        note_credits(operator, self.core.book.api)
        book = self.core.book
        ends = announce_ends(database, book, policies_of(book.channels), operator.now)
        reports = sweep_reports(database, book, policies_of(book.channels), operator.now)
        return bool(self.core.scanner.sweep(database) or ends or reports) or noted

    async def watch_clock(self) -> None:
        """Arm every timer anew where the clock is set forward or back.

        On the loop's own time: a timer of the scheduler would stand still with the clock.
        """
        while True:
            self.core.beat("clock")
            await asyncio.sleep(CLOCK_CHECK_SECONDS)
            self.workers.forgive()
            offset = self.core.clock.offset()
            if abs(offset - self._offset) > CLOCK_JUMP_SECONDS:
                log.warning("the clock jumped", seconds=round(offset - self._offset))
                self.tick()
                self.core.scanner.skipped.clear()  # put off until an instant of the clock before
                await self.core.writer.run(lambda db: note_clock(self.core.scanner.operator(db)))
                self.core.courier.wake()
                await self.workers.arm_all()
                self._offset = offset  # at the end: what failed is done again
            await self.workers.find_lost()

    def tick(self) -> None:
        """Have the scheduler itself be heard of."""
        self.core.beat("timers")
        self.core.timers.tick("timers", TICK_SECONDS, partial(self.core.beat, "timers"))


def _filled(database: Store) -> bool:
    """Whether one more list of a day was kept."""
    with database.atomic():
        return database.day_lists.fill()


def may_prune(database: Store, now: Instant) -> bool:
    """Whether ``now`` can be believed: a machine that begins with a wrong clock is years ahead of
    its newest scan. One that was down for so long prunes a day later."""
    newest = database.history.scans(limit=1)
    return not newest or now - newest[0].at <= _LONGEST_AWAY


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk that holds ``folder``; bytes."""

    folder: Path

    def shortage(self, *, known: bool) -> Incident | None:
        """Too little free space, or None; what is ``known`` ends only well above the limit."""
        space = shutil.disk_usage(self.folder)
        least = min(max(_LEAST, space.total // _SHARE), _ENOUGH)
        if space.free >= (least * 3 // 2 if known else least):
            return None
        free, total = space.free // _MIB, space.total // _MIB
        return DISK.with_details(folder=str(self.folder), free=free, total=total)
