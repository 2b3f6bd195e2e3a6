"""Texts from anywhere, laid out in fonts that show them: never an empty box.

What no font shows is left out where a name says the same without (pictograms, punctuation),
and is an ellipsis where not. A text of which more than half would be missing is none at all.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from PIL.ImageFont import FreeTypeFont

from watcher.charts.fonts import Fonts, clusters, is_letter, is_right_to_left, is_shaped
from watcher.text.sanitize import neutralise, shorten

_NARROWEST = 0.3  # of its size: the width of a letter, in a word of narrow ones
_MOST_MARKS = 1  # on a letter of a script that is not shaped
_ELLIPSIS = "…"

Lettered = list[tuple[str, Path]]
"""Single characters, each with the font that shows it."""


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch in one font; ``x`` is its place in the text, in pixels."""

    x: float
    text: str
    font: FreeTypeFont


@dataclass(frozen=True, slots=True)
class Line:
    """A text that is ready to be drawn. ``width`` is in pixels."""

    runs: tuple[Run, ...]
    width: float

    @property
    def text(self) -> str:
        """The text as it will be read."""
        return "".join(run.text for run in self.runs)


class Lettering:
    """Lays out texts in the given fonts."""

    def __init__(self, fonts: Fonts) -> None:
        self._fonts = fonts

    def line(self, text: str, size: int, room: float) -> Line | None:
        """``text`` in letters of ``size``, cut to ``room``, in pixels; None where no fonts show
        enough of it.
        """
        # Bounded first: what has no room need not be looked up.
        harmless = neutralise(text, int(room / size / _NARROWEST) + 1)
        lettered = self._lettered(unicodedata.normalize("NFC", harmless))
        if not lettered:
            return None
        line = self._laid(lettered, size)
        if line.width <= room:
            return line
        lengths = range(1, len(lettered))
        fits = bisect_right(
            lengths, room, key=lambda longest: self._laid(self._cut(lettered, longest), size).width
        )
        return self._laid(self._cut(lettered, max(fits, 1)), size)

    def plain(self, text: str, size: int) -> Line:
        """Our own text, that the main font shows."""
        return self._laid([(character, self._fonts.main) for character in text], size)

    def _laid(self, lettered: Lettered, size: int) -> Line:
        runs, x = [], 0.0
        for path, stretch in groupby(lettered, key=lambda each: each[1]):
            text = "".join(character for character, _ in stretch)
            font = self._fonts.sized(path, size)
            runs.append(Run(x, text, font))
            x += font.getlength(text)
        return Line(tuple(runs), x)

    def _cut(self, lettered: Lettered, longest: int) -> Lettered:
        kept = len(shorten("".join(character for character, _ in lettered), longest)) - 1
        path = lettered[max(kept - 1, 0)][1]
        path = path if self._fonts.has(path, _ELLIPSIS) else self._fonts.main
        return [*lettered[:kept], (_ELLIPSIS, path)]

    def _lettered(self, text: str) -> Lettered:
        whole = self._in_one_font(text) if any(map(is_right_to_left, text)) else []
        if whole:
            return whole
        found: Lettered = []
        letters = lost = 0
        for cluster in clusters(text):
            if unicodedata.category(cluster[0]) == "Cf":
                continue  # of no width
            shown = self._cluster(cluster, found[-1][1] if found else None)
            if is_letter(cluster[0]):
                letters += 1
                lost += not shown
            if not shown:
                gap = _ELLIPSIS if is_letter(cluster[0]) else " "
                shown = [(gap, self._fonts.main)]
            # Of what is left out in a row, one sign is enough.
            if not (found and shown[0][0] in (_ELLIPSIS, " ") and found[-1][0] == shown[0][0]):
                found += shown
        return _trimmed(found) if letters > lost * 2 else []

    def _cluster(self, cluster: str, before: Path | None) -> Lettered:
        """A letter with its marks in one font; empty where there is none."""
        base, marks = cluster[0], cluster[1:]
        if base.isspace():
            return [(" ", before or self._fonts.main)]
        if is_right_to_left(base):
            return []  # not in pieces: they would stand in the wrong order
        path = self._fonts.shipped(base, before)
        if path is None:
            simple = unicodedata.normalize("NFKC", base)
            if simple != base and self._fonts.has(self._fonts.main, simple):
                return [(character, self._fonts.main) for character in simple]
            path = self._fonts.elsewhere(base)
        if path is None:
            return []
        kept = marks if is_shaped(base) else marks[:_MOST_MARKS]
        return [(base, path), *((mark, path) for mark in kept if self._fonts.has(path, mark))]

    def _in_one_font(self, text: str) -> Lettered:
        """All of a text that is read from the right, less its ornaments; empty where none can."""
        turning = next(filter(is_right_to_left, text))
        needed = "".join(each for each in text if unicodedata.category(each)[0] not in "SC")
        for path in self._fonts.machines(turning):
            if self._fonts.has(path, needed + _ELLIPSIS):
                shown = (each if self._fonts.has(path, each) else " " for each in text)
                return _trimmed([(each, path) for each in shown])
        return []


def _trimmed(lettered: Sequence[tuple[str, Path]]) -> Lettered:
    text = "".join(character for character, _ in lettered)
    begin = len(text) - len(text.lstrip())
    return list(lettered[begin : len(text.rstrip())])
