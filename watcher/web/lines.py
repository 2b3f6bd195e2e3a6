"""Several series in one plot with two axes, as numbers and words for the template.

A series is a metric of a product. Those of one scale (``Scale``) share an axis: the first on the
left, the second on the right. Places are as in ``plots``: across in percent, down in pixels.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import pairwise

import numpy as np

from watcher.charts.scale import Axis, level_axis, time_axis, value_axis
from watcher.language import gettext as _
from watcher.model import Floats, Instant, Ints
from watcher.text.sanitize import neutralise, shorten
from watcher.units import Unit
from watcher.web.plots import (
    COLUMNS,
    DAYS,
    HEIGHT,
    POINTS,
    WIDTH,
    AlertMark,
    AlertSpan,
    Tick,
    alert_marks,
    day_ticks,
    down,
    moment,
    stepped,
)

AXES = 2
MOST = 6  # lines in a plot: so many can be told apart
SIGNS = "●■▲◆✚▼"  # of the lines, where a text names them
MARKERS = 7  # along a line
GAPS = 60
_VALUES = 90  # that are read out in a plot of several lines, all in all
_BANDS = 6  # at least, to point at
_WHOLE = 10  # an average from here on is told without decimals
_TITLES = 2  # metrics that an axis names
_NAME = 16  # columns of a name beside a value
_COLUMNS = 2 * COLUMNS  # of all lines of a page
_NEAR = 0.004  # of the width: gaps nearer to each other than that are one


@dataclass(frozen=True, slots=True)
class Scale:
    """A measure that lines of one axis share: values of one unit, of amounts of one currency, of
    levels with the same names."""

    unit: Unit
    currency: str | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Average:
    """A value that is known on average, from ``begin`` to ``end``."""

    begin: Instant
    end: Instant
    value: float


@dataclass(frozen=True, slots=True)
class LineSeries:
    """Steps (m,) from the instants ``at``, rising, drawn at ``line``; NaN is no value. ``averages``
    were before. ``say`` words a value; ``number`` is its style, ``what`` its metric. ``gaps`` are
    times when nobody saw its product."""

    number: int
    name: str
    what: str
    scale: Scale
    at: Ints
    line: Ints
    values: Floats
    say: Callable[[float], str]
    averages: Sequence[Average] = ()
    gaps: Sequence[tuple[Instant, Instant]] = ()

    def known(self, within: tuple[Instant, Instant]) -> list[float]:
        """All values that are there in a time."""
        inside = (self.line <= within[1]) & np.isfinite(self.values)
        return [
            *self.values[inside].tolist(),
            *(each.value for each in self.averages_in(*within)),
        ]

    def averages_in(self, begin: float, end: float) -> list[Average]:
        """The averages that are, in part at least, in a time."""
        return [each for each in self.averages if each.end > begin and each.begin < end]

    def said(self, instant: Instant) -> str:
        """The value in force at an instant, in words."""
        place = int(np.searchsorted(self.at, instant, side="right")) - 1
        if place >= 0 and np.isfinite(self.values[place]):
            return self.say(float(self.values[place]))
        for each in self.averages:
            if each.begin <= instant < each.end:
                value = self.say(rounded(each.value))
                return _("average {value}").format(value=value)
        return _("no value")


@dataclass(frozen=True, slots=True)
class DrawnAxis:
    """An axis: its ``title``, its ticks, and the styles of the lines that it is of."""

    title: str
    ticks: tuple[Tick, ...]
    styles: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DrawnLine:
    """A line: its path, that of its averages, and its markers (percent, pixels)."""

    number: int
    path: str
    before: str
    markers: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class DrawnGap:
    """A time without a sight of the product of line ``number``, in percent."""

    number: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Band:
    """A time to point at, and its band: ``head`` says when, ``rows`` have style, name and value
    (of several lines), ``label`` is all of it. ``y`` is the place of a single line's value."""

    x: float
    left: float
    width: float
    label: str
    head: str
    y: float | None = None
    rows: tuple[tuple[int, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class LinePlot:
    """Everything that the template draws."""

    lines: tuple[DrawnLine, ...]
    left: DrawnAxis
    right: DrawnAxis | None
    days: tuple[Tick, ...]
    bands: tuple[Band, ...]
    marks: tuple[AlertMark, ...]
    gaps: tuple[DrawnGap, ...]


def line_plot(
    series: Sequence[LineSeries], within: tuple[Instant, Instant], zone: tzinfo,
    spans: Sequence[AlertSpan] = (), *, plots: int = 1,
) -> LinePlot | None:  # fmt: skip
    """A plot of series of at most two scales; None without a value. Where a page has several
    ``plots``, each is of fewer points."""
    shown = [each for each in series if each.known(within)]
    if not shown:
        return None
    time = time_axis(*within, zone, DAYS, apart=True)
    axes = _axes(shown, within)
    sides = [
        DrawnAxis(
            _title([each for each in shown if each.scale == scale]),
            tuple(Tick(down(1 - axis.place(value)), label) for value, label in axis.ticks),
            tuple(each.number for each in shown if each.scale == scale),
        )
        for scale, axis in axes.items()
    ]
    columns = min(COLUMNS, max(_COLUMNS // (len(shown) * plots), 40))
    return LinePlot(
        lines=tuple(_line(each, axes[each.scale], time, columns, shown) for each in shown),
        left=sides[0],
        right=sides[1] if len(sides) > 1 else None,
        days=tuple(day_ticks(time)),
        bands=tuple(_bands(shown, axes, time, zone, plots)),
        marks=tuple(alert_marks(spans, time))[::-1],
        gaps=tuple(_gaps(shown, time)),
    )


def _title(series: Sequence[LineSeries]) -> str:
    """``price (USD)``: what an axis is of, in the currency of its amounts."""
    what = [*dict.fromkeys(each.what for each in series)]
    told = _(", ").join(what[:_TITLES])
    if len(what) > _TITLES:
        told = _("{some} and {count} more").format(some=told, count=len(what) - _TITLES)
    currency = series[0].scale.currency
    return _("{what} ({currency})").format(what=told, currency=currency) if currency else told


def _axes(series: Sequence[LineSeries], within: tuple[Instant, Instant]) -> dict[Scale, Axis]:
    """The axes of at most two scales; of two that count, the ticks stand side by side."""
    values: dict[Scale, list[float]] = {}
    for each in series:
        values.setdefault(each.scale, []).extend(each.known(within))
    axes = {
        scale: level_axis(scale.names) if scale.names else value_axis(found, scale.unit)
        for scale, found in values.items()
    }
    counting = [scale for scale, axis in axes.items() if not scale.names and axis.step]
    if len(counting) > 1 and not any(scale.unit is Unit.PLACE for scale in counting):
        least = max(len(axes[scale].ticks) for scale in counting)
        axes |= {scale: value_axis(values[scale], scale.unit, least) for scale in counting}
    return axes


def _line(
    series: LineSeries, axis: Axis, time: Axis, columns: int, beside: Sequence[LineSeries]
) -> DrawnLine:
    x, y = time.places(series.line), 1 - axis.places(series.values)
    return DrawnLine(
        series.number,
        stepped(x, y, columns),
        _stairs(series.averages_in(time.bottom, time.top), axis, time),
        tuple(_markers(x, y)) if len(beside) > 1 else (),
    )


def _stairs(averages: Sequence[Average], axis: Axis, time: Axis) -> str:
    """The path of averages."""
    parts, end = list[str](), None
    for each in averages:
        left, right = (time.place(edge) * WIDTH for edge in (each.begin, each.end))
        height = (1 - axis.place(each.value)) * HEIGHT
        step = f"V{height:.0f}" if end == each.begin else f"M{left:.0f} {height:.0f}"
        parts.append(f"{step}H{right:.0f}")
        end = each.end
    return "".join(parts)


def _markers(x: Floats, y: Floats) -> Iterator[tuple[float, float]]:
    """Places along a line, evenly over its time, and at its end; each on a step of it."""
    known = np.flatnonzero(np.isfinite(y))
    if not len(known):
        return
    wanted = np.linspace(x[known[0]], x[known[-1]], MARKERS)
    places = known[np.searchsorted(x[known], wanted, side="right") - 1]
    for row in np.unique(places).tolist():
        yield round(100 * float(x[row]), 1), down(float(y[row]))


def _gaps(series: Sequence[LineSeries], time: Axis) -> Iterator[DrawnGap]:
    """Yield the gaps in the time; those that can't be told apart are one."""
    for each in series:
        places = [
            (time.place(begin), time.place(end))
            for begin, end in sorted(each.gaps)
            if end > time.bottom and begin < time.top
        ]
        for left, right in _joined(places)[-GAPS:]:
            width = max(100 * (right - left), 0.3)
            yield DrawnGap(each.number, round(min(100 * left, 100 - width), 2), round(width, 2))


def _joined(places: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    found = list[tuple[float, float]]()
    for left, right in places:
        if found and left - found[-1][1] < _NEAR:
            found[-1] = found[-1][0], max(right, found[-1][1])
        else:
            found.append((left, right))
    return found


def _bands(
    series: Sequence[LineSeries], axes: dict[Scale, Axis], time: Axis, zone: tzinfo, plots: int
) -> Iterator[Band]:
    most = POINTS // plots if len(series) == 1 else _VALUES // (len(series) * plots)
    instants = _chosen(series, time, max(most, _BANDS), rest=len(series) * plots <= MOST)
    across = [100 * time.place(instant) for instant in instants]
    edges = [0.0, *((before + after) / 2 for before, after in pairwise(across)), 100.0]
    for place, instant in enumerate(instants):
        when = moment(instant, zone)
        found = [(each, each.said(instant)) for each in series]
        only = found[0] if len(found) == 1 else None
        yield Band(
            x=round(across[place], 2),
            left=round(edges[place], 2),
            width=round(max(edges[place + 1] - edges[place], 0), 2),
            label=_label(when, found),
            head=when,
            y=None if only is None else _height(only[0], instant, axes[only[0].scale]),
            rows=() if only else tuple(
                (each.number, fitted(each.name, _NAME), value) for each, value in found
            ),
        )  # fmt: skip


def _label(when: str, found: Sequence[tuple[LineSeries, str]]) -> str:
    if len(found) == 1:
        return _("{time}: {value}").format(time=when, value=found[0][1])
    each = _("{name} {value}")
    values = _("; ").join(
        each.format(name=shorten(one.name, 24), value=value) for one, value in found
    )
    return _("{time}: {value}").format(time=when, value=values)


def _height(series: LineSeries, instant: Instant, axis: Axis) -> float | None:
    """The place of a value; None where there is none that was seen."""
    place = int(np.searchsorted(series.at, instant, side="right")) - 1
    if place >= 0 and np.isfinite(series.values[place]):
        return down(1 - axis.place(float(series.values[place])))
    found = (each for each in series.averages if each.begin <= instant < each.end)
    value = next(found, None)
    return None if value is None else down(1 - axis.place(value.value))


def _chosen(series: Sequence[LineSeries], time: Axis, most: int, *, rest: bool) -> list[Instant]:
    """Instants to point at: evenly among all at which something is known, the first and the last;
    with the ``rest`` the least and the largest value of each line, and one in each average."""
    seen = [each.at[np.isfinite(each.values)] for each in series]
    every: Ints = np.unique(np.concatenate([np.zeros(0, np.int64), *seen]))
    every = every[(every >= time.bottom) & (every <= time.top)]
    middles = {
        int((max(one.begin, time.bottom) + one.end) // 2)
        for each in series
        for one in each.averages_in(time.bottom, time.top)
    }
    middles = middles if rest else set()
    if len(every) <= most:
        return sorted({*every.tolist(), *middles})
    extremes = {instant for each in series for instant in _extremes(each, time)} if rest else set()
    evenly = every[np.linspace(0, len(every) - 1, max(most - len(extremes), 2)).astype(np.int64)]
    return sorted({*evenly.tolist(), *extremes, *middles})


def _extremes(series: LineSeries, time: Axis) -> Iterator[Instant]:
    inside = (series.at >= time.bottom) & (series.at <= time.top) & np.isfinite(series.values)
    rows = np.flatnonzero(inside)
    if len(rows):
        yield int(series.at[rows[np.argmin(series.values[rows])]])
        yield int(series.at[rows[np.argmax(series.values[rows])]])


def rounded(average: float) -> float:
    """An average as it is told: nobody needs the cents of one."""
    return float(round(average)) if abs(average) >= _WHOLE else round(average, 1)


def fitted(text: str, columns: int) -> str:
    """A name in so many columns: letters of East Asia take two."""
    text = neutralise(text, 2 * columns)
    width = 0
    for place, letter in enumerate(text):
        width += 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if width > columns:
            return shorten(text, max(place, 1))
    return text
