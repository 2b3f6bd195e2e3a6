"""The arithmetic of plots of several lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC

import numpy as np
import pytest

from watcher.model import Floats, Ints
from watcher.units import DAY, Unit, format_number
from watcher.web.lines import (
    GAPS,
    Average,
    LinePlot,
    LineSeries,
    Scale,
    fitted,
    line_plot,
    rounded,
)
from watcher.web.plots import BOTTOM, COLUMNS, HEIGHT, TOP

START = 1_700_006_400  # a midnight
COUNT, USD = Scale(Unit.COUNT), Scale(Unit.MONEY, "USD")


def series(
    values: Sequence[float], number: int = 0, scale: Scale = COUNT, name: str = "", *,
    at: Ints | None = None, averages: Sequence[Average] = (), gaps: Sequence[tuple[int, int]] = (),
) -> LineSeries:  # fmt: skip
    """A value a day."""
    instants = START + DAY * np.arange(len(values)) if at is None else at
    column: Floats = np.array(values, np.float64)
    return LineSeries(
        number, name or f"line {number}", "metric", scale, instants, instants, column,
        format_number, averages, gaps,
    )  # fmt: skip


def drawn(*lines: LineSeries, days: int = 10, plots: int = 1, first: int = 0) -> LinePlot:
    """The plot of these days."""
    within = (START + first * DAY, START + days * DAY)
    made = line_plot(lines, within, UTC, plots=plots)
    assert made is not None
    return made


def heights(path: str) -> list[int]:
    """All heights that a path goes through."""
    return [int(each) for each in re.findall(r"(?:M-?\d+ |V)(-?\d+)", path)]


def test_each_unit_has_its_axis() -> None:
    """The first is on the left; lines of one unit share one."""
    made = drawn(series([0, 100]), series([10, 11], 1, USD), series([50, 60], 2))
    assert (made.left.styles, made.left.title) == ((0, 2), "metric")
    assert made.right is not None
    assert (made.right.styles, made.right.title) == ((1,), "metric (USD)")
    assert [tick.label for tick in made.left.ticks] == ["0", "50", "100"]
    labels = [tick.label for tick in made.right.ticks]
    assert "0" not in labels, "a price that hardly moves is no flat line"
    assert drawn(series([1, 2])).right is None


def test_ticks_of_two_axes_stand_side_by_side() -> None:
    """So that lines across are those of both."""
    made = drawn(series([0, 100]), series([0, 7], 1, USD))
    assert made.right is not None
    left, right = ([tick.place for tick in axis.ticks] for axis in (made.left, made.right))
    assert left == right
    made = drawn(series([0, 100]), series([0, 6], 1, USD))  # by themselves they have 3 and 4
    assert made.right is not None
    assert [tick.label for tick in made.right.ticks] == ["0", "2", "4", "6"]
    left, right = ([tick.place for tick in axis.ticks] for axis in (made.left, made.right))
    assert left == right
    mixed = drawn(series([0, 100]), series([0, 1], 1, Scale(Unit.FLAG, None, ("no", "yes"))))
    assert mixed.right is not None
    assert [tick.label for tick in mixed.right.ticks] == ["no", "yes"]


def test_prices_in_two_currencies_share_no_axis() -> None:
    """Ten baht are no ten dollars."""
    made = drawn(series([10, 11], 0, USD), series([10, 11], 1, Scale(Unit.MONEY, "THB")))
    assert made.right is not None
    assert (made.left.title, made.right.title) == ("metric (USD)", "metric (THB)")


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("plots", [1, 3])
def test_downsampling_keeps_the_extremes(count: int, plots: int) -> None:
    """A peak and a trough of one hour in 400 days are in the path, and it stays short."""
    random = np.random.default_rng(count)
    size = 400 * 24
    at = START + 3_600 * np.arange(size)
    lines = []
    for number in range(count):
        values = random.normal(500, 5, size).round(1)
        values[random.integers(0, size)] = 1_000
        values[random.integers(0, size)] = 0
        lines.append(series(values.tolist(), number, at=at))
    made = drawn(*lines, days=400, plots=plots)
    for line in made.lines:
        assert min(heights(line.path)) == 0, "the peak"
        assert max(heights(line.path)) == HEIGHT, "the trough"
        most = min(COLUMNS, max(2 * COLUMNS // (count * plots), 40))
        assert line.path.count("V") <= 4 * most
        assert len(line.path) < 40 * most
    told = " ".join(band.label for band in made.bands)
    assert ("1,000" in told) or count * plots > 6
    assert len(made.bands) <= 60


def test_a_gap_is_not_bridged() -> None:
    """There is no line in it, it is marked, and its value is none."""
    nan = float("nan")
    made = drawn(
        series([1, 2, nan, nan, 3], gaps=[(START + DAY, START + 4 * DAY)]), series([5] * 5, 1),
        days=4,
    )  # fmt: skip
    assert made.lines[0].path.count("M") == 2
    assert made.lines[1].path.count("M") == 1
    (gap,) = made.gaps
    assert (gap.number, gap.x, gap.width) == (0, 25.0, 75.0)
    inside = next(band for band in made.bands if abs(band.x - 50) < 1)
    assert [row[2] for row in inside.rows] == ["no value", "5"]
    assert inside.label.endswith(": line 0 no value; line 1 5")


def test_gaps_are_bounded() -> None:
    """Those that can't be told apart are one; of very many the newest are marked."""
    gaps = [(START + n * 3_600, START + n * 3_600 + 1_800) for n in range(0, 24 * 400, 50)]
    made = drawn(series([1.0] * 400, gaps=gaps), days=400)
    assert len(made.gaps) == GAPS < len(gaps)
    assert made.gaps[-1].x > 99
    assert all(gap.x >= 0 and gap.x + gap.width <= 100.01 for gap in made.gaps)
    near = [(START + n * 600, START + n * 600 + 300) for n in range(50)]
    assert len(drawn(series([1.0] * 400, gaps=near), days=400).gaps) == 1


def test_averages_are_steps_of_their_own() -> None:
    """They count for the axis, are drawn dashed, and are told as what they are."""
    averages = [
        Average(START - 3 * DAY, START - DAY, 300.4), Average(START - DAY, START, 120.0),
    ]  # fmt: skip
    made = drawn(series([10, 20], averages=averages), days=2, first=-5)
    (line,) = made.lines
    assert line.before.count("M") == 1
    assert line.before.count("H") == 2
    assert "M286 " in line.before, "two of seven days after the begin"
    assert made.left.ticks[-1].label == "400"
    first, second = (band for band in made.bands if "average" in band.label)
    assert first.label.endswith(": average 300")
    assert second.y is not None
    assert TOP < second.y < BOTTOM
    later = drawn(series([10, 20], averages=averages), days=2)
    assert not later.lines[0].before
    assert later.left.ticks[-1].label == "20"
    for begin, end in ((-9, -5), (5, 9)):  # before all of them, and after
        nothing = series([], averages=averages)
        assert line_plot([nothing], (START + begin * DAY, START + end * DAY), UTC) is None


def test_what_is_between_averages_is_not_bridged() -> None:
    """Two counters that contradict each other leave a hole."""
    averages = [Average(START - 9 * DAY, START - 6 * DAY, 3), Average(START - DAY, START, 1)]
    made = drawn(series([1, 2], averages=averages), days=2, first=-10)
    assert made.lines[0].before.count("M") == 2


def test_markers_stand_on_the_line() -> None:
    """So that lines are told apart without their colour; one alone needs none."""
    made = drawn(series(list(range(100))), series([50.0] * 100, 1), days=99)
    for line in made.lines:
        assert 3 <= len(line.markers) <= 7
        assert all(0 <= x <= 100 and TOP <= y <= BOTTOM for x, y in line.markers)
    assert {y for _x, y in made.lines[1].markers} == {(TOP + BOTTOM) / 2}
    assert not drawn(series([1, 2, 3])).lines[0].markers


def test_bands_cover_the_width() -> None:
    """Anywhere over the plot something answers, once."""
    made = drawn(series([1, 5, 2]), series([1, 7, 2], 1), days=2)
    assert made.bands[0].left == 0
    assert sum(band.width for band in made.bands) == pytest.approx(100, abs=0.1)
    assert made.bands[1].rows == ((0, "line 0", "5"), (1, "line 1", "7"))


def test_no_value_is_no_plot() -> None:
    """Of several lines those that have one are drawn."""
    nan = float("nan")
    within = (START, START + DAY)
    assert line_plot([series([nan, nan])], within, UTC) is None
    assert line_plot([], within, UTC) is None
    made = drawn(series([nan, nan]), series([1, 2], 1))
    assert [line.number for line in made.lines] == [1]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Serum", "Serum"),
        ("A" * 40, "A" * 15 + "…"),
        ("玻尿酸保湿精华液套装", "玻尿酸保湿精华…"),
        ("a\u202eb\x07c", "a b c"),
    ],
)
def test_a_name_beside_a_value_is_cut(name: str, shown: str) -> None:
    """Letters of East Asia are wide; what turns the direction is gone."""
    assert re.sub(r"\s+", " ", fitted(name, 16)).replace("ab", "a b") == shown


def test_averages_are_round() -> None:
    """A third of a sale is no news."""
    assert [rounded(each) for each in (270.67, 9.96, 0.34)] == [271.0, 10.0, 0.3]
