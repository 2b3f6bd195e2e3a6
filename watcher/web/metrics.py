"""``GET /metrics``: the overview in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from watcher.alerting.overview import Overview


def exposition(
    state: Overview, *, healthy: bool, instruments: Sequence[Collector] = ()
) -> tuple[bytes, str]:
    """The body and its content type. Made of a registry of its own: nothing global is kept."""
    registry = CollectorRegistry()

    def gauge(name: str, help_: str, *labels: str) -> Gauge:
        return Gauge(f"watcher_{name}", help_, labels, registry=registry)

    gauge("healthy", "1 while every part of the daemon works").set(healthy)
    _watches(
        state,
        gauge("watch_last_scan_timestamp_seconds", "Time of the last scan", "watch"),
        gauge("watch_products", "Products in the last scan", "watch"),
        gauge("watch_failing", "1 while the watch fails", "watch"),
    )
    alerts = gauge("alerts", "Alerts by state", "rule", "state")
    for rule in state.rules:
        alerts.labels(rule.name, "pending").set(rule.pending)
        alerts.labels(rule.name, "firing").set(rule.firing)
    used = gauge("credits_used", "Requests counted against the caps", "span")
    used.labels("day").set(state.credits.day)
    used.labels("month").set(state.credits.month)
    notifications = gauge("notifications", "Notifications by state", "state")
    for name, count in state.queue.items():
        notifications.labels(name).set(count)
    gauge("troubles", "Troubles that the operator was told of and that go on").set(
        len(state.troubles)
    )
    for instrument in instruments:
        registry.register(instrument)
    return generate_latest(registry), CONTENT_TYPE_LATEST


def _watches(state: Overview, at: Gauge, products: Gauge, failing: Gauge) -> None:
    for watch in state.watches:
        failing.labels(watch.name).set(watch.health.failing_since is not None)
        if watch.last is not None:
            at.labels(watch.name).set(watch.last.at)
            products.labels(watch.name).set(watch.last.products)
