"""A picture of few inks on paper, each with the shades that make its edges smooth.

The picture is its palette's indexes from the beginning: each ink has a layer that says how
much of it lies where, and the layers are stacked at the end. So no colours are reduced, which
would cost more than all drawing, and 16 colours take half a byte.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from enum import Enum

from PIL import Image, ImageChops, ImageDraw

from watcher.charts.lettering import Line

Box = tuple[int, int, int, int]
"""Left, top, right, bottom, in pixels."""
XY = tuple[float, float]

PAPER = (0xFF, 0xFF, 0xFF)
_SMOOTH_LINES = 1.15  # so much a picture shrinks at least, if its lines have hard edges
_FINE = 3  # lines are drawn that much larger, and reduced: Pillow's own have no smooth edges


class Ink(Enum):
    """Colour and number of shades; the later ones lie above the earlier."""

    GRID = (0xDD, 0xE1, 0xE6), 1
    MUTED = (0x52, 0x5C, 0x69), 2
    TEXT = (0x16, 0x1B, 0x22), 3
    LINE = (0x1F, 0x5F, 0xC4), 3
    MARK = (0xC2, 0x3B, 0x0C), 2


class Canvas:
    """Draws; ``png`` is the result."""

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
            for shade in range(1, shades + 1):
                part = shade / shades
                palette += [round(p + (c - p) * part) for p, c in zip(PAPER, colour, strict=True)]
            index += shades
        stacked.putpalette(palette)
        file = io.BytesIO()
        # Level 6: the highest takes eight times as long for 6 percent less.
        stacked.save(file, "PNG", compress_level=6)
        return file.getvalue()
