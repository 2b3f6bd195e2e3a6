"""The values of a flag as steps of a plot: by their names, from the lowest to the highest.

The numbers of a flag are a code: a trend is 0 where it is stable, 1 rising, 2 falling.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from watcher.evaluation.series import Track
from watcher.model import Floats
from watcher.rules.metrics import Metric
from watcher.units import Unit

_TRUTH = (("no", 0), ("yes", 1))
# Where the numbers' own order is not that from the lowest to the highest.
_ORDER = {"sales_trend_flag": ("falling", "stable", "rising")}


@dataclass(frozen=True, slots=True)
class Levels:
    """``names`` from the lowest to the highest level, and (m,) the ``heights`` of a track's values
    among them: 0 is the lowest, NaN no value."""

    names: tuple[str, ...]
    heights: Floats


def levels_of(track: Track) -> Levels | None:
    """The levels of a track; None of what is no flag, or has a value that has no name."""
    if track.metric.unit is not Unit.FLAG:
        return None
    names = _named(track.metric)
    heights = np.full(len(track.values), np.nan)
    for height, (_, value) in enumerate(names):
        heights[track.values == value] = height
    if (np.isnan(heights) & np.isfinite(track.values)).any():
        return None
    return Levels(tuple(name for name, _ in names), heights)


def _named(metric: Metric) -> Sequence[tuple[str, int]]:
    """The names of its values, the lowest first, with the values."""
    names = dict(metric.names or _TRUTH)
    return [(name, names[name]) for name in _ORDER.get(metric.name, names)]
