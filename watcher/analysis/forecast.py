"""The cost of the watches: requests a scan, a day and a month, against the caps."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from watcher.model import Instant
from watcher.rules.rulebook import Rulebook, Watch
from watcher.schedule import Every, Refresh, Schedule
from watcher.source.endpoint import Gives
from watcher.subjects import BY
from watcher.units import DAY, at, next_midnight, next_month

if TYPE_CHECKING:  # `check` does without the store where there is no database yet
    from watcher.store.records import Spent

MONTH_DAYS = 30
_USUAL_PROBES = 3.0  # a day and region, measured (docs/benchmarks.md)
_MOST_SCANS = 200_000  # of one day, for the search of the moment at which a cap is reached
_MOST_RANKED_SCANS = 2_000  # where each must be compared with what others still need


@dataclass(frozen=True, slots=True)
class Cost:
    """A watch's price; one credit is one request."""

    watch: str
    schedule: str
    requests: int
    scans_a_day: float
    credits_a_day: float
    credits_a_month: float


@dataclass(frozen=True, slots=True)
class ProbeCost:
    """Requests a day that look whether a region's data is new: so many usually, and at most."""

    region: str
    usual: float
    most: int


@dataclass(frozen=True, slots=True)
class GroupUse:
    """A group that enabled rules speak of, and what is counted of it: it reads what its watches
    list, and costs no credit of its own."""

    group: str
    watches: tuple[str, ...]
    by: str
    many: str
    figures: tuple[str, ...]
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Forecast:
    """All watches, their sum, and what will not fit under the caps and from when on."""

    watches: tuple[Cost, ...]
    credits_a_day: float
    credits_a_month: float
    warnings: tuple[str, ...]
    probes: tuple[ProbeCost, ...] = ()
    groups: tuple[GroupUse, ...] = ()


def forecast(
    book: Rulebook, pages: Mapping[str, int], now: Instant, spent: Spent | None = None
) -> Forecast:
    """The cost of ``book``; ``pages`` is how many pages a watch (by key) really had, if known, and
    ``spent`` what of this day and month is used already. A list may end before ``top``, so the
    first forecast of a watch is the most it can cost."""
    costs = tuple(_cost(watch, pages, now) for watch in book.used_watches)
    probes = tuple(_probes(book))
    looks = sum(each.usual for each in probes)
    day = sum(cost.credits_a_day for cost in costs) + looks
    month = sum(cost.credits_a_month for cost in costs) + looks * MONTH_DAYS
    warnings = tuple(_warnings(book, pages, day, now, spent))
    return Forecast(costs, day, month, warnings, probes, tuple(_groups(book)))


def _groups(book: Rulebook) -> Iterator[GroupUse]:
    for group in book.groups:
        rules = tuple(rule.name for rule in book.enabled if rule.group == group)
        if rules:
            watches = tuple(watch.name for watch in group.watches)
            figures = tuple(metric.name for metric in group.metrics.metrics())
            yield GroupUse(group.name, watches, group.by, BY[group.by].many, figures, rules)


def _probes(book: Rulebook) -> Iterator[ProbeCost]:
    schedules = (watch.schedule for watch in book.used_watches)
    most = book.api.probes_per_day
    for region in sorted({each.region for each in schedules if isinstance(each, Refresh)}):
        yield ProbeCost(region, min(_USUAL_PROBES, most), most)


def scans_left(
    schedule: Schedule, due: Instant, now: Instant, end: Instant, at_most: int = _MOST_SCANS
) -> int:
    """Count the scans from ``now`` (what is overdue begins now) until before ``end``."""
    count, moment = 0, max(due, now)
    while moment < end and count < at_most:
        count, moment = count + 1, schedule.next(moment)
        if isinstance(schedule, Every):  # on its grid now: counted without a step for each
            count += max(0, -(-(end - moment) // schedule.seconds))
            break
    return min(count, at_most)


def requests_of(watch: Watch, pages: int) -> int:
    """Requests of one scan: as many ``pages`` as the list should have (0: not known), and the one
    that shows that it ends there. A lookup asks for all of its ids."""
    if watch.query.gives is Gives.LOOKUP:
        return watch.query.pages
    return min(pages + 1, watch.query.pages) if pages else watch.query.pages


def _cost(watch: Watch, pages: Mapping[str, int], now: Instant) -> Cost:
    requests = requests_of(watch, pages.get(watch.key, 0))
    scans = watch.schedule.scans_between(now, now + MONTH_DAYS * DAY) / MONTH_DAYS
    return Cost(
        watch=watch.name,
        schedule=str(watch.schedule),
        requests=requests,
        scans_a_day=scans,
        credits_a_day=requests * scans,
        credits_a_month=requests * scans * MONTH_DAYS,
    )


def _warnings(
    book: Rulebook, pages: Mapping[str, int], day: float, now: Instant, spent: Spent | None
) -> Iterator[str]:
    cap = book.api.credits_per_day
    if cap is not None:
        reached = _day_cap_reached(book, pages, cap, now, spent)
        if reached is not None:
            moment, watch = reached
            when = at(moment, book.zone)
            yield (
                f"the cap of {cap:,} credits a day does not suffice: on {when:%-d %B} the "
                f'scan of "{watch.name}" at {when:%H:%M} {book.zone} no longer fits and is skipped'
            )
            day = min(day, cap)
    cap = book.api.credits_per_month
    if cap is not None and day:
        yield from _month_warnings(cap, day, now, spent, book.zone)


def _month_warnings(
    cap: int, day: float, now: Instant, spent: Spent | None, zone: tzinfo
) -> Iterator[str]:
    """Yield what is to be said of this month, from what is used already, else of a whole one."""
    used = spent.month if spent is not None else 0
    reached = now + int(max(0, cap - used) / day * DAY)
    if spent is not None and used and reached < next_month(now):
        when = f"on about {at(reached, zone):%-d %B}" if reached > now else "already"
        yield (
            f"the cap of {cap:,} credits a month does not suffice: {used:,} are used, and at "
            f"{day:,.0f} a day it is reached {when}"
        )
    elif day * MONTH_DAYS > cap:
        yield (
            f"the cap of {cap:,} credits a month does not suffice: at {day:,.0f} a day it is "
            f"reached after {int(cap / day)} days"
        )


def _day_cap_reached(
    book: Rulebook, pages: Mapping[str, int], cap: int, now: Instant, used: Spent | None
) -> tuple[Instant, Watch] | None:
    """The first scan of the next week that does not fit into its day: from now on where it is known
    what is ``used`` of today, else from midnight on. It must leave what the watches of higher
    priority still need on that day."""
    priced = [
        _Priced(watch, requests_of(watch, pages.get(watch.key, 0)), book.priority(watch))
        for watch in book.used_watches
    ]
    ranked = len({one.priority for one in priced}) > 1
    start = now + 1 if used is not None else next_midnight(now)
    looks = round(sum(each.usual for each in _probes(book)))
    today, spent = start - start % DAY, used.day if used is not None else looks
    for due in islice(_coming(priced, start), _MOST_RANKED_SCANS if ranked else _MOST_SCANS):
        moment, _, one = due[0]
        if moment >= start + 7 * DAY:
            return None
        if moment >= today + DAY:
            today, spent = moment - moment % DAY, looks
        if spent + one.requests + _kept(due, today + DAY, cap) > cap:
            return moment, one.watch
        spent += one.requests
    return None


@dataclass(frozen=True, slots=True)
class _Priced:
    """A watch, and the price of its scans."""

    watch: Watch
    requests: int
    priority: int


_Due: TypeAlias = Sequence[tuple[Instant, int, _Priced]]


def _coming(priced: Sequence[_Priced], start: Instant) -> Iterator[_Due]:
    """Yield the next scan of each watch, the very next first, anew for each scan that comes."""
    due = [(one.watch.schedule.next(start - 1), place, one) for place, one in enumerate(priced)]
    heapq.heapify(due)
    while due:
        yield due
        moment, place, one = due[0]
        heapq.heapreplace(due, (one.watch.schedule.next(moment), place, one))


def _kept(due: _Due, end: Instant, cap: int) -> int:
    """Requests that watches of higher priority than the next one's still need until ``end``."""
    now, _, own = due[0]
    return sum(
        other.requests * scans_left(other.watch.schedule, moment, now, end, cap)
        for moment, _, other in due
        if other.priority > own.priority
    )
