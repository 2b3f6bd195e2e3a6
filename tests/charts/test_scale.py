"""Ticks and texts of the axes."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.charts.pictures import NOW
from watcher.charts.scale import stretches, thinned, time_axis, value_axis, written
from watcher.units import DAY, Unit


@pytest.mark.parametrize(
    ("values", "unit", "ticks"),
    [
        ([1_000, 4_830], Unit.MONEY, "0 2k 4k 6k"),
        ([0, 3_400_000], Unit.COUNT, "0 2M 4M"),
        ([1_436, 1_439], Unit.COUNT, "1,436 1,437 1,438 1,439"),
        ([1_990, 2_040], Unit.COUNT, "1.98k 2k 2.02k 2.04k"),
        ([100_000, 101_073], Unit.MONEY, "100k 100.5k 101k 101.5k"),
        ([0, 1], Unit.COUNT, "0 1"),
        ([0.02, 0.125], Unit.FRACTION, "0% 5% 10% 15%"),
        ([180, 17], Unit.PLACE, "#1 #100 #200"),
        ([1, 1], Unit.PLACE, "#1"),
        ([-841, 0], Unit.MONEY, "-1k -500 0"),
        ([-100, -90], Unit.MONEY, "-100 -95 -90"),
        ([7, 7], Unit.COUNT, "0 5 10"),
        ([0, 0], Unit.COUNT, "0"),
        ([0, 8e18], Unit.MONEY, "0 5e18 1e19"),
        ([1e15, 1.002e15], Unit.MONEY, "1e15 1.001e15 1.002e15"),
        ([7e6, 7.000001e6], Unit.MONEY, "0 5M 10M"),
        ([4.2, 4.4], Unit.SCORE, "4.2 4.3 4.4"),
        ([], Unit.COUNT, "0"),
    ],
)
def test_ticks_are_few_and_round(values: list[float], unit: Unit, ticks: str) -> None:
    """From zero, unless that hid what moved; a place counts from the first."""
    assert " ".join(text for _, text in value_axis(values, unit).ticks) == ticks


@given(st.lists(st.floats(-1e300, 1e300), min_size=1), st.sampled_from(list(Unit)))
def test_every_value_has_a_place(values: list[float], unit: Unit) -> None:
    """Between the ends of its axis, in order, and ticks are told apart."""
    axis = value_axis(values, unit)
    places = [axis.place(value) for value in sorted(values)]
    assert all(0 <= place <= 1 for place in places)
    assert places == sorted(places, reverse=unit is Unit.PLACE)
    assert len({text for _, text in axis.ticks}) == len(axis.ticks)
    assert 1 <= len(axis.ticks) <= 7


def test_the_first_place_is_at_the_top() -> None:
    """Better is higher."""
    axis = value_axis([17, 180], Unit.PLACE)
    assert axis.place(1) == 1
    assert axis.place(180) < axis.place(17) < 1


@pytest.mark.parametrize(
    ("value", "unit", "step", "text"),
    [
        (4_830, Unit.MONEY, 2_000, "4.83k"), (23_456_789, Unit.COUNT, 1e7, "23.5M"),
        (0.1234, Unit.FRACTION, 0.05, "12.3%"), (17, Unit.PLACE, 100, "#17"),
        (101_073, Unit.MONEY, 500, "101.1k"), (841, Unit.COUNT, 500, "841"),
        (0, Unit.MONEY, 0, "0"),
        (-841.5, Unit.MONEY, 500, "-842"), (8e18, Unit.COUNT, 5e18, "8e18"),
        (-1.588582e24, Unit.PLACE, 1, "#-1.5886e24"),
        (12.99, Unit.MONEY, 5, "13"), (1.456, Unit.SCORE, 0.5, "1.46"),
    ],
)  # fmt: skip
def test_the_last_value_has_three_digits(value: float, unit: Unit, step: float, text: str) -> None:
    """More only where its axis has ticks so fine."""
    assert written(value, unit, step) == text


@given(
    st.lists(st.one_of(st.integers(-9, 9).map(float), st.just(float("nan"))), min_size=1),
    st.integers(1, 12),
    st.integers(0, 5),
)
def test_thinned_values_keep_their_own_instants(
    values: list[float], columns: int, held: int
) -> None:
    """Each at the place that it had, in order, the first and the last among them: none is moved to
    its column's edge, which would make stairs of a slope."""
    y = np.repeat(np.array(values), held + 1)
    x = np.linspace(0, 1, len(y)) ** 2
    before = dict(zip(x.tolist(), y.tolist(), strict=True))
    across, up = thinned(x, y, columns)
    assert all(
        np.array_equal([value], [before[place]], equal_nan=True)
        for place, value in zip(across.tolist(), up.tolist(), strict=True)
    )
    assert (np.diff(across) > 0).all()
    assert (across[0], across[-1]) == (x[0], x[-1])


def test_a_thinned_slope_is_still_a_slope() -> None:
    """Of a steady rise every value that is kept lies on it."""
    x = np.linspace(0, 1, 5_000)
    across, up = thinned(x, 3 * x, 50)
    assert len(across) < 250
    assert up.tolist() == (3 * across).tolist()


def test_stretches_lie_between_gaps() -> None:
    """A gap at either end, one of several rows, and a value alone."""
    nan = float("nan")
    found = stretches(np.array([nan, 1, 2, nan, nan, 3, nan]))
    assert [list(rows) for rows in found] == [[1, 2], [5]]
    assert not stretches(np.array([nan, nan]))


def test_days_are_told_at_the_zones_midnights() -> None:
    """No more than have room, back from today."""
    axis = time_axis(NOW - 30 * DAY, NOW, UTC, 4)
    assert [text for _, text in axis.ticks] == ["4 Nov", "14 Nov", "24 Nov"]
    assert all(instant % DAY == 0 for instant, _ in axis.ticks)


def test_a_day_of_25_hours_does_not_shift_the_days() -> None:
    """Berlin's clocks went back on 25 October 2026."""
    zone = ZoneInfo("Europe/Berlin")
    axis = time_axis(NOW - 31 * DAY, NOW - 28 * DAY, zone, 9)
    assert [text for _, text in axis.ticks] == ["25 Oct", "26 Oct", "27 Oct"]
    assert {int(instant) % DAY for instant, _ in axis.ticks} == {22 * 3_600, 23 * 3_600}
