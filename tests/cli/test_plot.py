"""Plots in the terminal."""

from __future__ import annotations

import numpy as np
import pytest

from tests.store.making import DAY, START
from watcher.cli.plot import plot
from watcher.units import Unit


@pytest.mark.parametrize(
    "values",
    [[5.0], [5.0, 5.0], [1.0, np.nan, 3.0], [-1e9, 1e9], [0.0, 0.0], [1e15, 1e15], [1e-9, 2e-9]],
)
def test_every_series_can_be_drawn(values: list[float]) -> None:
    """Plain, and within 80 columns."""
    at = START + DAY * np.arange(len(values))
    lines = plot(at, np.array(values), Unit.COUNT).splitlines()
    assert len(lines) > 10
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in "".join(lines)


def test_a_narrow_terminal_gets_a_narrow_plot() -> None:
    """And a wide one no wider than 80."""
    at, values = START + DAY * np.arange(30), np.arange(30.0)
    assert max(map(len, plot(at, values, Unit.COUNT, 50).splitlines())) <= 50
    assert max(map(len, plot(at, values, Unit.COUNT, 200).splitlines())) <= 80


def test_values_stay_until_the_next() -> None:
    """A value of one day is a step, no slope: the first half of the plot is flat."""
    at = np.array([START, START + DAY, START + 2 * DAY])
    lines = plot(at, np.array([0.0, 10.0, 10.0]), Unit.COUNT).splitlines()
    top = next(line for line in lines if "10" in line)
    assert not top[1:30].strip()
    assert top[45:70].strip()


def test_fractions_are_percentages() -> None:
    """As everywhere."""
    at = START + DAY * np.arange(3)
    assert "%" in plot(at, np.array([0.1, 0.2, 0.3]), Unit.FRACTION)
