"""``GET /metrics``: the state of everything in Prometheus' text format.

``FAMILIES`` is the daemon's state and its meaning: answer and reference page are made from it.
Beside it stand what the daemon measures of itself and what the client library says of the process.
"""

from __future__ import annotations

import platform
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from prometheus_client import CollectorRegistry, Metric, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from watcher import __version__
from watcher.analysis.overview import Overview, WatchStatus, overview
from watcher.model import Instant
from watcher.notification.deferral import Waiting
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Sizes, Store
from watcher.store.sql.history import ScanRow
from watcher.units import DAY

# Values of the labels in the family's order, and the number; None is left out.
Sample: TypeAlias = tuple[Sequence[str], float | None]


@dataclass(frozen=True, slots=True, eq=False)  # the registry hashes it
class Snapshot(Collector):
    """The database's state at one moment. ``disk`` is free bytes; ``expected`` is when each
    watch (by name) should have been read again after it was last read whole; ``sqlite`` is the
    library's version."""

    state: Overview
    held_up: int
    tried: Mapping[str, int]
    sizes: Sizes
    ever: Mapping[str, int]
    disk: int | None
    expected: Mapping[str, Instant]
    sqlite: str
    healthy: bool

    def collect(self) -> Iterator[Metric]:
        for family in FAMILIES:
            make = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
            metric = make(family.name, family.help, labels=family.labels)
            for labels, value in family.samples(self):
                if value is not None:
                    metric.add_metric(labels, float(value))
            yield metric


@dataclass(frozen=True, slots=True)
class Family:
    """One metric by its full name: ``kind`` is gauge or counter, ``help`` what it means."""

    name: str
    kind: str
    help: str
    labels: tuple[str, ...]
    samples: Callable[[Snapshot], Iterable[Sample]]


def read(database: Store, book: Rulebook, now: Instant, *, healthy: bool) -> Snapshot:
    """Read all that ``exposition`` shows of the database."""
    state = overview(database, book, now)
    schedules = {watch.name: watch.schedule for watch in book.used_watches}
    return Snapshot(
        state,
        database.outbox.held_up(now),
        database.outbox.tried(now - DAY),
        database.upkeep.sizes(),
        database.upkeep.ever(),
        _free(database),
        {
            watch.name: schedules[watch.name].next(watch.health.last_ok)
            for watch in state.watches
            if watch.health.last_ok is not None
        },
        database.upkeep.engine(),
        healthy,
    )


def exposition(reading: Snapshot, instruments: Sequence[Collector] = ()) -> tuple[bytes, str]:
    """The body and its content type. Made of a registry of its own: nothing global is kept."""
    registry = CollectorRegistry()
    for collector in (reading, *instruments):
        registry.register(collector)
    ProcessCollector(registry=registry)
    return generate_latest(registry), CONTENT_TYPE_LATEST


def _free(database: Store) -> int | None:
    try:
        return shutil.disk_usage(database.path.absolute().parent).free
    except OSError:
        return None


def _gauge(
    name: str, meaning: str, samples: Callable[[Snapshot], Iterable[Sample]], *labels: str
) -> Family:
    return Family(f"watcher_{name}", "gauge", meaning, labels, samples)


def _single(name: str, meaning: str, value: Callable[[Snapshot], float | None]) -> Family:
    return _gauge(name, meaning, lambda reading: [((), value(reading))])


def _counter(table: str, done: str, meaning: str) -> Family:
    """A counter. Without ``done`` its name would be a gauge's: Prometheus takes off the _total."""
    name = f"watcher_{table}_{done}_total"
    return Family(name, "counter", meaning, (), lambda reading: [((), reading.ever[table])])


def _counts(
    name: str, meaning: str, counts: Callable[[Snapshot], Mapping[str, float | None]], label: str
) -> Family:
    """A gauge with a number for each value of a label."""
    return _gauge(
        name,
        meaning,
        lambda reading: [((each,), count) for each, count in counts(reading).items()],
        label,
    )


def _watch(name: str, meaning: str, value: Callable[[WatchStatus], float | None]) -> Family:
    return _counts(
        f"watch_{name}",
        meaning,
        lambda reading: {watch.name: value(watch) for watch in reading.state.watches},
        "watch",
    )


def _last(name: str, meaning: str, value: Callable[[ScanRow], float]) -> Family:
    """A gauge of the last scan of each watch."""
    return _watch(name, meaning, lambda watch: value(watch.last) if watch.last else None)


def _alerts(reading: Snapshot) -> Iterator[Sample]:
    for rule in reading.state.rules:
        yield (rule.name, rule.severity, "pending"), rule.pending
        yield (rule.name, rule.severity, "firing"), rule.firing


def _held(waiting: Iterable[Waiting]) -> Iterable[Sample]:
    counts: Counter[tuple[str, str]] = Counter()
    for each in waiting:
        counts[each.channel, each.why] += each.alerts
    return (+counts).items()


FAMILIES = (
    _single(
        "healthy",
        "1 while every part of the daemon works, as at /healthz",
        lambda reading: reading.healthy,
    ),
    _gauge(
        "build_info",
        "1; the versions are in the labels",
        lambda reading: [((__version__, platform.python_version(), reading.sqlite), 1)],
        *("version", "python", "sqlite"),
    ),
    _last(
        "last_scan_timestamp_seconds",
        "When the last scan was due, whatever came of it",
        lambda last: last.at,
    ),
    _watch(
        "last_success_timestamp_seconds",
        "When the list was last read whole",
        lambda watch: watch.health.last_ok,
    ),
    _counts(
        "watch_expected_timestamp_seconds",
        "When the list was to be read again after it was last read whole",
        lambda reading: reading.expected,
        "watch",
    ),
    _last(
        "scan_duration_seconds",
        "How long the last scan took",
        lambda last: last.finished - last.started,
    ),
    _last("scan_requests", "Requests of the last scan", lambda last: last.requests),
    _last("products", "Products in the last scan", lambda last: last.products),
    _last(
        "problems",
        "What was wrong with the last scan: rows and fields that could not be read, gaps, pages "
        "that came again",
        lambda last: len(last.problems),
    ),
    _last(
        "doubted",
        "1 while the last scan proves no absence: unreadable rows, a gap, a page that came again, "
        "a list that is suddenly much shorter",
        lambda last: last.doubt is not None and not last.doubt.believed,
    ),
    _watch(
        "failing", "1 while the watch fails", lambda watch: watch.health.failing_since is not None
    ),
    _watch(
        "failures", "Scans that failed since the last good one", lambda watch: watch.health.failures
    ),
    _watch(
        "credits_used",
        "Requests of this UTC day, those set aside included",
        lambda watch: watch.credits_today,
    ),
    _gauge("alerts", "Alerts by state", _alerts, "rule", "severity", "state"),
    _gauge(
        "alerts_held",
        "Alerts that a channel is told of later: held by a silence, quiet hours, a digest or a "
        "cooldown",
        lambda reading: _held(reading.state.waiting),
        *("channel", "why"),
    ),
    _counts(
        "rule_failing",
        "1 while the rule can't be judged",
        lambda reading: {
            rule.name: rule.health.failing_since is not None for rule in reading.state.rules
        },
        "rule",
    ),
    _counts(
        "credits_used",
        "Requests of this UTC day and month, which the caps count; those set aside included",
        lambda reading: {"day": reading.state.credits.day, "month": reading.state.credits.month},
        "span",
    ),
    _counts(
        "credits_cap",
        "The rule file's caps, where it has them",
        lambda reading: {
            "day": reading.state.credits.day_cap,
            "month": reading.state.credits.month_cap,
        },
        "span",
    ),
    _counts(
        "notifications",
        "Notifications by state, as far as they are kept",
        lambda reading: reading.state.queue,
        "state",
    ),
    _single(
        "notifications_held_up_seconds",
        "For how long the oldest has been due or tried in vain; 0 for none. What quiet hours and "
        "digests keep back does not count",
        lambda reading: reading.held_up,
    ),
    _counts(
        "tries_last_day",
        "Tries to send in the last 24 hours by outcome",
        lambda reading: reading.tried,
        "outcome",
    ),
    _single(
        "troubles",
        "Troubles that the operator was told of and that go on",
        lambda reading: len(reading.state.troubles),
    ),
    _single("database_bytes", "Size of the database", lambda reading: reading.sizes.bytes),
    _single("database_log_bytes", "Size of the log beside it", lambda reading: reading.sizes.wal),
    _single(
        "database_free_bytes",
        "Space inside of it that is used first",
        lambda reading: reading.sizes.free,
    ),
    _single("disk_free_bytes", "Free on the database's disk", lambda reading: reading.disk),
    _counter("scans", "stored", "Scans that were stored, of any state"),
    _counter("observations", "stored", "Rows of numbers that were stored"),
    _counter("alerts", "begun", "Alerts that began, pending ones included"),
    _counter("notifications", "queued", "Notifications that were queued"),
)


def reference(instruments: Sequence[Collector] = ()) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """Name, kind, meaning and labels of every metric of watcher's own, for the documentation."""
    own = [(each.name, each.kind, each.help, each.labels) for each in FAMILIES]
    measured = (metric for instrument in instruments for metric in instrument.collect())
    # As it stands in the answer: the client library takes the ending of counters off.
    return own + [
        (f"{each.name}{'_total' * (each.type == 'counter')}", each.type, each.documentation, ())
        for each in measured
    ]
