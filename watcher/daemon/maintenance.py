"""What the daemon does beside scans and delivery: pruning, and a look at the disk."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

from watcher.daemon.clock import Clock
from watcher.daemon.supervision.liveness import Liveness
from watcher.delivery.daemon_thread import DaemonThread
from watcher.incident import Incident, IncidentKind
from watcher.model import Instant
from watcher.rules.rulebook import Keep
from watcher.store.engine import DatabaseThread
from watcher.store.ports import Store
from watcher.units import DAY, HOUR, MINUTE

DISK = Incident(IncidentKind.DISK)
DISK_SECONDS = 5 * MINUTE
_LONGEST_AWAY = 60 * DAY  # no list is read more seldom than once a month
_MIB = 1 << 20
_LEAST, _ENOUGH = 100 * _MIB, 1024 * _MIB  # free bytes: always too little, always plenty
_SHARE = 20  # between the two, a twentieth of the disk is too little

log = structlog.get_logger("watcher.daemon")


async def upkeep(
    writer: DatabaseThread, keep: Callable[[], Keep], clock: Clock, liveness: Liveness
) -> None:
    """The part "upkeep": prune what is older than ``keep:``, at the start and once a day.

    Not by a clock that may be far ahead: that would take the whole history.
    """
    while True:
        kept, now = keep(), clock.now()
        removed: Counter[str] = Counter()
        more = await writer.run(lambda database, now=now: may_prune(database, now))  # type: ignore[misc]
        while more:
            liveness.beat("upkeep", 10 * MINUTE)
            step = await writer.run(
                lambda database, kept=kept, now=now: database.pruner.step(  # type: ignore[misc]
                    now - kept.observations, now - kept.notifications
                )
            )
            removed[step.kind] += step.rows
            more = step.more
            # Another program that waits for the lock looks for it now and then only.
            await asyncio.sleep(2 * step.seconds)
        if removed.total():
            log.info("pruned", **{kind: rows for kind, rows in removed.items() if rows})
        liveness.beat("upkeep", DAY + HOUR)
        await asyncio.sleep(DAY)


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
        """What is wrong with its free space; what is ``known`` ends only well above the limit."""
        space = shutil.disk_usage(self.folder)
        least = min(max(_LEAST, space.total // _SHARE), _ENOUGH)
        if space.free >= (least * 3 // 2 if known else least):
            return None
        free, total = space.free // _MIB, space.total // _MIB
        return DISK.with_details(folder=str(self.folder), free=free, total=total)


async def watch_disk(
    disk: Disk,
    begin: Callable[[Incident], Awaitable[None]],
    end: Callable[[Incident], Awaitable[None]],
    liveness: Liveness,
) -> None:
    """The part "disk": ``begin(incident)`` where space is short, ``end(incident)`` after."""
    short: bool | None = None  # not known yet: what was told before a restart may be over
    hand = DaemonThread(
        "disk"
    )  # of a network it may never answer: on a thread that nobody else needs
    while True:
        liveness.beat("disk", 2 * DISK_SECONDS)
        look = partial(disk.shortage, known=bool(short))
        shortage = await asyncio.wrap_future(hand.run(look))
        if shortage is not None:
            await begin(shortage)
        elif short is not False:
            await end(DISK)
        short = shortage is not None
        await asyncio.sleep(DISK_SECONDS)
