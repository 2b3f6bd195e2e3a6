"""When a watch is to be scanned next, from its schedule and the scans in the database.

Nothing else is remembered: a restart buys nothing that is not due, and what came due while the
daemon was down is due at once, one time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from watcher.model import Instant, ScanState
from watcher.schedule import Schedule
from watcher.units import MINUTE

AT_ONCE: Instant = 0
LOOK_BACK = 16  # scans of a watch that the plan looks at
STOPPED = "stopped"  # the error of a scan that our own stop cut off

_FIRST_RETRY = 15 * MINUTE


class PastScan(Protocol):
    """What the plan needs of a stored scan."""

    @property
    def at(self) -> Instant: ...

    @property
    def state(self) -> ScanState: ...

    @property
    def error(self) -> str | None: ...


def due(schedule: Schedule, scans: Sequence[PastScan]) -> Instant:
    """The next time to scan; ``scans`` are the newest, newest first. It may lie in the past.

    A scan that gave products is done until its next time. One of which nothing could be read is
    tried again after 15 minutes, then 30, and so on, but never later than its next time; one
    that was cut off by a stop is due at once.
    """
    failed: list[PastScan] = []
    for scan in scans:
        if scan.error == STOPPED:
            continue
        if scan.state is not ScanState.FAILED:
            return _after_failures(schedule, schedule.next(scan.at), failed)
        failed.append(scan)
    return _after_failures(schedule, AT_ONCE, failed)


def _after_failures(schedule: Schedule, regular: Instant, failed: Sequence[PastScan]) -> Instant:
    if not failed:
        return regular
    latest = failed[0].at
    retry = latest + (_FIRST_RETRY << min(len(failed) - 1, LOOK_BACK))
    return max(regular, min(retry, schedule.next(latest)))
