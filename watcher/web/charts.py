"""A product's tracks as plots and cards: the arithmetic is in ``plots``, here are the words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

import numpy as np

from watcher.charts.scale import day
from watcher.evaluation.series import Track, levels_of
from watcher.model import Floats, Instant
from watcher.store.records import AlertRow
from watcher.text.evidence import said
from watcher.text.sanitize import shorten
from watcher.units import Currencies, Unit, at, format_percent
from watcher.web.plots import AlertSpan, Plot, plot, sparkline


@dataclass(frozen=True, slots=True)
class Card:
    """A metric at a glance: its value now, how it moved over the time shown, and its line."""

    name: str
    label: str
    value: str
    moved: str
    path: str
    chosen: bool


def card_of(
    track: Track, within: tuple[Instant, Instant], currencies: Currencies, *, chosen: bool
) -> Card:
    """The card of a track that has a value."""
    known = track.values[np.isfinite(track.values)]
    first, last = float(known[0]), float(known[-1])
    return Card(
        name=track.metric.name,
        label=track.label,
        value=said(track.metric.name, last, track.metric.unit, currencies),
        moved=_moved(first, last, track.metric.unit),
        path=sparkline(track.line, _heights(track), within),
        chosen=chosen,
    )


def chart_of(
    track: Track,
    alerts: Sequence[AlertRow],
    within: tuple[Instant, Instant],
    currencies: Currencies,
    zone: tzinfo,
) -> Plot | None:
    """The plot of a track, with the alerts that fired marked on it; times in ``zone``."""
    levels = levels_of(track)

    def say(instant: Instant, value: float) -> str:
        if levels is not None:
            return f"{_moment(instant, zone)}: {levels.names[int(value)]}"
        shown = said(track.metric.name, value, track.metric.unit, currencies)
        return f"{_moment(instant, zone)}: {shown}"

    spans = [_span(row, within[1], zone) for row in alerts if row.alert.fired_at is not None]
    return plot(
        track.line,
        track.values if levels is None else levels.heights,
        within,
        say,
        spans,
        unit=track.metric.unit,
        names=levels.names if levels is not None else (),
        zone=zone,
    )


def _heights(track: Track) -> Floats:
    """Heights for a line without an axis: the higher the better."""
    if (levels := levels_of(track)) is not None:
        return levels.heights
    return -track.values if track.metric.unit is Unit.PLACE else track.values


def number(value: float) -> float | None:
    """None for no value; a whole number without decimals."""
    if not math.isfinite(value):
        return None
    return int(value) if value == int(value) else value


def _span(row: AlertRow, now: Instant, zone: tzinfo) -> AlertSpan:
    alert = row.alert
    fired = alert.fired_at or alert.since
    label = f"{alert.short_id} {alert.rule}: fired {_moment(fired, zone)}"
    tip = f"{alert.short_id} {shorten(alert.rule, 20)}: {_day(fired, zone)}"
    end = alert.resolved_at
    if end is None:
        return AlertSpan(alert.short_id, fired, now, f"{tip} until now", f"{label}, still firing")
    tip += f" to {_day(end, zone)}" if _day(end, zone) != _day(fired, zone) else ""
    return AlertSpan(alert.short_id, fired, end, tip, f"{label}, ended {_moment(end, zone)}")


def _moment(instant: Instant, zone: tzinfo) -> str:
    """``16 Nov 2026, 06:00``."""
    when = at(instant, zone)
    return f"{when.day} {when:%b %Y, %H:%M}"


def _day(instant: Instant, zone: tzinfo) -> str:
    return day(at(instant, zone))


def _moved(first: float, last: float, unit: Unit) -> str:
    """The change relative to the first; empty where a ratio says nothing."""
    if first <= 0 or unit in (Unit.PLACE, Unit.FLAG, Unit.DAY, Unit.FRACTION):
        return ""
    return format_percent(last / first - 1, signed=True)
