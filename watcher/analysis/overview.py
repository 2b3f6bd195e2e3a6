"""The state of the whole as people ask for it: the page, ``status`` and the metrics read this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from watcher import plan
from watcher.alert import AlertState
from watcher.analysis.reports.due import ReportStatus, statuses
from watcher.analysis.watch_doubts import watch_doubts
from watcher.data_days import RefreshLook
from watcher.fields import CATEGORIES
from watcher.model import Health, Instant
from watcher.notification.deferral import Waiting, waiting
from watcher.refreshing import UsualHour
from watcher.region_plan import RegionPlan, region_plan, regions_of
from watcher.rules.rulebook import Api, Rulebook, Watch
from watcher.schedule import Refresh
from watcher.store.ports import Store
from watcher.store.records import ScanRow
from watcher.text.incidents import incident_text
from watcher.units import DAY

QUIET_DAYS = 30


@dataclass(frozen=True, slots=True)
class Trouble:
    """An incident that is on: its name, its text, and when it began."""

    cause: str
    text: str
    since: Instant


@dataclass(frozen=True, slots=True)
class WatchStatus:
    """A watch, and the credits that it used on this UTC day, those set aside included.
    ``not_indexed`` are ids of one's own that were asked for, and the source never had. ``doubt``
    says so of a shop that has more products than are read."""

    name: str
    key: str
    query: str
    schedule: str
    rules: tuple[str, ...]
    last: ScanRow | None
    due: Instant
    health: Health
    credits_today: int
    not_indexed: tuple[str, ...] = ()
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class RefreshStatus:
    """A region's refresh as it is known: when the ``last`` was seen, and read until ``next_look``
    at the earliest; ``hour`` is what was learned, in seconds of the UTC day, None so far. ``looks``
    are requests of this UTC day; ``day`` is the last data day, ``missed`` were left out since."""

    region: str
    day: int | None
    last: Instant | None
    hour: UsualHour | None
    next_look: Instant | None
    looks: int
    most_looks: int
    last_look: RefreshLook | None
    missed: int


@dataclass(frozen=True, slots=True)
class RuleStatus:
    """A rule; ``quiet``: it has not fired for ``QUIET_DAYS`` although it could. ``watch`` has the
    names of all its watches, or what groups of them it judges."""

    name: str
    watch: str
    severity: str
    notify: tuple[str, ...]
    pending: int
    firing: int
    health: Health
    quiet: bool = False
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Credits:
    """Requests of the UTC day and month, and the caps (None: no cap)."""

    day: int
    month: int
    day_cap: int | None
    month_cap: int | None


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything at one instant. ``queue`` counts notifications by state; ``waiting`` is what is
    held back of what is no notification yet, or one for later."""

    now: Instant
    watches: tuple[WatchStatus, ...]
    rules: tuple[RuleStatus, ...]
    credits: Credits
    queue: Mapping[str, int]
    troubles: tuple[Trouble, ...]
    waiting: tuple[Waiting, ...] = ()
    refreshes: tuple[RefreshStatus, ...] = ()
    reports: tuple[ReportStatus, ...] = ()


def overview(database: Store, book: Rulebook, now: Instant) -> Overview:
    """Read the state of ``book``'s watches and rules at ``now``."""
    counts, spent = database.alerts.counts(), database.ledger.spent(now)
    credits_today = database.ledger.by_watch(now)
    quiet = database.rules.not_fired_since(now - QUIET_DAYS * DAY)
    health = {(each.kind, each.name): each for each in database.health.list()}
    plans = {each: region_plan(database, book, each, now) for each in regions_of(book)}
    doubts = {watch.key: text for watch, text in watch_doubts(database, book)}
    return Overview(
        now=now,
        watches=tuple(
            _watch(database, book, watch, _Known(plans, health, credits_today, doubts, now))
            for watch in book.used_watches
        ),
        rules=tuple(
            RuleStatus(
                rule.name,
                rule.watched if rule.group is None else rule.group.said,
                rule.severities,
                rule.notify,
                counts.get((rule.name, AlertState.PENDING), 0),
                counts.get((rule.name, AlertState.FIRING), 0),
                health.get(("rule", rule.name), Health("rule", rule.name)),
                rule.enabled and rule.name in quiet,
                rule.enabled,
            )
            for rule in book.rules
        ),
        credits=Credits(
            spent.day, spent.month, book.api.credits_per_day, book.api.credits_per_month
        ),
        queue={state.value: count for state, count in database.outbox.counts().items()},
        troubles=tuple(
            Trouble(each.cause, incident_text(each), each.since)
            for each in database.health.incidents()
        ),
        waiting=waiting(database, book, now),
        refreshes=tuple(_refresh(plan, book.api, now) for plan in plans.values()),
        reports=statuses(database, book, now),
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """Facts about all watches at ``now``: plans by region, healths by kind and name, and credits of
    the day and doubts by watch."""

    plans: Mapping[str, RegionPlan]
    health: Mapping[tuple[str, str], Health]
    spent: Mapping[str, int]
    doubts: Mapping[str, str]
    now: Instant


def _watch(database: Store, book: Rulebook, watch: Watch, known: _Known) -> WatchStatus:
    scans = database.history.scans(watch.key, limit=plan.LOOK_BACK)
    watch = plan.with_followed(database, watch)
    return WatchStatus(
        name=watch.name,
        key=watch.key,
        query=watch.query.describe(_names(database, book, watch)),
        schedule=str(watch.schedule),
        rules=tuple(rule.name for rule in book.rules_of(watch)),
        last=scans[0] if scans else None,
        due=max(_due(watch, known.plans, scans, known.now), known.now),
        health=known.health.get(("watch", watch.key), Health("watch", watch.key)),
        credits_today=known.spent.get(watch.key, 0),
        not_indexed=_not_indexed(database, watch),
        doubt=known.doubts.get(watch.key, ""),
    )


def _due(
    watch: Watch, plans: Mapping[str, RegionPlan], scans: Sequence[ScanRow], now: Instant
) -> Instant:
    """The next scan; of one that is read with the refresh, the next look at the earliest."""
    if isinstance(watch.schedule, Refresh):
        expected = plans[watch.schedule.region].expected(watch.key)
        return expected if expected is not None else now
    return plan.due(watch.schedule, scans, now)


def _refresh(each: RegionPlan, api: Api, now: Instant) -> RefreshStatus:
    state = each.state
    last = state.days.last
    return RefreshStatus(
        region=each.region,
        day=last.day if last is not None else None,
        last=last.began if last is not None else None,
        hour=each.hour,
        next_look=max(each.look, now) if each.look is not None else None,
        looks=state.spent(now - now % DAY, now),
        most_looks=api.probes_per_day,
        last_look=state.looks[-1] if state.looks else None,
        missed=each.missed,
    )


def _names(database: Store, book: Rulebook, watch: Watch) -> Mapping[str, str]:
    """Names of the seller or the categories that a watch names."""
    ids = [str(value) for name, value in watch.query.filters if name in CATEGORIES]
    return {**(database.categories.names(ids) if ids else {}), **book.sellers}


def _not_indexed(database: Store, watch: Watch) -> tuple[str, ...]:
    """In the order of the list; none of a watch that asks for no ids."""
    if not watch.query.ids:
        return ()
    asked = database.lookups.asked(watch.key)
    wanted = [each for each in watch.query.ids if each in asked]
    found = database.history.found_by(watch.key) if wanted else frozenset()
    return tuple(each for each in wanted if each not in found)
