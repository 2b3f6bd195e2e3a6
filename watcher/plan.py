"""The time of a watch's next scan, from its schedule and the scans in the database only: a restart
buys nothing that is not due, and what came due while the daemon was down is due at once, once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from watcher.leeway import least
from watcher.model import Instant, ScanState
from watcher.schedule import Every, Schedule
from watcher.units import DAY, MINUTE

AT_ONCE: Instant = 0
LOOK_BACK = 16  # scans of a watch that the plan looks at

_FIRST_RETRY = 15 * MINUTE
_BELIEVED = DAY  # a scan further ahead was made under a wrong clock


class PastScan(Protocol):
    """A stored scan."""

    @property
    def at(self) -> Instant: ...

    @property
    def state(self) -> ScanState: ...

    @property
    def interrupted(self) -> bool: ...


def due(schedule: Schedule, scans: Sequence[PastScan], now: Instant) -> Instant:
    """The next time to scan, perhaps in the past; ``scans`` are the newest, newest first.

    One of which nothing could be read is tried again after 15 minutes, then 30, and so on, but
    never later than its next time; an interrupted one is due at once. One of the future (the clock
    was set back) counts as made now.
    """
    failed: list[Instant] = []
    regular = AT_ONCE
    for scan in _made(scans, now):
        at = min(scan.at, now)
        if scan.state is not ScanState.FAILED:
            regular = schedule.next(at)
            break
        failed.append(at)
    if not failed:
        return regular
    retry = failed[0] + (_FIRST_RETRY << min(len(failed) - 1, LOOK_BACK))
    return max(regular, min(retry, schedule.next(failed[0])))


def due_without_timers(schedule: Schedule, scans: Sequence[PastScan], now: Instant) -> Instant:
    """The next time for who is started by another's timer, as cron's: an interval need have passed
    only to a tenth, for a daemon's phases would leave out every second day of some watches."""
    moment = due(schedule, scans, now)
    newest = next(_made(scans, now), None)
    if newest is None or newest.state is ScanState.FAILED or not isinstance(schedule, Every):
        return moment
    return min(moment, min(newest.at, now) + least(schedule, schedule.seconds))


def believed(at: Instant, now: Instant) -> bool:
    """Whether the clock that stamped a scan with ``at`` can have been right."""
    return at <= now + _BELIEVED


def _made(scans: Sequence[PastScan], now: Instant) -> Iterator[PastScan]:
    return (scan for scan in scans if not scan.interrupted and believed(scan.at, now))
