"""A metric's past as SVG: numbers for the template, nothing drawn here.

Across, everything is in percent of the width, so that letters keep their size on any screen;
down, in pixels from ``TOP`` to ``BOTTOM``. The line itself is a path in a box of ``WIDTH`` by
``HEIGHT`` that is stretched. A value is in force until the next one: the line has steps, and a gap
from where there is none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

import numpy as np

from watcher.charts.scale import Axis, day, thinned, value_axis
from watcher.model import Floats, Instant, Ints
from watcher.schedule import shown
from watcher.units import Unit, at

WIDTH, HEIGHT = 1_000, 160
TOP, BOTTOM = 56, 216
POINTS = 40  # that can be pointed at; the table below the plot has every value
COLUMNS = 250  # of the line: beyond that only the extremes of each are drawn
MARKS = 12
_SAME = 1e-9  # values nearer to each other than that are one
# Percent of a narrow phone's plot that a letter takes, a bold one, and the air between labels.
_LETTER, _BOLD, _AIR = 2.3, 3.1, 1.5


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
    of ``zone``.

    ``names`` are those of the values 0, 1, 2 ..., where these are levels.
    """
    if not np.isfinite(values).any():
        return None
    begin, end = within
    x = (np.clip(instants, begin, end) - begin) / max(end - begin, 1)
    if names:
        ticks = tuple((float(level), name) for level, name in enumerate(names))
        axis = Axis(0, max(len(names) - 1, 1), ticks)
    else:
        axis = value_axis(values[np.isfinite(values)].tolist(), unit)
    y = 1 - axis.places(values)
    return Plot(
        path=_path(*thinned(x, y, COLUMNS)),
        ticks=tuple(Tick(_down(1 - axis.place(value)), label) for value, label in axis.ticks),
        days=tuple(_days(begin, end, zone)),
        points=tuple(_points(instants, values, x, y, say)),
        marks=tuple(_marks(spans, begin, end)),
    )


def sparkline(instants: Ints, values: Floats, within: tuple[Instant, Instant]) -> str:
    """The path alone, in the same box."""
    if not np.isfinite(values).any():
        return ""
    begin, end = within
    x = (np.clip(instants, begin, end) - begin) / max(end - begin, 1)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    flat = high - low < _SAME
    y = np.where(np.isnan(values), np.nan, 0.5) if flat else 1 - (values - low) / (high - low)
    return _path(*thinned(x, y, 60))


def _path(x: Floats, y: Floats) -> str:
    """Steps, with a gap where there is no value."""
    parts: list[str] = []
    drawing = False
    for across, down in zip((x * WIDTH).round().tolist(), (y * HEIGHT).tolist(), strict=True):
        if math.isnan(down):
            if drawing:
                parts.append(f"H{across:.0f}")  # what was in force until now
            drawing = False
        elif drawing:
            parts.append(f"H{across:.0f}V{down:.0f}")
        else:
            parts.append(f"M{across:.0f} {down:.0f}")
            drawing = True
    return "".join(parts)


def _days(begin: Instant, end: Instant, zone: tzinfo) -> Iterator[Tick]:
    """Days below the plot, evenly, none cut off at the edges."""
    first_day, last_day = (at(instant, zone).date() for instant in (begin, end))
    count = (last_day - first_day).days
    days = [first_day + timedelta(days=number) for number in range(1, count + 1)]
    every = max(math.ceil(len(days) / 4), 1)
    with_year = first_day.year != last_day.year
    free = 0.0
    for when in days[every // 2 :: every]:
        midnight = shown(datetime.combine(when, time()), zone)[0]
        place = 100 * (midnight - begin) / (end - begin)
        label = f"{day(when)} {when:%y}" if with_year else day(when)
        anchor, first, last = _placed(place, _LETTER * len(label))
        if first >= free:
            free = last + _AIR
            yield Tick(round(place, 2), label, anchor)


def _points(
    instants: Ints, values: Floats, x: Floats, y: Floats, say: Callable[[Instant, float], str]
) -> Iterator[Point]:
    chosen = _chosen(values)
    if not len(chosen):
        return
    across = x[chosen] * 100
    edges = np.concatenate([[0.0], (across[1:] + across[:-1]) / 2, [100.0]])
    for place, row in enumerate(chosen.tolist()):
        yield Point(
            x=round(float(across[place]), 2),
            y=_down(float(y[row])),
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


def _marks(spans: Sequence[AlertSpan], begin: Instant, end: Instant) -> Iterator[AlertMark]:
    """The newest that touch the time, the oldest first; names only where they have room."""
    inside = [span for span in spans if span.end >= begin and span.begin <= end]
    free = 0.0
    for span in sorted(inside, key=lambda span: span.begin)[-MARKS:]:
        left = 100 * (max(span.begin, begin) - begin) / max(end - begin, 1)
        right = 100 * (min(span.end, end) - begin) / max(end - begin, 1)
        anchor, first, last = _placed(left, _BOLD * len(span.name))
        roomy = first >= free
        free = last + _AIR if roomy else free
        yield AlertMark(
            x=round(left, 2),
            width=round(max(right - left, 0.0), 2),
            name=span.name if roomy else "",
            tip=span.tip,
            label=span.label,
            anchor=anchor,
        )


def _down(share: float) -> float:
    return round(TOP + share * (BOTTOM - TOP), 1)


def _placed(percent: float, width: float) -> tuple[str, float, float]:
    """The end of a label (its middle, if that has room) that stands at its place, so that it stays
    inside, and from where to where it reaches then."""
    if percent < width / 2:
        return "start", percent, percent + width
    if percent > 100 - width / 2:
        return "end", percent - width, percent
    return "middle", percent - width / 2, percent + width / 2
