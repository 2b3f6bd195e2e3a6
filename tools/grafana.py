"""``docs/grafana-dashboard.json``: what ``/metrics`` says, as a dashboard for Grafana.

Panels stand in rows, 24 columns wide; their places on the grid are counted here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs" / "grafana-dashboard.json"

_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_ME = 'job=~"$job"'
_WIDTH = 24


@dataclass(frozen=True)
class Panel:
    """``queries`` are expressions with their legends, in which ``ME`` is the chosen job; ``unit``
    is Grafana's name of it. ``steps`` are thresholds with their colours, by rising value."""

    title: str
    description: str
    queries: Sequence[tuple[str, str]]
    kind: str = "timeseries"
    unit: str = "short"
    width: int = 8
    steps: Sequence[tuple[float, str]] = ()
    texts: tuple[str, str] | None = None  # for 0 and for 1


ROWS: tuple[tuple[int, Sequence[Panel]], ...] = (
    (
        4,
        (
            Panel(
                "Health", "As /healthz answers.", [("watcher_healthy{ME}", "")],
                "stat", width=4, steps=[(0, "red"), (1, "green")], texts=("ill", "well"),
            ),
            Panel(
                "Firing", "Alerts that fire now.",
                [('sum(watcher_alerts{state="firing",ME})', "")], "stat", width=4,
            ),
            Panel(
                "Troubles", "What the operator was told and what goes on.",
                [("watcher_troubles{ME}", "")],
                "stat", width=4, steps=[(0, "green"), (1, "red")],
            ),
            Panel(
                "Dead messages", "Refused for good, or tried for a day.",
                [('watcher_notifications{state="dead",ME}', "")],
                "stat", width=4, steps=[(0, "green"), (1, "red")],
            ),
            Panel(
                "Credits today of the cap", "Empty where the rule file has no cap a day.",
                [('watcher_credits_used{span="day",ME} / watcher_credits_cap{span="day",ME}', "")],
                "stat", "percentunit", 4, [(0, "green"), (0.8, "orange"), (1, "red")],
            ),
            Panel(
                "Failing lists", "Watches whose last scan failed.",
                [("sum(watcher_watch_failing{ME})", "")],
                "stat", width=4, steps=[(0, "green"), (1, "red")],
            ),
        ),
    ),
    (
        8,
        (
            Panel(
                "Firing by rule", "Alerts that fire.",
                [('sum by (rule) (watcher_alerts{state="firing",ME})', "{{rule}}")], width=12,
            ),
            Panel(
                "Firing by severity", "Alerts that fire.",
                [('sum by (severity) (watcher_alerts{state="firing",ME})', "{{severity}}")],
                width=6,
            ),
            Panel(
                "Pending by rule", "Alerts that have not held for long enough yet.",
                [('sum by (rule) (watcher_alerts{state="pending",ME})', "{{rule}}")], width=6,
            ),
        ),
    ),
    (
        8,
        (
            Panel(
                "Since the last good scan", "Each list: the time since it was last read whole.",
                [("time() - watcher_watch_last_success_timestamp_seconds{ME}", "{{watch}}")],
                unit="s",
            ),
            Panel(
                "Overdue", "Each list: how much later than its schedule wants. Below 0 is well.",
                [("time() - watcher_watch_expected_timestamp_seconds{ME}", "{{watch}}")], unit="s",
            ),
            Panel(
                "Failures in a row", "Each list: scans that failed since the last good one.",
                [("watcher_watch_failures{ME}", "{{watch}}")],
            ),
        ),
    ),
    (
        8,
        (
            Panel(
                "Products", "Each list: what its last scan had.",
                [("watcher_watch_products{ME}", "{{watch}}")],
            ),
            Panel(
                "Scan duration", "Each list: how long its last scan took.",
                [("watcher_watch_scan_duration_seconds{ME}", "{{watch}}")], unit="s",
            ),
            Panel(
                "Rows of numbers a day", "How much what is read has changed.",
                [("increase(watcher_observations_stored_total{ME}[1d])", "rows")],
            ),
        ),
    ),
    (
        8,
        (
            Panel(
                "Credits of the day", "Requests of the UTC day against the cap.",
                [
                    ('watcher_credits_used{span="day",ME}', "used"),
                    ('watcher_credits_cap{span="day",ME}', "cap"),
                ],
            ),
            Panel(
                "Credits of the month", "Requests of the UTC month against the cap.",
                [
                    ('watcher_credits_used{span="month",ME}', "used"),
                    ('watcher_credits_cap{span="month",ME}', "cap"),
                ],
            ),
            Panel(
                "Credits today by list", "Which list the day's credits go to.",
                [("watcher_watch_credits_used{ME}", "{{watch}}")],
            ),
        ),
    ),
    (
        8,
        (
            Panel(
                "Messages", "Waiting and dead ones.",
                [('watcher_notifications{state=~"waiting|dead",ME}', "{{state}}")],
            ),
            Panel(
                "Oldest message held up", "For how long it has been due or tried in vain.",
                [("watcher_notifications_held_up_seconds{ME}", "held up")], unit="s",
            ),
            Panel(
                "Tries in 24 hours", "By outcome.",
                [("watcher_tries_last_day{ME}", "{{outcome}}")],
            ),
        ),
    ),
    (
        8,
        (
            Panel(
                "Loop held", "The longest time of the last ten minutes in which nothing else ran.",
                [("watcher_loop_held_seconds_max{ME}", "longest")], unit="s",
            ),
            Panel(
                "Memory", "Of the daemon's process.",
                [
                    ("process_resident_memory_bytes{ME}", "memory"),
                ],
                unit="bytes", width=4,
            ),
            Panel(
                "Processor", "Seconds of processor a second.",
                [("rate(process_cpu_seconds_total{ME}[5m])", "processor")],
                unit="percentunit", width=4,
            ),
            Panel(
                "Database", "Its sizes, and what the disk has left.",
                [
                    ("watcher_database_bytes{ME}", "database"),
                    ("watcher_database_log_bytes{ME}", "log"),
                    ("watcher_disk_free_bytes{ME}", "free on the disk"),
                ],
                unit="bytes",
            ),
        ),
    ),
)  # fmt: skip


def page() -> str:
    """The file's text."""
    return json.dumps(dashboard(), indent=2, ensure_ascii=False) + "\n"


def dashboard() -> dict[str, Any]:
    """What Grafana imports; it asks for the data source, and lets choose the job."""
    job = "label_values(watcher_build_info, job)"
    return {
        "title": "watcher",
        "uid": "watcher",
        "description": "Lists, alerts, messages and credits of watcher",
        "tags": ["watcher"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "refresh": "1m",
        "time": {"from": "now-7d", "to": "now"},
        "templating": {
            "list": [
                {
                    "name": "datasource",
                    "label": "Data source",
                    "type": "datasource",
                    "query": "prometheus",
                },
                {
                    "name": "job",
                    "label": "Job",
                    "type": "query",
                    "datasource": _SOURCE,
                    "query": {"query": job, "refId": "job"},
                    "definition": job,
                    "refresh": 2,
                    "includeAll": True,
                    "multi": True,
                    "allValue": ".*",
                    "current": {"text": "All", "value": "$__all"},
                },
            ]
        },
        "panels": _panels(),
    }


def _panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    top = 0
    for height, panels in ROWS:
        left = 0
        for panel in panels:
            place = {"h": height, "w": panel.width, "x": left, "y": top}
            found.append(_panel(panel, len(found) + 1, place))
            left += panel.width
        if left != _WIDTH:
            raise ValueError(f"{panels[0].title} ...: {left} columns")
        top += height
    return found


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": _SOURCE,
        "gridPos": place,
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": _SOURCE,
                "expr": expression.replace("ME", _ME),
                "legendFormat": legend or "__auto",
            }
            for index, (expression, legend) in enumerate(panel.queries)
        ],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _options(panel),
    }


def _defaults(panel: Panel) -> dict[str, Any]:
    steps = panel.steps or [(0, "green")]
    colours = [
        {"color": colour, "value": None if index == 0 else value}
        for index, (value, colour) in enumerate(steps)
    ]
    found: dict[str, Any] = {
        "unit": panel.unit,
        "thresholds": {"mode": "absolute", "steps": colours},
    }
    if panel.texts is not None:
        texts = {str(value): {"text": text} for value, text in enumerate(panel.texts)}
        found["mappings"] = [{"type": "value", "options": texts}]
    return found


def _options(panel: Panel) -> dict[str, Any]:
    if panel.kind == "stat":
        last = {"calcs": ["lastNotNull"], "fields": "", "values": False}
        return {"reduceOptions": last, "colorMode": "value", "graphMode": "area"}
    legend = {"displayMode": "list", "placement": "bottom", "showLegend": True}
    return {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}
