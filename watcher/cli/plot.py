"""A plot in the terminal: plain characters, no colours, at most 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from uniplot import plot_to_string

from watcher.model import Floats, Ints
from watcher.units import Unit

WIDTH = 80
_HEIGHT = 12
_OFF_THE_EDGE = 0.1  # of a level: between two rows of letters it is drawn in either


def plot(
    at: Ints, values: Floats, unit: Unit, width: int = WIDTH, *,
    braille: bool = True, names: Sequence[str] = (),
) -> str:  # fmt: skip
    """Values (m,) in steps, each from its instant (m,; UTC) until the next; NaN leaves a gap.

    Some value must be there. Of places the first is at the top; ``names`` are those of the values
    0, 1, 2 ..., where these are levels. Lines are at most ``width`` (and 80) characters long.
    """
    widest = min(width, WIDTH)
    if names:
        room = widest - 1 - max(map(len, names))
        # Each level has a band of its own, with its line in the middle.
        drawn = _drawn(at, values + _OFF_THE_EDGE, room, braille=braille, y_labels=False,
                       y_min=-0.5, y_max=len(names) - 0.5)  # fmt: skip
        return "\n".join(_named(drawn, names))
    if unit is Unit.PLACE:
        drawn = _drawn(at, -values, widest, braille=braille)
        return "\n".join(line.replace(" -", " ") for line in drawn)
    percent = unit is Unit.FRACTION
    values = values * 100 if percent else values
    return "\n".join(_drawn(at, values, widest, braille=braille, y_unit="%" if percent else ""))


def _drawn(at: Ints, values: Floats, width: int, *, braille: bool, **more: Any) -> list[str]:
    """The lines: a frame with ``_HEIGHT`` of them inside, and the days below."""
    drawn: str = plot_to_string(
        xs=np.repeat(at, 2)[1:].astype("datetime64[s]"),
        ys=np.repeat(values, 2)[:-1],
        lines=True,
        color=False,
        character_set="braille" if braille else "ascii",
        width=WIDTH,
        height=_HEIGHT,
        line_length_hard_cap=width,
        y_gridlines=[],  # one at 0 would be taken for values in a gap
        **more,
    )
    return [line.rstrip() for line in drawn.splitlines()]


def _named(drawn: Sequence[str], names: Sequence[str]) -> list[str]:
    """With the name of each level beside its line; the first line is the frame's."""
    rows = {_HEIGHT - int((level + 0.5 + _OFF_THE_EDGE) / len(names) * _HEIGHT): name
            for level, name in enumerate(names)}  # fmt: skip
    return [f"{line} {rows[row]}" if row in rows else line for row, line in enumerate(drawn)]
