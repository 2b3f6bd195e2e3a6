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

from watcher.model import Floats, Instant, Ints
from watcher.units import at, format_number
from watcher.wallclock import first_shown

WIDTH, HEIGHT = 1_000, 160
TOP, BOTTOM = 56, 216
POINTS = 40  # that can be pointed at; the table below the plot has every value
COLUMNS = 250  # of the line: beyond that only the extremes of each are drawn
MARKS = 12
_TICKS = 3
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
class Span:
    """Something from one instant to another, as an alert: its ``name`` in a word, a ``tip`` that
    a phone has room for, and a ``label`` in full."""

    name: str
    begin: Instant
    end: Instant
    tip: str
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
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
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to pixels; ``upside_down`` has the smallest on top, as of ranks."""

    low: float
    high: float
    upside_down: bool = False

    def share(self, values: Floats) -> Floats:
        """0 at the top to 1 at the bottom."""
        share = (values - self.low) / (self.high - self.low)
        return share if self.upside_down else 1 - share


def plot(
    instants: Ints,
    values: Floats,
    within: tuple[Instant, Instant],
    say: Callable[[Instant, float], str],
    spans: Sequence[Span] = (),
    *,
    upside_down: bool = False,
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
        scale, steps = Scale(0, max(len(names) - 1, 1)), [float(n) for n in range(len(names))]
    else:
        scale, steps = _scale(values, upside_down=upside_down)
    y = scale.share(values)
    labels = names or [compact(step) for step in steps]
    return Plot(
        path=_path(*thinned(x, y)),
        ticks=tuple(
            Tick(_down(float(scale.share(np.array([step]))[0])), label)
            for step, label in zip(steps, labels, strict=True)
        ),
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
    return _path(*thinned(x, y, columns=60))


def compact(value: float) -> str:
    """``1.2k``, ``3.4M``: for an axis."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{format_number(value / size, 1)}{letter}"
    return format_number(value, 2 if abs(value) < 10 else 1)


def thinned(x: Floats, y: Floats, columns: int = COLUMNS) -> tuple[Floats, Floats]:
    """Where there are many: of each column the first, the least, the largest and the last."""
    if len(x) <= 2 * columns:
        return x, y
    column = np.minimum((x * columns).astype(np.int64), columns - 1)
    first = np.flatnonzero(np.diff(column, prepend=-1))
    last = np.append(first[1:], len(x)) - 1
    least, largest = np.fmin.reduceat(y, first), np.fmax.reduceat(y, first)
    across = np.column_stack([x[first], x[first], x[first], x[last]])
    return across.ravel(), np.column_stack([y[first], least, largest, y[last]]).ravel()


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


def _scale(values: Floats, *, upside_down: bool) -> tuple[Scale, list[float]]:
    """From 0 where the values come near it, else around them; with the values to mark."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if 0 <= low < 0.7 * high and not upside_down:
        low = 0.0
    if high - low < _SAME:
        room = abs(high) * 0.1 if abs(high) > 1_000 * _SAME else 1.0
        low, high = low - room, high + room
    step = _nice((high - low) / _TICKS)
    if upside_down:
        step = max(math.ceil(step), 1)  # nor one between two
    first, last = math.floor(low / step), math.ceil(high / step)
    marked = [round(number * step, 10) for number in range(first, last + 1)]
    if upside_down:  # there is no place before the first
        marked = list(dict.fromkeys(max(each, 1.0) for each in marked))
        return Scale(min(low, marked[0]), marked[-1], upside_down=True), marked
    return Scale(marked[0], marked[-1]), marked


def _nice(step: float) -> float:
    """The next 1, 2, 2.5 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next((n * power for n in (1, 2, 2.5, 5) if n * power >= step * 0.999), 10 * power)


def _days(begin: Instant, end: Instant, zone: tzinfo) -> Iterator[Tick]:
    """Days below the plot, evenly, none cut off at the edges."""
    first_day, last_day = (at(instant, zone).date() for instant in (begin, end))
    count = (last_day - first_day).days
    days = [first_day + timedelta(days=number) for number in range(1, count + 1)]
    every = max(math.ceil(len(days) / 4), 1)
    with_year = first_day.year != last_day.year
    free = 0.0
    for when in days[every // 2 :: every]:
        midnight = first_shown(datetime.combine(when, time()), zone)
        place = 100 * (midnight - begin) / (end - begin)
        label = f"{when.day} {when:%b %y}" if with_year else f"{when.day} {when:%b}"
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


def _marks(spans: Sequence[Span], begin: Instant, end: Instant) -> Iterator[Mark]:
    """The newest that touch the time, the oldest first; names only where they have room."""
    inside = [span for span in spans if span.end >= begin and span.begin <= end]
    free = 0.0
    for span in sorted(inside, key=lambda span: span.begin)[-MARKS:]:
        left = 100 * (max(span.begin, begin) - begin) / max(end - begin, 1)
        right = 100 * (min(span.end, end) - begin) / max(end - begin, 1)
        anchor, first, last = _placed(left, _BOLD * len(span.name))
        roomy = first >= free
        free = last + _AIR if roomy else free
        yield Mark(
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
    """Which end of a label (its middle, if that has room) stands at its place, so that it stays
    inside, and from where to where it reaches then."""
    if percent < width / 2:
        return "start", percent, percent + width
    if percent > 100 - width / 2:
        return "end", percent - width, percent
    return "middle", percent - width / 2, percent + width / 2
