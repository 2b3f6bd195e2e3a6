"""``GET /metrics``: the state of everything in Prometheus' text format.

``FAMILIES`` is what there is of the daemon's state, and what it means: the answer and the
reference page are made from it. Beside it stand what the daemon measures of itself and what the
client library says of the process.
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
from watcher.store.ports import Store
from watcher.store.records import ScanRow, Sizes
from watcher.units import DAY

# Values of the labels in the family's order, and the number.
Sample: TypeAlias = tuple[Sequence[str], float]


@dataclass(frozen=True, slots=True)
class Snapshot:
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


@dataclass(frozen=True, slots=True)
class Family:
    """One metric by its full name: ``kind`` is gauge or counter, ``help`` what it means."""

    name: str
    kind: str
    help: str
    labels: tuple[str, ...]
    samples: Callable[[Snapshot], Iterable[Sample]]


def read(database: Store, book: Rulebook, now: Instant) -> Snapshot:
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
    )


def exposition(
    reading: Snapshot, *, healthy: bool, instruments: Sequence[Collector] = ()
) -> tuple[bytes, str]:
    """The body and its content type. Made of a registry of its own: nothing global is kept."""
    registry = CollectorRegistry()
    registry.register(_State(reading, healthy=healthy))
    for instrument in instruments:
        registry.register(instrument)
    ProcessCollector(registry=registry)
    return generate_latest(registry), CONTENT_TYPE_LATEST


class _State(Collector):
    """The families with their samples."""

    def __init__(self, reading: Snapshot, *, healthy: bool) -> None:
        self._reading = reading
        self._healthy = healthy

    def collect(self) -> Iterator[Metric]:
        yield _metric(HEALTHY, [((), float(self._healthy))])
        for family in FAMILIES:
            yield _metric(family, family.samples(self._reading))


def _metric(family: Family, samples: Iterable[Sample]) -> Metric:
    make = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    metric = make(family.name, family.help, labels=family.labels)
    for labels, value in samples:
        metric.add_metric(labels, value)
    return metric


def _free(database: Store) -> int | None:
    try:
        return shutil.disk_usage(database.path.absolute().parent).free
    except OSError:
        return None


def _gauge(
    name: str, help_: str, labels: Sequence[str], samples: Callable[[Snapshot], Iterable[Sample]]
) -> Family:
    return Family(f"watcher_{name}", "gauge", help_, tuple(labels), samples)


def _single(name: str, help_: str, value: Callable[[Snapshot], float | None]) -> Family:
    """A gauge of one number, left out where there is none."""

    def samples(reading: Snapshot) -> list[Sample]:
        found = value(reading)
        return [] if found is None else [((), float(found))]

    return _gauge(name, help_, (), samples)


def _counter(table: str, done: str, help_: str) -> Family:
    """Without ``done`` its name would be a gauge's: Prometheus takes off the _total."""

    def samples(reading: Snapshot) -> list[Sample]:
        return [((), float(reading.ever[table]))]

    return Family(f"watcher_{table}_{done}_total", "counter", help_, (), samples)


def _watches(name: str, help_: str, value: Callable[[WatchStatus], float | None]) -> Family:
    """One for each watch, left out where there is none."""

    def samples(reading: Snapshot) -> list[Sample]:
        found = [(watch.name, value(watch)) for watch in reading.state.watches]
        return [((watch,), float(number)) for watch, number in found if number is not None]

    return _gauge(f"watch_{name}", help_, ("watch",), samples)


def _build(reading: Snapshot) -> list[Sample]:
    return [((__version__, platform.python_version(), reading.sqlite), 1.0)]


def _alerts(reading: Snapshot) -> Iterator[Sample]:
    for rule in reading.state.rules:
        yield (rule.name, rule.severity, "pending"), rule.pending
        yield (rule.name, rule.severity, "firing"), rule.firing


def _caps(reading: Snapshot) -> list[Sample]:
    caps = (("day", reading.state.credits.day_cap), ("month", reading.state.credits.month_cap))
    return [((span,), float(cap)) for span, cap in caps if cap is not None]


def _used(reading: Snapshot) -> list[Sample]:
    used = reading.state.credits
    return [(("day",), float(used.day)), (("month",), float(used.month))]


def _held(waiting: Iterable[Waiting]) -> list[Sample]:
    counts: Counter[tuple[str, str]] = Counter()
    for each in waiting:
        counts[each.channel, each.why] += each.alerts
    return [(labels, float(count)) for labels, count in counts.items() if count]


def _by_name(counts: Mapping[str, int]) -> list[Sample]:
    return [((name,), float(count)) for name, count in counts.items()]


def _doubted(scan: ScanRow) -> float:
    return float(scan.doubt is not None and not scan.doubt.believed)


HEALTHY = _gauge(
    "healthy", "1 while every part of the daemon works, as at /healthz", (), lambda _: ()
)
FAMILIES = (
    _gauge(
        "build_info", "1; the versions are in the labels", ("version", "python", "sqlite"), _build
    ),
    _watches(
        "last_scan_timestamp_seconds",
        "When the last scan was due, whatever came of it",
        lambda watch: watch.last.at if watch.last else None,
    ),
    _watches(
        "last_success_timestamp_seconds",
        "When the list was last read whole",
        lambda watch: watch.health.last_ok,
    ),
    _gauge(
        "watch_expected_timestamp_seconds",
        "When the list was to be read again after it was last read whole",
        ("watch",),
        lambda reading: _by_name(reading.expected),
    ),
    _watches(
        "scan_duration_seconds",
        "How long the last scan took",
        lambda watch: watch.last.finished - watch.last.started if watch.last else None,
    ),
    _watches(
        "scan_requests",
        "Requests of the last scan",
        lambda watch: watch.last.requests if watch.last else None,
    ),
    _watches(
        "products",
        "Products in the last scan",
        lambda watch: watch.last.products if watch.last else None,
    ),
    _watches(
        "problems",
        "What was wrong with the last scan: rows and fields that could not be read, gaps, pages "
        "that came again",
        lambda watch: len(watch.last.problems) if watch.last else None,
    ),
    _watches(
        "doubted",
        "1 while the last scan proves no absence: unreadable rows, a gap, a page that came again, "
        "a list that is suddenly much shorter",
        lambda watch: _doubted(watch.last) if watch.last else None,
    ),
    _watches(
        "failing",
        "1 while the watch fails",
        lambda watch: float(watch.health.failing_since is not None),
    ),
    _watches(
        "failures", "Scans that failed since the last good one", lambda watch: watch.health.failures
    ),
    _watches(
        "credits_used",
        "Requests of this UTC day, those set aside included",
        lambda watch: watch.credits_today,
    ),
    _gauge("alerts", "Alerts by state", ("rule", "severity", "state"), _alerts),
    _gauge(
        "alerts_held",
        "Alerts that a channel is told of later: held by a silence, quiet hours, a digest or a "
        "cooldown",
        ("channel", "why"),
        lambda reading: _held(reading.state.waiting),
    ),
    _gauge(
        "rule_failing",
        "1 while the rule can't be judged",
        ("rule",),
        lambda reading: [
            ((rule.name,), float(rule.health.failing_since is not None))
            for rule in reading.state.rules
        ],
    ),
    _gauge(
        "credits_used",
        "Requests of this UTC day and month, which the caps count; those set aside included",
        ("span",),
        _used,
    ),
    _gauge("credits_cap", "The rule file's caps, where it has them", ("span",), _caps),
    _gauge(
        "notifications",
        "Notifications by state, as far as they are kept",
        ("state",),
        lambda reading: _by_name(reading.state.queue),
    ),
    _single(
        "notifications_held_up_seconds",
        "For how long the oldest has been due or tried in vain; 0 for none. What quiet hours and "
        "digests keep back does not count",
        lambda reading: reading.held_up,
    ),
    _gauge(
        "tries_last_day",
        "Tries to send in the last 24 hours by outcome",
        ("outcome",),
        lambda reading: _by_name(reading.tried),
    ),
    _single(
        "troubles",
        "Troubles that the operator was told of and that go on",
        lambda reading: len(reading.state.troubles),
    ),
    _single(
        "database_bytes", "Size of the database", lambda reading: reading.sizes.bytes
    ),
    _single(
        "database_log_bytes", "Size of the log beside it", lambda reading: reading.sizes.wal
    ),
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
)  # fmt: skip


def reference(instruments: Sequence[Collector] = ()) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """Name, kind, meaning and labels of every metric of watcher's own, for the documentation."""
    own = [(each.name, each.kind, each.help, each.labels) for each in (HEALTHY, *FAMILIES)]
    measured = [
        # As it stands in the answer: the client library takes the ending of counters off.
        (
            f"{metric.name}_total" if metric.type == "counter" else metric.name,
            metric.type,
            metric.documentation,
            (),
        )
        for instrument in instruments
        for metric in instrument.collect()
    ]
    return [*own, *measured]
