"""The data of a chart: one panel a product."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from watcher.model import Instant
from watcher.units import DAY

MOST_PANELS = 6
LONGEST_PAST = 30 * DAY
SHORTEST_PAST = 2 * DAY
_LARGEST = 1e300  # the difference of two such is still a number

Point = tuple[Instant, float | None]


@dataclass(frozen=True, slots=True)
class Panel:
    """One product's values over time, in any order; a value of None, or one that is not finite,
    is a scan that lacked the product, and breaks the line.

    ``number`` is the product's in the message, ``marks`` are the instants at which the alert
    fired, ``note`` says what moved: ``1,200 → 4,830 (+303%)``.
    """

    name: str
    points: Sequence[Point]
    marks: Sequence[Instant] = ()
    note: str = ""
    number: int = 0
    product_id: str = ""


def past(panels: Collection[Panel], now: Instant) -> tuple[Instant, Instant]:
    """The time that all panels show: the last 30 days, or less where nothing is that old."""
    begin = now - LONGEST_PAST
    instants = (at for panel in panels for at, _ in panel.points if begin <= at <= now)
    return min(min(instants, default=begin), now - SHORTEST_PAST), now


def pieces(panel: Panel, begin: Instant, end: Instant) -> list[list[tuple[Instant, float]]]:
    """The stretches without a gap, of the points from ``begin`` to ``end``, in order."""
    found: list[list[tuple[Instant, float]]] = [[]]
    within = {at: value for at, value in panel.points if begin <= at <= end}
    for at in sorted(within):
        value = finite(within[at])
        if value is not None:
            found[-1].append((at, value))
        elif found[-1]:
            found.append([])
    return [piece for piece in found if piece]


def finite(value: float | None) -> float | None:
    """The value where it can be drawn."""
    if value is None or not math.isfinite(value) or abs(value) > _LARGEST:
        return None
    return float(value)
