"""The plan of a region whose watches are read with its refresh, by what the store has: the scans
that are owed, and the next look whether the data is new. Reads, and writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from watcher import plan
from watcher.data_days import DataDay, DataDays
from watcher.evaluation.refreshed import LEARNED_FROM, too_still
from watcher.model import Instant, ScanState
from watcher.refreshing import (
    MISSED,
    READ_AGAIN,
    RegionState,
    UsualHour,
    missed,
    next_day,
    next_look,
    settled,
    usual_hour,
)
from watcher.retrying import backoff
from watcher.rules.rulebook import Api, Rulebook, Watch
from watcher.schedule import Refresh
from watcher.store.ports import Store
from watcher.store.records import AFTER_ALL, ScanRow
from watcher.store.sql.refreshes import Reference
from watcher.units import DAY, HOUR, MINUTE

_LOOK_BACK = 3 * DAY
_ANOTHER = DAY // 2  # after a day began, what nobody held against it is likelier of that day
_FIRST_RETRY, _LAST_RETRY = 15 * MINUTE, 6 * HOUR


@dataclass(frozen=True, slots=True)
class RegionPlan:
    """``due`` is when each watch (by key, those of higher priority first) is to be scanned, as far
    as that is known; ``look`` is the next look, at page 1 of ``at_watch``. ``found`` is a data day
    that scans of before show, and that is to be noted. ``missed`` days were left out."""

    region: str
    state: RegionState
    due: Mapping[str, Instant]
    look: Instant | None = None
    at_watch: Watch | None = None
    found: DataDay | None = None
    missed: int = 0

    @property
    def hour(self) -> UsualHour | None:
        return usual_hour(self.state.days)

    def expected(self, key: str) -> Instant | None:
        """The time of a watch's next scan, as far as can be said."""
        return self.due.get(key, self.look)

    def wakes(self, now: Instant) -> Instant | None:
        """The time at which another day will have been left out."""
        last = self.state.days.last
        if last is None:
            return None
        over = max(0, (now - last.began - MISSED) // DAY + 1)
        return last.began + MISSED + over * DAY


def refresh_watches(book: Rulebook, region: str | None = None) -> Sequence[Watch]:
    """The used watches that are read with the refresh, of all regions or of one: those of higher
    priority first."""
    found = [
        watch
        for watch in book.used_watches
        if isinstance(watch.schedule, Refresh) and region in (None, watch.schedule.region)
    ]
    return sorted(found, key=book.priority, reverse=True)


def regions_of(book: Rulebook) -> Sequence[str]:
    """The regions that some watch is read with the refresh of."""
    schedules = (watch.schedule for watch in refresh_watches(book))
    return sorted({each.region for each in schedules if isinstance(each, Refresh)})


def region_plan(database: Store, book: Rulebook, region: str, now: Instant) -> RegionPlan:
    """Plan what is due of a region at ``now``."""
    watches = [plan.with_followed(database, each) for each in refresh_watches(book, region)]
    refreshes = database.refreshes
    seen = {watch.key: refreshes.reference(watch.key, AFTER_ALL, halves=True) for watch in watches}
    days = refreshes.data_days(region)
    found = _uncounted(days, seen.values())
    if found is not None:
        days = DataDays((*days.rows, found))
    last = days.last
    since = min(last.began, now - _LOOK_BACK) if last is not None else now - _LOOK_BACK
    state = RegionState(days, refreshes.looks(region, since))
    due = dict[str, Instant]()
    for watch in watches:
        moment = _due(database, watch, seen[watch.key], last, book.api, now)
        if moment is not None:
            due[watch.key] = moment
    at_watch = _looked_at(database, watches, seen, last)
    look = next_look(state, book.api.probes_per_day, now) if at_watch is not None else None
    over = missed(state, now)
    if over and at_watch is not None and stillness(database, at_watch.key) is not None:
        over = 0  # that nothing moved on such a page is no sign of it
    return RegionPlan(region, state, due, look, at_watch, found, over)


def _uncounted(days: DataDays, seen: Iterable[Reference | None]) -> DataDay | None:
    """A data day by the newest scan that has none: of before the watch was read with the refresh.
    When its data was new nobody knows."""
    found = [each for each in seen if each is not None and each.day is None]
    if not found:
        return None
    at, last = max(each.at for each in found), days.last
    if last is not None and at < last.began + _ANOTHER:
        return None
    return DataDay(next_day(days, at, at), at, at, at)


def _due(
    database: Store, watch: Watch, seen: Reference | None, last: DataDay | None, api: Api,
    now: Instant,
) -> Instant | None:  # fmt: skip
    """The time of the watch's next scan; None while nothing new is known to be there."""
    scans = database.history.scans(watch.key, limit=plan.LOOK_BACK)
    if seen is None or last is None:
        return plan.due(watch.schedule, scans, now)
    retry = _after_failures(scans, now)
    read = next((scan for scan in scans if _counts(scan)), None)
    if read is None or read.at < last.began:
        return max(settled(last, api.settle), retry)
    if seen.half and seen.scan == read.id:
        return max(read.at + READ_AGAIN, retry)
    return None


def _counts(scan: ScanRow) -> bool:
    return not scan.interrupted and scan.state is not ScanState.FAILED


def _after_failures(scans: Sequence[ScanRow], now: Instant) -> Instant:
    """Not sooner than this, after scans of which nothing could be read."""
    failed = list[Instant]()
    for scan in (each for each in scans if not each.interrupted):
        if scan.state is not ScanState.FAILED:
            break
        failed.append(min(scan.at, now))
    if not failed:
        return 0
    return failed[0] + int(backoff(len(failed) - 1, _FIRST_RETRY, _LAST_RETRY))


def _looked_at(
    database: Store, watches: Sequence[Watch], seen: Mapping[str, Reference | None],
    last: DataDay | None,
) -> Watch | None:  # fmt: skip
    """The largest of the watches whose last scan has the data of the last day, where page 1 is not
    known to be too still to tell; None where there is none. A list of one's own may have lost all
    of its products since."""
    if last is None:
        return None
    there = [
        watch
        for watch in by_size(watches)
        if (found := seen[watch.key]) is not None and found.at >= last.began
    ]
    telling = (watch for watch in there if stillness(database, watch.key) is None)
    return next(telling, there[0]) if len(there) > 1 else next(iter(there), None)


def by_size(watches: Iterable[Watch]) -> Sequence[Watch]:
    """The watches of which page 1 can be looked at, the largest first."""
    with_pages = (watch for watch in watches if watch.query.pages)
    return sorted(with_pages, key=lambda watch: (-watch.query.pages, watch.key))


def stillness(database: Store, watch: str) -> float | None:
    """The share of page 1 of a watch (by key) that moves in a day, where that is too little to look
    at; else None."""
    return too_still(database.refreshes.days_of(watch, LEARNED_FROM))
