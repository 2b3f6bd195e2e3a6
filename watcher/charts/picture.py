"""The picture of a chart: small multiples with one time axis, for a phone.

It is as wide as a phone's screen has pixels, and shown at about a third of that, so that 27
pixels are a small but readable letter. The paper is white with a margin, whatever the mail
client's is.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from enum import Enum
from itertools import chain, pairwise

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from watcher.charts.lettering import Fonts, Lettering, Line
from watcher.charts.scale import Axis, day, stretches, thinned, time_axis, value_axis, written
from watcher.language import gettext as _
from watcher.model import Instant
from watcher.units import DAY, Unit, at, format_day, format_time

WIDTH = 1080
_MARGIN, _BETWEEN = 32, 40
_TITLE, _NAME, _SMALL = 36, 31, 27  # sizes of letters
_HEADER, _HEAD, _FOOT = 136, 102, 44
_PLOT, _WIDE_PLOT = 196, 270
_LINE, _DOT, _AROUND = 5, 9, 14
_DAY_ROOM = 108  # for "16 Nov" and some air
_WIDEST = 190  # a label beside a plot
_DOTTED = 25  # pixels from value to value from which each has its dot
_FINEST = 6  # pixels within which of many values only the least and the greatest are drawn
LARGEST = 40_000  # bytes

MOST_PANELS = 6
LONGEST_PAST = 30 * DAY
SHORTEST_PAST = 2 * DAY
_LARGEST = 1e300  # the difference of two such is still a number

PAPER = (0xFF, 0xFF, 0xFF)
_SMOOTH_LINES = 1.15  # so much a picture shrinks at least, if its lines have hard edges
_FINE = 3  # lines are drawn that much larger, and reduced: Pillow's own have no smooth edges

Box = tuple[int, int, int, int]
"""Left, top, right, bottom, in pixels."""
XY = tuple[float, float]
Point = tuple[Instant, float | None]
Piece = list[tuple[Instant, float]]


@dataclass(frozen=True, slots=True)
class Panel:
    """One product's values over time, in any order; a value of None, or one that is not finite, is
    a scan that lacked the product, and breaks the line. ``number`` is the product's in the message,
    ``marks`` are the instants at which the alert fired, ``note`` says what moved: ``1,200 → 4,830
    (+303%)``."""

    name: str
    points: Sequence[Point]
    marks: Sequence[Instant] = ()
    note: str = ""
    number: int = 0
    product_id: str = ""


@dataclass(frozen=True, slots=True)
class _Plot:
    """A panel's data, ready to be placed."""

    panel: Panel
    axis: Axis
    pieces: Sequence[Piece] = ()
    marks: tuple[Instant, ...] = ()
    ticks: tuple[tuple[float, Line], ...] = ()
    last: Line | None = None


def draw(
    panels: Sequence[Panel], *, title: str, unit: Unit, zone: tzinfo, now: Instant,
    fonts: Fonts | None = None,
) -> bytes:  # fmt: skip
    """A PNG of the first six ``panels``, 1080 pixels wide, of the 30 days up to ``now``. All values
    are of one ``unit``; times are told in ``zone``. Texts may be anything: what no font of this
    machine shows is left out, and a product whose name can't be read goes by its number and the end
    of its id. Takes some 40 ms of processor time: call it in a thread."""
    painter = _Painter(Lettering(fonts or Fonts()), unit, zone, now)
    shown = panels[:MOST_PANELS]
    png = painter.paint(shown, title)
    if len(png) <= LARGEST:
        return png
    # Only what is made to be large comes here: names and notes of dense signs, and wild values.
    return painter.paint([replace(panel, name="", note="") for panel in shown], title)


def past(panels: Collection[Panel], now: Instant) -> tuple[Instant, Instant]:
    """The time that all panels show: the last 30 days, or less where nothing is that old."""
    begin = now - LONGEST_PAST
    instants = (at for panel in panels for at, _ in panel.points if begin <= at <= now)
    return min(min(instants, default=begin), now - SHORTEST_PAST), now


def pieces(panel: Panel, begin: Instant, end: Instant) -> list[Piece]:
    """The stretches without a gap, of the points from ``begin`` to ``end``, in order."""
    within = sorted({at: value for at, value in panel.points if begin <= at <= end}.items())
    values = np.array([value for _, value in within], np.float64)  # None is NaN
    values[~(np.abs(values) <= _LARGEST)] = np.nan
    return [[(within[row][0], float(values[row])) for row in rows] for rows in stretches(values)]


class Ink(Enum):
    """Colour and number of shades; the later ones lie above the earlier."""

    GRID = (0xDD, 0xE1, 0xE6), 1
    MUTED = (0x52, 0x5C, 0x69), 2
    TEXT = (0x16, 0x1B, 0x22), 3
    LINE = (0x1F, 0x5F, 0xC4), 3
    MARK = (0xC2, 0x3B, 0x0C), 2


class Canvas:
    """A picture of few inks on paper, each with the shades that make its edges smooth. It is its
    palette's indexes from the beginning: each ink has a layer that says how much of it lies where,
    and the layers are stacked at the end. So no colours are reduced, which would cost more than all
    drawing, and 16 colours take half a byte."""

    def __init__(self, width: int, height: int) -> None:
        self.size = width, height
        self._layers = {ink: Image.new("L", self.size) for ink in Ink}
        self._pens = {ink: ImageDraw.Draw(layer) for ink, layer in self._layers.items()}

    def text(self, ink: Ink, at: XY, line: Line, *, share: float = 0.0) -> None:
        """``at`` is on the base line, at that share of the width: 0 left, 0.5 middle, 1 right."""
        x = round(at[0] - share * line.width)
        for run in line.runs:
            # Whole pixels: the same letter looks the same everywhere, and packs better.
            spot = (x + round(run.x), round(at[1]))
            self._pens[ink].text(spot, run.text, font=run.font, fill=255, anchor="ls")

    def box(self, ink: Ink, box: Box) -> None:
        """A filled rectangle; its right and bottom edges belong to it."""
        self._pens[ink].rectangle(box, fill=255)

    def frame(self, ink: Ink) -> None:
        """A hairline around, for clients whose own paper is white."""
        width, height = self.size
        for box in ((0, 0, width, 1), (0, height - 2, width, height), (0, 0, 1, height),
                    (width - 2, 0, width, height)):  # fmt: skip
            self.box(ink, box)

    def strokes(
        self, ink: Ink, box: Box, lines: Sequence[Sequence[XY]], width: int, dots: Sequence[XY],
        radius: int,
    ) -> None:  # fmt: skip
        """Smooth lines and dots within ``box``, which is nobody else's of this ink."""
        left, top, right, bottom = box
        fine = Image.new("L", ((right - left) * _FINE, (bottom - top) * _FINE))
        pen = ImageDraw.Draw(fine)

        def place(xy: XY) -> XY:
            return (xy[0] - left) * _FINE, (xy[1] - top) * _FINE

        def dot(xy: XY, r: float) -> None:
            pen.ellipse((xy[0] - r, xy[1] - r, xy[0] + r, xy[1] + r), fill=255)

        for line in lines:
            placed = [place(xy) for xy in line]
            pen.line(placed, fill=255, width=width * _FINE)
            for xy in placed:  # round joints and ends
                dot(xy, width * _FINE / 2 - 0.5)
        for xy in dots:
            dot(place(xy), radius * _FINE)
        self._layers[ink].paste(fine.reduce(_FINE), (left, top))

    def png(self, largest: int) -> bytes:
        """The picture, packed. One of more than ``largest`` bytes is packed again with harder
        edges, for smooth ones are most of what it takes: of lines, or of letters too.
        """
        packed = self._packed(frozenset())
        if len(packed) <= largest:
            return packed
        slightly = len(packed) <= largest * _SMOOTH_LINES
        return self._packed(frozenset({Ink.LINE, Ink.MARK} if slightly else Ink))

    def _packed(self, hard: frozenset[Ink]) -> bytes:
        stacked = Image.new("L", self.size)
        palette, index = [*PAPER], 0
        for ink in Ink:
            colour, shades = ink.value
            shades = 1 if ink in hard else shades
            # Each of the shades, and paper, stands for what is nearest to it.
            levels = [(value * shades + 127) // 255 for value in range(256)]
            numbers = self._layers[ink].point([index + level if level else 0 for level in levels])
            # Of two inks the later has the greater number.
            stacked = ImageChops.lighter(stacked, numbers)
            palette += _shaded(colour, shades)
            index += shades
        stacked.putpalette(palette)
        file = io.BytesIO()
        # Level 6: the highest takes eight times as long for 6 percent less.
        stacked.save(file, "PNG", compress_level=6)
        return file.getvalue()


def _shaded(colour: Sequence[int], shades: int) -> Iterator[int]:
    """The colours from paper to ``colour``, each as three numbers."""
    for shade in range(1, shades + 1):
        part = shade / shades
        yield from (round(p + (c - p) * part) for p, c in zip(PAPER, colour, strict=True))


@dataclass
class _Painter:
    _letters: Lettering
    _unit: Unit
    _zone: tzinfo
    _now: Instant

    def paint(self, panels: Sequence[Panel], title: str) -> bytes:
        begin, end = past(panels, self._now)
        plots = [self._plot(panel, begin, end) for panel in panels]
        boxes, height = _boxes(len(plots))
        self._canvas = Canvas(WIDTH, height)
        self._canvas.frame(Ink.GRID)
        self._header(title, (begin, end), marked=any(plot.marks for plot in plots))
        # The same for all, so that days stand one below the other.
        left = _gutter(line for plot in plots for _, line in plot.ticks) + 14
        right = _gutter(plot.last for plot in plots if plot.last) + 20
        for plot, (x, y, x2, y2) in zip(plots, boxes, strict=True):
            self._head(plot.panel, (x, y, x2, y + _HEAD))
            area = round(x + left), y + _HEAD, round(x2 - right), y2 - _FOOT
            most = max((area[2] - area[0]) // _DAY_ROOM, 1)
            self._draw(plot, area, time_axis(begin, end, self._zone, most))
        return self._canvas.png(LARGEST)

    def _plot(self, panel: Panel, begin: Instant, end: Instant) -> _Plot:
        found = pieces(panel, begin, end)
        axis = value_axis([value for _, value in chain.from_iterable(found)], self._unit)
        if not found:
            return _Plot(panel, axis)
        small = self._letters.plain
        marks = tuple(mark for mark in sorted(set(panel.marks)) if begin <= mark <= end)
        ticks = tuple((value, small(text, _SMALL)) for value, text in axis.ticks)
        last = small(written(found[-1][-1][1], self._unit, axis.step), _SMALL)
        return _Plot(panel, axis, found, marks, ticks, last)

    def _header(self, title: str, time: tuple[Instant, Instant], *, marked: bool) -> None:
        line = self._letters.line(title, _TITLE, WIDTH - 2 * _MARGIN)
        if line:
            self._canvas.text(Ink.TEXT, (_MARGIN, 66), line)
        first, last = (at(instant, self._zone) for instant in time)
        span = _("{begin} to {end}, {time} {zone}").format(
            begin=day(first),
            end=format_day(last, year=True),
            time=format_time(last),
            zone=self._zone,
        )
        self._canvas.text(Ink.MUTED, (_MARGIN, 112), self._letters.plain(span, _SMALL))
        if marked:
            legend = self._letters.plain(_("alert fired"), _SMALL)
            right = WIDTH - _MARGIN
            self._canvas.text(Ink.MARK, (right, 112), legend, share=1)
            x = round(right - legend.width - 22)
            self._canvas.strokes(Ink.MARK, (x - 12, 90, x + 12, 114), (), 0, [(x, 102)], _DOT)

    def _head(self, panel: Panel, box: Box) -> None:
        """Number and name; below, what moved."""
        left, top, right, _ = box
        number = self._letters.plain(f"{panel.number}. " if panel.number else "", _NAME)
        self._canvas.text(Ink.TEXT, (left, top + 34), number)
        x = left + number.width
        name = name_of(panel, self._letters, right - x)
        self._canvas.text(Ink.TEXT, (x, top + 34), name)
        note = self._letters.line(panel.note, _SMALL, right - left)
        if note:
            self._canvas.text(Ink.MUTED, (left, top + 74), note)

    def _draw(self, plot: _Plot, area: Box, time: Axis) -> None:
        self._grid(plot, area, time)
        if not plot.pieces:
            nothing = self._letters.plain(_("no values in this time"), _SMALL)
            middle = (area[0] + area[2]) / 2, (area[1] + area[3]) / 2 + 10
            self._canvas.text(Ink.MUTED, middle, nothing, share=0.5)
            return

        most = (area[2] - area[0]) // _FINEST
        lines = [_line(piece, area, time, plot.axis, most) for piece in plot.pieces]
        self._canvas.strokes(Ink.LINE, _wider(area), lines, _LINE, [*_dots(lines)], 5)
        if plot.last:  # the newest value, in figures
            x, y = lines[-1][-1]
            self._canvas.text(Ink.LINE, (x + 16, y + 11), plot.last)
        self._marks(plot, area, time)

    def _grid(self, plot: _Plot, area: Box, time: Axis) -> None:
        left, _, right, bottom = area
        for value, label in plot.ticks:
            _, y = _at(area, 0, plot.axis.place(value))
            self._canvas.box(Ink.GRID, (left, round(y) - 1, right, round(y)))
            self._canvas.text(Ink.MUTED, (left - 14, y + 11), label, share=1)
        if not plot.ticks:
            self._canvas.box(Ink.GRID, (left, bottom - 1, right, bottom))
        for instant, text in time.ticks:
            x, _ = _at(area, time.place(instant), 0)
            self._canvas.box(Ink.GRID, (round(x) - 1, bottom, round(x), bottom + 8))
            label = self._letters.plain(text, _SMALL)
            self._canvas.text(Ink.MUTED, (x, bottom + 40), label, share=0.5)

    def _marks(self, plot: _Plot, area: Box, time: Axis) -> None:
        """Upright lines where the alert fired, with a dot on the value of that time."""
        lines: list[tuple[XY, XY]] = []
        dots: list[XY] = []
        for mark in plot.marks:
            x, top = _at(area, time.place(mark), 1)
            if lines and x - lines[-1][0][0] < 2 * _DOT:
                continue
            lines.append(((x, top), (x, area[3])))
            dots.append(_at(area, time.place(mark), plot.axis.place(_value_at(plot.pieces, mark))))
        if lines:
            self._canvas.strokes(Ink.MARK, _wider(area), lines, 3, dots, _DOT)


def _value_at(pieces: Sequence[Piece], instant: Instant) -> float:
    """The newest value then, or the first after it."""
    points = [*chain.from_iterable(pieces)]
    return next((value for at, value in reversed(points) if at <= instant), points[0][1])


def _gutter(labels: Iterable[Line]) -> float:
    """Room beside the plots for the widest of the labels, leaving room for the plots."""
    return min(max((line.width for line in labels), default=0), _WIDEST)


def _boxes(count: int) -> tuple[list[Box], int]:
    """Places of the panels, two a row, and the picture's height. Of an odd number the first, which
    is the strongest, has a row of its own."""
    half = (WIDTH - 2 * _MARGIN - _BETWEEN) // 2
    boxes: list[Box] = []
    y = _HEADER
    for row in [1] * (count % 2) + [2] * (count // 2):
        height = _HEAD + _FOOT + (_WIDE_PLOT if row == 1 else _PLOT)
        width = WIDTH - 2 * _MARGIN if row == 1 else half
        for column in range(row):
            x = _MARGIN + column * (half + _BETWEEN)
            boxes.append((x, y, x + width, y + height))
        y += height + 28
    return boxes, y


def _wider(area: Box) -> Box:
    return area[0] - _AROUND, area[1] - _AROUND, area[2] + _AROUND, area[3] + _AROUND


def _at(area: Box, across: float, up: float) -> XY:
    left, top, right, bottom = area
    return left + (right - left) * across, bottom - (bottom - top) * up


def _dots(lines: Sequence[Sequence[XY]]) -> Iterator[XY]:
    """The newest value, values without neighbours, and all where they are far apart."""
    for line in lines:
        if len(line) == 1:
            yield line[0]
        for before, after in pairwise(line):
            if after[0] - before[0] >= _DOTTED:
                yield from (before, after)
    yield lines[-1][-1]


def _line(piece: Piece, area: Box, time: Axis, values: Axis, most: int) -> list[XY]:
    """The way of the pen; of many values the first, the extremes and the last of each column."""
    points = np.array(piece, np.float64)
    across, up = thinned(time.places(points[:, 0]), values.places(points[:, 1]), most)
    return [_at(area, *point) for point in zip(across.tolist(), up.tolist(), strict=True)]


def name_of(panel: Panel, letters: Lettering, room: float) -> Line:
    """The product's name; where no font shows it, the end of its id, as in its link."""
    digits = re.sub(r"[^0-9A-Za-z]", "", panel.product_id)
    tail = f"…{digits[-4:]}" if digits else _("(no name)")
    return letters.line(panel.name, _NAME, room) or letters.plain(tail, _NAME)
