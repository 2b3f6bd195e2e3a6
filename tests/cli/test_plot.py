"""Plots in the terminal."""

from __future__ import annotations

import numpy as np
import pytest

from tests.store.making import DAY, START
from watcher.cli.plotting import plot
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


@pytest.mark.parametrize("braille", [True, False])
def test_a_gap_is_empty(*, braille: bool) -> None:
    """Nothing is drawn where there is no value, not even a line at 0."""
    at = START + DAY * np.arange(9)
    values = np.array([0, 0, 4, np.nan, np.nan, np.nan, 4, 0, 0])
    lines = plot(at, values, Unit.COUNT, braille=braille).splitlines()[1:-2]
    width = lines[0].rindex("│" if "│" in lines[0] else "|")
    gap = slice(width * 3 // 8 + 4, width * 6 // 8 - 4)
    assert not "".join(line[gap] for line in lines).strip()
    assert all("".join(line[part] for line in lines).strip()
               for part in (slice(1, gap.start - 5), slice(gap.stop + 5, width)))  # fmt: skip


def test_places_have_the_first_on_top() -> None:
    """And are no negative numbers."""
    lines = plot(START + DAY * np.arange(3), np.array([30, 1, 1]), Unit.PLACE).splitlines()
    at = {line.split()[-1]: number for number, line in enumerate(lines)}
    assert at["#1"] < at["#10"] < at["#20"] < at["#30"]
    assert "-" not in "".join(line[-4:] for line in lines[:-1])
    assert lines[1][45:70].strip()


@pytest.mark.parametrize("width", [80, 40])
def test_levels_have_their_names(width: int) -> None:
    """Each beside its own line, the lowest at the bottom."""
    names = ("falling", "stable", "rising")
    for level, name in enumerate(names):
        at = START + DAY * np.arange(3)
        lines = plot(at, np.full(3, float(level)), Unit.FLAG, width, names=names).splitlines()
        assert max(map(len, lines)) <= width
        assert [line.split()[-1] for line in lines if line[-1].isalpha()] == list(names)[::-1]
        (drawn,) = [line for line in lines[1:-2] if line[1:20].strip()]
        assert drawn.endswith(name)


def test_fractions_are_percentages() -> None:
    """As everywhere."""
    at = START + DAY * np.arange(3)
    assert "%" in plot(at, np.array([0.1, 0.2, 0.3]), Unit.FRACTION)
