"""A plot in the terminal: plain characters, no colours, at most 80 columns."""

from __future__ import annotations

import numpy as np
from uniplot import plot_to_string

from watcher.model import Floats, Ints
from watcher.units import Unit

WIDTH = 80
_HEIGHT = 12


def plot(at: Ints, values: Floats, unit: Unit, width: int = WIDTH, *, braille: bool = True) -> str:
    """Values (m,) in steps, each from its instant (m,; UTC) until the next; NaN leaves a gap.

    Some value must be there. Lines are at most ``width`` (and 80) characters long.
    """
    percent = unit is Unit.FRACTION
    times = np.repeat(at, 2)[1:]
    steps = np.repeat(values * 100 if percent else values, 2)[:-1]
    drawn: str = plot_to_string(
        xs=times.astype("datetime64[s]"),
        ys=steps,
        lines=True,
        color=False,
        character_set="braille" if braille else "ascii",
        width=WIDTH,
        height=_HEIGHT,
        line_length_hard_cap=min(width, WIDTH),
        y_unit="%" if percent else "",
    )
    return "\n".join(line.rstrip() for line in drawn.splitlines())
