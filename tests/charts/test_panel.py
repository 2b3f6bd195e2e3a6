"""A panel's points: the time that is shown, and the gaps."""

from __future__ import annotations

import math

from tests.charts.pictures import NOW, daily
from watcher.charts.picture import Panel, past, pieces
from watcher.units import DAY


def test_the_last_thirty_days_are_shown() -> None:
    """Older points and those after now are not."""
    panel = Panel("a", [*daily([1.0] * 60), (NOW + 1, 5.0)])
    begin, end = past([panel], NOW)
    assert (begin, end) == (NOW - 30 * DAY, NOW)
    assert [len(piece) for piece in pieces(panel, begin, end)] == [31]


def test_a_young_watch_shows_less_but_two_days() -> None:
    """The same time for all panels."""
    week, hour = Panel("a", daily([1.0] * 8)), Panel("b", [(NOW - 60, 2.0)])
    assert past([week, hour], NOW) == (NOW - 7 * DAY, NOW)
    assert past([hour], NOW) == (NOW - 2 * DAY, NOW)


def test_without_points_it_is_thirty_days() -> None:
    """An empty chart is a chart."""
    assert past([], NOW) == (NOW - 30 * DAY, NOW)


def test_values_that_cannot_be_drawn_are_gaps() -> None:
    """None, no number, infinite, or beyond all reason."""
    values = [1.0, None, 2.0, 3.0, math.nan, math.inf, 4.0, 1e305]
    found = pieces(Panel("a", daily(values)), 0, NOW)
    assert [[value for _, value in piece] for piece in found] == [[1.0], [2.0, 3.0], [4.0]]
