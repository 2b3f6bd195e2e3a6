"""A plot in the terminal: plain characters, no colours, at most 80 columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from uniplot import plot_to_string

from watcher.charts.scale import level_axis, value_axis
from watcher.model import Floats, Ints
from watcher.units import Unit

WIDTH = 80
_HEIGHT = 13  # of the usual axes, of three to seven ticks, each stands in a row's middle


def plot(
    at: Ints, values: Floats, unit: Unit, width: int = WIDTH, *,
    braille: bool = True, names: Sequence[str] = (),
) -> str:  # fmt: skip
    """Values (m,) in steps, each from its instant (m,; UTC) until the next; NaN leaves a gap.

    Some value must be there. Of places the first is at the top; ``names`` are those of the values
    0, 1, 2 ..., where these are levels. Lines are at most ``width`` (and 80) characters long.
    """
    axis = level_axis(names) if names else value_axis(values[np.isfinite(values)].tolist(), unit)
    last, half = _HEIGHT - 1, 0.5 / (_HEIGHT - 1)  # an axis ends in the middle of the outer rows
    drawn: str = plot_to_string(
        xs=np.repeat(at, 2)[1:].astype("datetime64[s]"),
        ys=np.repeat(axis.places(values), 2)[:-1],
        lines=True,
        color=False,
        character_set="braille" if braille else "ascii",
        width=WIDTH,
        height=_HEIGHT,
        line_length_hard_cap=min(width, WIDTH) - 1 - max(len(label) for _, label in axis.ticks),
        y_gridlines=[],  # one at 0 would be taken for values in a gap
        y_labels=False,
        y_min=-half,
        y_max=1 + half,
    )
    # The first line is the frame's.
    labels = {_HEIGHT - round(axis.place(value) * last): f" {label}" for value, label in axis.ticks}
    lines = enumerate(drawn.splitlines())
    return "\n".join(f"{line.rstrip()}{labels.get(row, '')}" for row, line in lines)
