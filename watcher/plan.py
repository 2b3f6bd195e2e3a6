"""The time of a watch's next scan, from its schedule and the scans in the database.

Nothing else is remembered: a restart buys nothing that is not due, and what came due while the
daemon was down is due at once, one time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from watcher.model import Instant, ScanState
from watcher.retrying import backoff
from watcher.rules.rulebook import Watch
from watcher.schedule import Cron, Every, Schedule, least
from watcher.store.ports import Store
from watcher.store.records import ScanRow
from watcher.units import DAY, MINUTE

AT_ONCE: Instant = 0
LOOK_BACK = 16  # scans of a watch that the plan looks at

_FIRST_RETRY = 15 * MINUTE
_BELIEVED = DAY  # a scan further ahead was made under a wrong clock


def due(schedule: Schedule, scans: Sequence[ScanRow], now: Instant) -> Instant:
    """The next time to scan, perhaps in the past; ``scans`` are the newest, newest first. One of
    which nothing could be read is tried again after 15 minutes, then 30, and so on, but never later
    than its next time; an interrupted one is due at once. One of the future (the clock was set
    back) counts as made now."""
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
    wait = backoff(len(failed) - 1, _FIRST_RETRY, schedule.next(failed[0]) - failed[0])
    return max(regular, failed[0] + int(wait))


def due_without_timers(schedule: Schedule, scans: Sequence[ScanRow], now: Instant) -> Instant:
    """The time to scan for who is started by another's timer, as a cron job that runs each day. Of
    an interval it is enough that it has passed since the newest scan, to a tenth: the phases by
    which a daemon spreads its watches would leave out every second day of some."""
    moment = due(schedule, scans, now)
    newest = next(_made(scans, now), None)
    if newest is None or newest.state is ScanState.FAILED or isinstance(schedule, Cron):
        return moment
    seconds = schedule.seconds if isinstance(schedule, Every) else DAY
    return min(moment, min(newest.at, now) + least(schedule, seconds))


def after(last: ScanRow | None, now: Instant) -> Instant:
    """The least instant that the scan after ``last`` may carry."""
    return last.at + 1 if last is not None and believed(last.at, now) else 1


def believed(at: Instant, now: Instant) -> bool:
    """Whether the clock that stamped a scan with ``at`` can have been right."""
    return at <= now + _BELIEVED


def with_followed(database: Store, watch: Watch) -> Watch:
    """The watch with the ids that are followed now, where it reads those."""
    return watch.with_followed(database.followed.ids()) if watch.query.followed else watch


def _made(scans: Sequence[ScanRow], now: Instant) -> Iterator[ScanRow]:
    return (scan for scan in scans if not scan.interrupted and believed(scan.at, now))
