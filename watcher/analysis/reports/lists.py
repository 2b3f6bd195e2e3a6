"""The two scans of each list that a report compares: the newest, and one of so long before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from watcher.data_days import durations
from watcher.model import Instant
from watcher.report import ListTrouble, ReportedList
from watcher.rules.conditions.base import Ago
from watcher.rules.report import PlannedReport
from watcher.rules.rulebook import Watch
from watcher.schedule import longest_gap
from watcher.store.ports import Store
from watcher.store.records import OwnScan
from watcher.store.sql.baselines import NEVER
from watcher.units import DAY, HOUR


@dataclass(frozen=True, slots=True)
class Pair:
    """A list's scans of ``now`` and ``then``, as far as there are any. ``proves``: who is on one
    of them only entered or left."""

    watch: Watch
    now: OwnScan | None = None
    then: OwnScan | None = None
    troubles: tuple[ListTrouble, ...] = ()

    @property
    def proves(self) -> bool:
        return all(each is not None and each.proves for each in (self.now, self.then))

    def reported(self, size: int, both: int) -> ReportedList:
        """The list as the report says it."""
        now, then = self.now, self.then
        return ReportedList(
            self.watch.key,
            self.watch.name,
            self.watch.query.region,
            now.id if now is not None else None,
            now.at if now is not None else None,
            then.id if then is not None else None,
            then.at if then is not None else None,
            size,
            both,
            self.proves,
            self.troubles,
        )


def pairs_of(database: Store, report: PlannedReport, now: Instant) -> list[Pair]:
    """The pair of each of a report's lists, as they are known at ``now``. Whole lists go before
    cut ones; what jumped and was not believed yet is passed over."""
    return [_pair(database, watch, report.compare, now) for watch in report.watches]


def same_pairs(database: Store, report: PlannedReport, lists: Sequence[ReportedList]) -> list[Pair]:
    """The pairs that a report was made of, as far as its lists and scans are still there."""
    watches = {watch.key: watch for watch in report.watches}
    found = list[Pair]()
    for each in lists:
        watch = watches.get(each.watch)
        if watch is not None:
            wanted = {each.scan, each.then_scan}
            scans = database.history.own_scans(each.watch, NEVER, (each.then or 0, each.at or 0))
            known = {scan.id: scan for scan in scans if scan.id in wanted}
            now, then = known.get(each.scan or 0), known.get(each.then_scan or 0)
            found.append(Pair(watch, now, then, each.troubles))
    return found


def _pair(database: Store, watch: Watch, compare: int, now: Instant) -> Pair:
    scans = database.history.own_scans(watch.key, NEVER, (0, now))
    newest = next((each for each in scans if each.proves), next(iter(scans), None))
    if newest is None:
        return Pair(watch, troubles=(ListTrouble.NEVER,))
    times = durations(watch.schedule, database.history)
    last = times.ago(compare, newest.at)
    first = times.oldest(compare, Ago(compare).older, newest.at)
    old = [each for each in scans if first <= each.at <= last and each.id < newest.id]
    then = next((each for each in old if each.proves), next(iter(old), None))
    found = Pair(watch, newest, then)
    stale = now - newest.at > longest_gap(watch.schedule) + max(DAY // 2, HOUR)
    return Pair(watch, newest, then, (*_troubles(found, scans[0]), *[ListTrouble.STALE] * stale))


def _troubles(pair: Pair, newest: OwnScan) -> Iterator[ListTrouble]:
    if pair.then is None:
        yield ListTrouble.YOUNG
    known = [each for each in (pair.now, pair.then) if each is not None]
    if newest is not pair.now or not all(each.proves for each in known):
        yield ListTrouble.PARTIAL
