"""The data day of a scan, on a watch that is read with the refresh: whether it is all new.

A scan, or a look, is held against the watch's last scan: of the products that this one listed, so
many have other numbers. How many usually do is learned, by watch: half of that is needed, and until
something is learned, half of all. A scan with less was made in the middle of a refresh: what
compares waits, and it is no baseline of later ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from watcher.data_days import APART, DataDay, DataDays, LookResult
from watcher.language import gettext_noop as N_
from watcher.model import Instant, Scan
from watcher.refreshing import next_day
from watcher.schedule import Refresh, Schedule
from watcher.store.ports import Store
from watcher.store.records import Recorded
from watcher.store.sql.refreshes import Reference, ScanDay, Share

HALF_NEW = N_(
    "the list's data was only half new at this scan: what compares waits for the next one"
)
LEARNED_FROM = 28  # scans
_PART = 0.5
_FEW = 5  # products: of more one alone tells nothing
_LEARNED = 3  # scans, before a page is known to be too still
_SURE = 1.5  # standard deviations of a share, by which a list must be more than half new
_MANY = 7  # shares, that show how far they spread by themselves
_MOST_DOUBT = 0.25  # of the usual share: of few products more than half are not asked for


def note_data_day(
    database: Store, schedule: Schedule | None, scan: Scan, recorded: Recorded
) -> bool:
    """Note which data day a recorded scan has, where its watch is read with the refresh; whether
    its data was only half new."""
    if not isinstance(schedule, Refresh):
        return False
    refreshes, region = database.refreshes, schedule.region
    days = refreshes.data_days(region).until(scan.at)
    against = refreshes.reference(scan.watch, recorded.scan_id)
    all_, first = _shares(database, against, scan, recorded)
    earlier = refreshes.days_of(scan.watch, LEARNED_FROM)
    day = _begun(days, against, scan, is_new=is_fresh(all_, usual(earlier)))
    if day is None:
        day = _begin_day(database, region, days, scan.at)
    half = (
        against is not None
        and _was_old(days, against, day)
        and not any(each.half and each.day == day for each in earlier)
        and all_.known > 0
        and not _hides_halves(earlier, all_)
        and all_.share < _enough(earlier, all_.known)
    )
    since = against.day if against is not None else None
    refreshes.note_scan(
        ScanDay(recorded.scan_id, scan.watch, region, day, since, all_, first, half)
    )
    if half:
        database.jumps.doubt_half(recorded.scan_id)
    return half


def _shares(
    database: Store, against: Reference | None, scan: Scan, recorded: Recorded
) -> tuple[Share, Share]:
    """The shares of all products, and of those of page 1."""
    if against is None:
        return Share(), Share()
    share, page = database.refreshes.share, slice(0, scan.page_size)
    products = recorded.products[: len(scan)]
    return (
        share(against, products, scan.numbers),
        share(against, products[page], scan.numbers[page]),
    )


def _begun(days: DataDays, against: Reference | None, scan: Scan, *, is_new: bool) -> int | None:
    """The data day that has begun; None where there is none, or the scan itself finds the next."""
    last = days.last
    if last is None:
        return None
    found = against is not None and is_new and is_next(last, against, scan.at)
    return None if found else last.day


def _begin_day(database: Store, region: str, days: DataDays, at: Instant) -> int:
    """Note a data day that a scan found; its number."""
    quiet = quiet_until(database, region, days.last, at) if days.last is not None else at
    number = next_day(days, quiet, at)
    database.refreshes.begin_day(region, DataDay(number, at, quiet, at))
    return number


def is_next(last: DataDay, against: Reference, at: Instant) -> bool:
    """Whether what moved since that scan is a refresh after the ``last`` one."""
    return against.at >= last.began and at >= last.began + APART


def _was_old(days: DataDays, against: Reference, day: int) -> bool:
    """Whether the scan's data is that of a day before: what was read after the old data was seen
    last may have been new already."""
    last = days.last
    if last is None or against.day is None or against.day >= day:
        return False
    return last.day < day or against.at <= last.quiet


def quiet_until(database: Store, region: str, last: DataDay, now: Instant) -> Instant:
    """The time at which the data of the ``last`` day was last seen."""
    looks = database.refreshes.looks(region, last.began)
    quiet = (look.at for look in looks if look.result is LookResult.QUIET and look.at < now)
    read = database.refreshes.last_read(region, last.day, last.began + APART)
    return max([last.began, *quiet, *([read] if read < now else [])])


def usual(earlier: Sequence[ScanDay], *, first: bool = False) -> float | None:
    """The share that usually moves from one data day to the next, of all or of page 1; None until
    some scan has told."""
    shares = _shares_of(earlier, first=first)
    return median(shares) if shares else None


def _shares_of(
    earlier: Sequence[ScanDay], *, first: bool = False, halves: bool = False
) -> Sequence[float]:
    """The shares that moved from one data day to the next, where a scan could tell."""
    shares = (each.first if first else each.all_ for each in _told(earlier, halves=halves))
    return [share.share for share in shares if share.known]


def _told(earlier: Sequence[ScanDay], *, halves: bool = False) -> Sequence[ScanDay]:
    return [
        each
        for each in earlier
        if (halves or not each.half) and each.since is not None and each.day > each.since
    ]


def is_fresh(share: Share, usual_share: float | None) -> bool:
    """Whether half of the usual share moved: of many products more than one did."""
    part = _PART * (1.0 if usual_share is None else usual_share)
    return share.moved >= max(_least(share), math.ceil(part * share.known - 1e-9))


def too_still(earlier: Sequence[ScanDay]) -> float | None:
    """The share of page 1 that moves from one day to the next, where that is known to be less than
    a look needs to see: then it can't tell whether the data is new. Counted by day, for of such a
    page it is found late, when more had time to move."""
    told = [each for each in _told(earlier) if each.first.known]
    if len(told) < _LEARNED:
        return None
    by_day = [each.first.share / (each.day - (each.since or 0)) for each in told]
    share, page = median(by_day), told[0].first
    return share if share * page.known < _least(page) - 1e-9 else None


def _least(share: Share) -> int:
    return 2 if share.known >= _FEW else 1


def _hides_halves(earlier: Sequence[ScanDay], share: Share) -> bool:
    """Whether so few products of the list usually move that by chance none does on many a day: then
    nobody can tell that its data is half new, and reading it again would tell no more."""
    usual_share = usual(earlier)
    return usual_share is not None and usual_share * share.known < _least(share) - 1e-9


def is_partly(share: Share, usual_share: float | None) -> bool:
    """Whether so much moved that it can't be chance, though it is less than half of the usual."""
    part = _PART / 2 * (0.4 if usual_share is None else usual_share)
    return share.moved >= max(_least(share), part * share.known)


def _enough(earlier: Sequence[ScanDay], known: int) -> float:
    """The least share of a whole list that is new. Of a list that is half new about half of the
    usual share moved, now more and now less: so it must surely be more, where that is learned, but
    not more than moves on nearly all days. Where hardly less moves on any, half of the way is."""
    usual_share = usual(earlier)
    if usual_share is None:
        return _PART
    half = _PART * usual_share
    spread = math.sqrt(half * (1 - half) / known)
    doubt = min(_SURE * spread, _MOST_DOUBT * usual_share)
    shares = _shares_of(earlier, halves=True)  # else those that are low never count as ones
    if len(shares) >= _MANY:
        room = max(0.0, sorted(shares)[len(shares) // 10] - half)
        doubt = min(max(doubt, min(2 * _SURE * spread, room / 2)), room)
    return half + doubt
