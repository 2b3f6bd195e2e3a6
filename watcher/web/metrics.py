"""``GET /metrics``: the state of everything in Prometheus' text format.

``FAMILIES`` is the daemon's state and its meaning: answer and reference page are made from it.
Beside it stand what the daemon measures of itself and what the client library says of the process.
"""

from __future__ import annotations

import platform
import shutil
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from prometheus_client import CollectorRegistry, Metric, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from watcher import __version__
from watcher.analysis.overview import RefreshStatus, RuleStatus, WatchStatus, overview
from watcher.model import Instant
from watcher.notification.deferral import Waiting
from watcher.rules.rulebook import Rulebook
from watcher.schedule import Schedule
from watcher.store.places import Server
from watcher.store.ports import Store
from watcher.units import DAY
from watcher.web.fleet import Fleet

Sample: TypeAlias = tuple[str, tuple[str, ...], float | None]
"""A family's name, the values of its labels in their order, and the number; None is left out."""


class Family(NamedTuple):
    """One metric of the daemon's state and its meaning."""

    name: str
    meaning: str
    labels: tuple[str, ...] = ()

    @property
    def full(self) -> str:
        """The name that Prometheus knows."""
        return f"watcher_{self.name}"

    @property
    def kind(self) -> str:
        """Counters are told by their names; Prometheus takes the ending off."""
        return "counter" if self.name.endswith("_total") else "gauge"

    def empty(self, *before: str) -> CounterMetricFamily | GaugeMetricFamily:
        """The metric as Prometheus' library has it, without a number yet; with labels ``before``
        its own."""
        make = CounterMetricFamily if self.kind == "counter" else GaugeMetricFamily
        return make(self.full, self.meaning, labels=(*before, *self.labels))


_WATCH = ("watch",)
FAMILIES = (
    Family("healthy", "1 while every part of the daemon works, as at /healthz"),
    Family("build_info", "1; the versions are in the labels", ("version", "python", "sqlite")),
    Family(
        "watch_last_scan_timestamp_seconds",
        "When the last scan was due, whatever came of it",
        _WATCH,
    ),
    Family("watch_last_success_timestamp_seconds", "When the list was last read whole", _WATCH),
    Family(
        "watch_expected_timestamp_seconds",
        "When the list was to be read again after it was last read whole",
        _WATCH,
    ),
    Family("watch_scan_duration_seconds", "How long the last scan took", _WATCH),
    Family("watch_scan_requests", "Requests of the last scan", _WATCH),
    Family("watch_products", "Products in the last scan", _WATCH),
    Family(
        "watch_problems",
        "What was wrong with the last scan: rows and fields that could not be read, gaps, pages "
        "that came again",
        _WATCH,
    ),
    Family(
        "watch_doubted",
        "1 while the last scan proves no absence: unreadable rows, a gap, a page that came again, "
        "a list that is suddenly much shorter",
        _WATCH,
    ),
    Family(
        "groups",
        "Groups of products that were judged at the newest scan, by the rule file's groups",
        ("group",),
    ),
    Family("watch_failing", "1 while the watch fails", _WATCH),
    Family("watch_failures", "Scans that failed since the last good one", _WATCH),
    Family("watch_credits_used", "Requests of this UTC day, those set aside included", _WATCH),
    Family(
        "refresh_last_timestamp_seconds",
        "When new data of the region was last seen, for `every: refresh`",
        ("region",),
    ),
    Family("refresh_next_probe_timestamp_seconds", "When it is looked for next", ("region",)),
    Family("refresh_probes", "Requests of this UTC day that looked for new data", ("region",)),
    Family("refresh_missed", "Days left out since there was new data", ("region",)),
    Family("alerts", "Alerts by state", ("rule", "severity", "state")),
    Family(
        "alerts_held",
        "Alerts that a channel is told of later: held by a silence, quiet hours, a digest, a "
        "cooldown, a round or the day's most",
        ("channel", "why"),
    ),
    Family("rule_failing", "1 while the rule can't be judged", ("rule",)),
    Family(
        "credits_used",
        "Requests of this UTC day and month, which the caps count; those set aside included",
        ("span",),
    ),
    Family("credits_cap", "The rule file's caps, where it has them", ("span",)),
    Family("notifications", "Notifications by state, as far as they are kept", ("state",)),
    Family(
        "notifications_held_up_seconds",
        "For how long the oldest has been due or tried in vain; 0 for none. What quiet hours and "
        "digests keep back does not count",
    ),
    Family("tries_last_day", "Tries to send in the last 24 hours by outcome", ("outcome",)),
    Family("troubles", "Troubles that the operator was told of and that go on"),
    Family("database_bytes", "Size of the database"),
    Family("database_log_bytes", "Size of the log beside it"),
    Family("database_free_bytes", "Space inside of it that is used first"),
    Family("disk_free_bytes", "Free on the database's disk"),
    Family("scans_stored_total", "Scans that were stored, of any state"),
    Family("observations_stored_total", "Rows of numbers that were stored"),
    Family("alerts_begun_total", "Alerts that began, pending ones included"),
    Family("notifications_queued_total", "Notifications that were queued"),
)
# What a daemon whose books are on a server says beside the state of those that it holds.
FLEET = (
    Family("daemon_healthy", "1 while this daemon's /healthz says that all is well"),
    Family("daemons", "Daemons at work on the server"),
    Family("book_held", "1 while some daemon holds the book", ("book",)),
    Family(
        "book_held_here",
        "1 while this daemon holds the book: only then it says more of it",
        ("book",),
    ),
)


@dataclass(frozen=True, slots=True, eq=False)  # the registry hashes it
class Snapshot(Collector):
    """The database's state at one moment."""

    samples: Sequence[Sample]

    def collect(self) -> Iterator[Metric]:
        found = {family.name: family.empty() for family in FAMILIES}
        for name, labels, value in self.samples:
            if value is not None:
                found[name].add_metric(labels, float(value))
        yield from found.values()


@dataclass(frozen=True, slots=True, eq=False)
class Snapshots(Collector):
    """Several books, each by its name; and the ``fleet`` that they belong to."""

    books: Mapping[str, Snapshot]
    fleet: Sequence[Sample]

    def collect(self) -> Iterator[Metric]:
        found = {family.name: family.empty() for family in FLEET}
        found |= {family.name: family.empty("book") for family in FAMILIES}
        samples = [*self.fleet]
        for book, read_of in self.books.items():
            samples += [(name, (book, *labels), value) for name, labels, value in read_of.samples]
        for name, labels, value in samples:
            if value is not None:
                found[name].add_metric(labels, float(value))
        yield from found.values()


def fleet_samples(fleet: Fleet, here: Collection[str]) -> Iterator[Sample]:
    """Tell of daemons and books, of which some are held ``here``."""
    yield "daemons", (), len(fleet.daemons)
    for book in fleet.books:
        yield "book_held", (book.name,), book.lease.held
        yield "book_held_here", (book.name,), book.name in here


def read(database: Store, book: Rulebook, now: Instant, *, healthy: bool) -> Snapshot:
    """Read all that ``exposition`` shows of the database."""
    state, upkeep = overview(database, book, now), database.upkeep
    sizes, ever = upkeep.sizes(), upkeep.ever()
    versions = (__version__, platform.python_version(), upkeep.engine())
    samples: list[Sample] = [
        ("build_info", versions, 1),
        ("healthy", (), healthy),
        ("notifications_held_up_seconds", (), database.outbox.held_up(now)),
        ("troubles", (), len(state.troubles)),
        ("database_bytes", (), sizes.bytes),
        ("database_log_bytes", (), sizes.wal),
        ("database_free_bytes", (), sizes.free),
        ("disk_free_bytes", (), _free(database)),
        ("scans_stored_total", (), ever["scans"]),
        ("observations_stored_total", (), ever["observations"]),
        ("alerts_begun_total", (), ever["alerts"]),
        ("notifications_queued_total", (), ever["notifications"]),
        ("credits_used", ("day",), state.credits.day),
        ("credits_used", ("month",), state.credits.month),
        ("credits_cap", ("day",), state.credits.day_cap),
        ("credits_cap", ("month",), state.credits.month_cap),
    ]
    samples += [("notifications", (each,), count) for each, count in state.queue.items()]
    tried = database.outbox.tried(now - DAY)
    samples += [("tries_last_day", (outcome,), count) for outcome, count in tried.items()]
    for watch, status in zip(book.used_watches, state.watches, strict=True):
        samples += _of_watch(status, watch.schedule)
    for rule in state.rules:
        samples += _of_rule(rule)
    for region in state.refreshes:
        samples += _of_region(region)
    samples += _held(state.waiting)
    samples += _of_groups(database, book)
    return Snapshot(samples)


def _of_groups(database: Store, book: Rulebook) -> Iterator[Sample]:
    used = {rule.group.name: rule.group for rule in book.enabled if rule.group is not None}
    for name, group in used.items():
        sizes = [database.groups.newest_size(watch.key, group.by) for watch in group.watches]
        yield "groups", (name,), sum(sizes)


def _of_region(region: RefreshStatus) -> Iterator[Sample]:
    name = (region.region,)
    yield "refresh_last_timestamp_seconds", name, region.last
    yield "refresh_next_probe_timestamp_seconds", name, region.next_look
    yield "refresh_probes", name, region.looks
    yield "refresh_missed", name, region.missed


def _of_rule(rule: RuleStatus) -> Iterator[Sample]:
    yield "alerts", (rule.name, rule.severity, "pending"), rule.pending
    yield "alerts", (rule.name, rule.severity, "firing"), rule.firing
    yield "rule_failing", (rule.name,), rule.health.failing_since is not None


def _held(waiting: Sequence[Waiting]) -> Iterator[Sample]:
    held: Counter[tuple[str, ...]] = Counter()
    for each in waiting:
        held[each.channel, each.why] += each.alerts
    return (("alerts_held", labels, count) for labels, count in (+held).items())


def _of_watch(watch: WatchStatus, schedule: Schedule) -> Iterator[Sample]:
    health, last, ok = watch.health, watch.last, watch.health.last_ok
    numbers: dict[str, float | None] = {
        "last_success_timestamp_seconds": ok,
        "expected_timestamp_seconds": schedule.next(ok) if ok is not None else None,
        "failing": health.failing_since is not None,
        "failures": health.failures,
        "credits_used": watch.credits_today,
    }
    if last is not None:
        numbers |= {
            "last_scan_timestamp_seconds": last.at,
            "scan_duration_seconds": last.finished - last.started,
            "scan_requests": last.requests,
            "products": last.products,
            "problems": len(last.problems),
            "doubted": last.doubt is not None and not last.doubt.believed,
        }
    return ((f"watch_{name}", (watch.name,), number) for name, number in numbers.items())


def exposition(reading: Collector, instruments: Sequence[Collector] = ()) -> tuple[bytes, str]:
    """The body and its content type. Made of a registry of its own: nothing global is kept."""
    registry = CollectorRegistry()
    for collector in (reading, *instruments):
        registry.register(collector)
    ProcessCollector(registry=registry)
    return generate_latest(registry), CONTENT_TYPE_LATEST


def _free(database: Store) -> int | None:
    if isinstance(database.place, Server):
        return None
    try:
        return shutil.disk_usage(database.place.absolute().parent).free
    except OSError:
        return None


def reference(instruments: Sequence[Collector] = ()) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """Name, kind, meaning and labels of every metric of watcher's own, for the documentation."""
    own = [(each.full, each.kind, each.meaning, each.labels) for each in (*FAMILIES, *FLEET)]
    measured = (metric for instrument in instruments for metric in instrument.collect())
    # As it stands in the answer: the client library takes the ending of counters off.
    return own + [
        (f"{each.name}{'_total' * (each.type == 'counter')}", each.type, each.documentation, ())
        for each in measured
    ]
