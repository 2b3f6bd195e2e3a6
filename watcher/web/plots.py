"""A product's tracks as plots and cards in SVG: numbers and words for the template.

Across, everything is in percent of the width, so that letters keep their size on any screen;
down, in pixels from ``TOP`` to ``BOTTOM``. The line itself is a path in a box of ``WIDTH`` by
``HEIGHT`` that is stretched. A value is in force until the next one: the line has steps, and a gap
from where there is none.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo

import numpy as np

from watcher.charts.scale import Axis, day, level_axis, stretches, thinned, time_axis, value_axis
from watcher.evaluation.series import Track, heights_of
from watcher.labels import label_in, label_said
from watcher.language import Language, language
from watcher.language import gettext as _
from watcher.model import Floats, Instant, Ints
from watcher.store.records import AlertRow
from watcher.text.evidence import said
from watcher.text.sanitize import shorten
from watcher.units import Currencies, Unit, at, format_percent

WIDTH, HEIGHT = 1_000, 160
TOP, BOTTOM = 56, 216
POINTS = 40  # that can be pointed at; the table below the plot has every value
COLUMNS = 250  # of the line: beyond that only the extremes of each are drawn
MARKS = 12
DAYS = 4  # below the plot, at most
_DASH = 8  # of the width, for a value without a time in which it holds
_SAME = 1e-9  # values nearer to each other than that are one
# Percent of a narrow phone's plot that a letter takes, a bold one, and the air between labels.
_LETTER, _BOLD, _AIR = 2.3, 3.1, 1.5
_WIDE = 2.7  # letters that one of East Asia is wide


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across (``y``, pixels) or a day below (``x``, percent), with its label."""

    place: float
    label: str
    anchor: str = "start"


@dataclass(frozen=True, slots=True)
class Point:
    """A value to point at: its place, and the band around it that answers."""

    x: float
    y: float
    left: float
    width: float
    label: str


@dataclass(frozen=True, slots=True)
class AlertSpan:
    """Something from one instant to another, as an alert: its ``name`` in a word, a ``tip`` that
    a phone has room for, and a ``label`` in full."""

    name: str
    begin: Instant
    end: Instant
    tip: str
    label: str


@dataclass(frozen=True, slots=True)
class AlertMark:
    """A span in the plot; ``name`` is empty where there is no room for it."""

    x: float
    width: float
    name: str
    tip: str
    label: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Plot:
    """Everything that the template draws."""

    path: str
    ticks: tuple[Tick, ...]
    days: tuple[Tick, ...]
    points: tuple[Point, ...]
    marks: tuple[AlertMark, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """A metric at a glance: its value now, how it moved over the time shown, and its line."""

    name: str
    label: str
    value: str
    moved: str
    path: str
    chosen: bool


def titled(track: Track) -> str:
    """The name of what a track is of."""
    if track.on:
        return label_in(track.metric.name, track.metric.label, track.on)
    return label_said(track.metric.name, track.label)


def card_of(
    track: Track, within: tuple[Instant, Instant], currencies: Currencies, *, chosen: bool
) -> Card:
    """The card of a track that has a value."""
    known, (heights, _names) = track.values[np.isfinite(track.values)], heights_of(track)
    first, last = float(known[0]), float(known[-1])
    upwards = -heights if track.metric.unit is Unit.PLACE else heights  # the higher the better
    return Card(
        name=track.metric.name,
        label=titled(track),
        value=said(track.metric.name, last, track.metric.unit, currencies),
        moved=_moved(first, last, track.metric.unit),
        path=sparkline(track.line, upwards, within),
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
    (heights, names), unit = heights_of(track), track.metric.unit

    def say(instant: Instant, value: float) -> str:
        shown = _(names[int(value)]) if names else said(track.metric.name, value, unit, currencies)
        return _("{time}: {value}").format(time=moment(instant, zone), value=shown)

    spans = [span_of(row, within[1], zone) for row in alerts if row.alert.fired_at is not None]
    return plot(track.line, heights, within, say, spans, unit=unit, names=names, zone=zone)


def span_of(row: AlertRow, now: Instant, zone: tzinfo) -> AlertSpan:
    """The time in which an alert fired, up to ``now``."""
    alert = row.alert
    fired, end = alert.fired_at or alert.since, alert.resolved_at
    first, last = (day(at(instant, zone)) for instant in (fired, end or now))
    label = {"alert": f"{alert.short_id} {alert.rule}", "fired": moment(fired, zone)}
    tip = {"alert": f"{alert.short_id} {shorten(alert.rule, 20)}", "first": first, "last": last}
    if end is None:
        short = _("{alert}: {first} until now").format(**tip)
        long = _("{alert}: fired {fired}, still firing").format(**label)
        return AlertSpan(alert.short_id, fired, now, short, long)
    days = _("{alert}: {first}") if last == first else _("{alert}: {first} to {last}")
    long = _("{alert}: fired {fired}, ended {ended}").format(**label, ended=moment(end, zone))
    return AlertSpan(alert.short_id, fired, end, days.format(**tip), long)


def moment(instant: Instant, zone: tzinfo) -> str:
    """``16 Nov 2026, 06:00``."""
    when = at(instant, zone)
    if language() is Language.ENGLISH:
        return f"{when.day} {when:%b %Y, %H:%M}"
    from babel.dates import format_skeleton  # noqa: PLC0415 - only where it is not English

    spoken = language().locale
    return " ".join(format_skeleton(each, when, locale=spoken) for each in ("yMMMd", "Hm"))


def _moved(first: float, last: float, unit: Unit) -> str:
    """The change relative to the first; empty where a ratio says nothing."""
    if first <= 0 or unit in (Unit.PLACE, Unit.FLAG, Unit.DAY, Unit.FRACTION):
        return ""
    return format_percent(last / first - 1, signed=True)


def plot(
    instants: Ints,
    values: Floats,
    within: tuple[Instant, Instant],
    say: Callable[[Instant, float], str],
    spans: Sequence[AlertSpan] = (),
    *,
    unit: Unit = Unit.SCORE,
    names: Sequence[str] = (),
    zone: tzinfo = UTC,
) -> Plot | None:
    """A plot of steps (m,) in a time; None without a value. ``say`` words a point; days are those
    of ``zone``. ``names`` are those of the values 0, 1, 2 ..., where these are levels."""
    known = values[np.isfinite(values)].tolist()
    if not known:
        return None
    time = time_axis(*within, zone, DAYS, apart=True)
    axis = level_axis(names) if names else value_axis(known, unit)
    x, y = time.places(instants), 1 - axis.places(values)
    return Plot(
        path=stepped(x, y, COLUMNS),
        ticks=tuple(Tick(down(1 - axis.place(value)), label) for value, label in axis.ticks),
        days=tuple(day_ticks(time)),
        points=tuple(_points(instants, values, x, y, say)),
        marks=tuple(alert_marks(spans, time))[::-1],
    )


def sparkline(instants: Ints, values: Floats, within: tuple[Instant, Instant]) -> str:
    """The path alone, in the same box."""
    if not np.isfinite(values).any():
        return ""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if high - low < _SAME:
        low, high = low - 1, low + 1  # in the middle
    return stepped(Axis(*within).places(instants), 1 - Axis(low, high).places(values), 60)


def stepped(x: Floats, y: Floats, columns: int) -> str:
    """Steps, with a gap where there is no value."""
    x, y = thinned(x, y, columns)
    across, down = (x * WIDTH).round().tolist(), (y * HEIGHT).tolist()
    parts: list[str] = []
    for rows in stretches(y):
        parts.append(f"M{across[rows[0]]:.0f} {down[rows[0]]:.0f}")
        parts += [f"H{across[row]:.0f}V{down[row]:.0f}" for row in rows[1:]]
        parts += [f"H{place:.0f}" for place in across[rows.stop : rows.stop + 1]]  # until the gap
        if rows.start == len(x) - 1:  # alone, and nothing after it: a dash, lest it is not seen
            parts.append(f"h{-_DASH if across[-1] > _DASH else _DASH}")
    return "".join(parts)


def day_ticks(time: Axis) -> Iterator[Tick]:
    """Days below the plot, none cut off at the edges."""
    free = 0.0
    for instant, label in time.ticks:
        place = 100 * time.place(instant)
        anchor, first, last = _placed(place, _LETTER * columns_of(label))
        if first >= free:
            free = last + _AIR
            yield Tick(round(place, 2), label, anchor)


def _points(
    instants: Ints, values: Floats, x: Floats, y: Floats, say: Callable[[Instant, float], str]
) -> Iterator[Point]:
    chosen = _chosen(values)
    across = x[chosen] * 100
    edges = np.concatenate([[0.0], (across[1:] + across[:-1]) / 2, [100.0]])
    for place, row in enumerate(chosen.tolist()):
        yield Point(
            x=round(float(across[place]), 2),
            y=down(float(y[row])),
            left=round(float(edges[place]), 2),
            width=round(float(max(edges[place + 1] - edges[place], 0)), 2),
            label=say(int(instants[row]), float(values[row])),
        )


def _chosen(values: Floats) -> Ints:
    """Rows to point at: evenly, with the least, the largest, the first and the last."""
    known = np.flatnonzero(np.isfinite(values))
    if len(known) <= POINTS:
        return known
    evenly = known[np.linspace(0, len(known) - 1, POINTS - 2).round().astype(np.int64)]
    extremes = known[[int(np.argmin(values[known])), int(np.argmax(values[known]))]]
    return np.unique(np.concatenate([evenly, extremes]))


def alert_marks(spans: Sequence[AlertSpan], time: Axis) -> Iterator[AlertMark]:
    """The newest that touch the time, the newest first; names only where they have room, so that
    of two that are near each other the newer one has it."""
    inside = [span for span in spans if span.end >= time.bottom and span.begin <= time.top]
    free = 100.0
    for span in sorted(inside, key=lambda span: span.begin)[: -MARKS - 1 : -1]:
        left, right = 100 * time.place(span.begin), 100 * time.place(span.end)
        anchor, first, last = _placed(left, _BOLD * len(span.name))
        name = span.name if last <= free else ""
        free = first - _AIR if name else free
        width = round(right - left, 2)
        yield AlertMark(round(left, 2), width, name, span.tip, span.label, anchor)


def down(share: float) -> float:
    """The pixel of a place, as a share from the top of the plot."""
    return round(TOP + share * (BOTTOM - TOP), 1)


def columns_of(text: str) -> float:
    """The width of a text in letters: those of East Asia are wider."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide * (_WIDE - 1)


def _placed(percent: float, width: float) -> tuple[str, float, float]:
    """The end of a label (its middle, if that has room) that stands at its place, so that it stays
    inside, and from where to where it reaches then."""
    if percent < width / 2:
        return "start", percent, percent + width
    if percent > 100 - width / 2:
        return "end", percent - width, percent
    return "middle", percent - width / 2, percent + width / 2
