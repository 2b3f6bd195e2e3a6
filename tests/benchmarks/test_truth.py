"""What became of a product is what one reckons by hand."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.prices import Prices
from benchmarks.sales import Sales, View, collected
from benchmarks.truth import TakeOff, Truth
from tests.benchmarks.markets import DAYS, START, by_name, daily, market, ordered
from watcher.model import Floats


def truth_of(sales: Sales) -> Truth:
    """Of a list that has them all."""
    return Truth(View(sales, len(sales.products)), sales)


def test_good_is_half_as_much_again_for_two_weeks() -> None:
    """Against the four weeks that ended a week before, divided by the market's own move."""
    sales = market(tripled=daily(10, 30, 120), half=daily(10, 15, 120), more=daily(10, 16, 120))
    truth, row = truth_of(sales), by_name(sales)
    assert truth.good[row["tripled"], 120] == 1
    assert truth.strict[row["tripled"], 120] == 1
    # The market as a whole moved up by 1.3%: 15 are less than 1.5 times the ten.
    assert truth.good[row["half"], 120] == 0
    assert truth.good[row["more"], 120] == 1
    # Of a morning before, n of the 14 days are at 30: from n = 4 on they sell 1.5 times the ten.
    good = truth.good[row["tripled"], 100:121]
    assert np.flatnonzero(good == 0).max() + 100 == 120 - 11
    assert np.flatnonzero(good == 1).min() + 100 == 120 - 10
    assert truth.good[row["s00"], 97:140].max() == 0


def test_what_the_whole_market_does_is_nobodys() -> None:
    """All double: none is good, and none takes off; one that quadruples is twice the market."""
    rows = [daily(50, 100, 120)] * 30
    doubled = {f"d{place:02}": row for place, row in enumerate(rows)}
    sales = market(DAYS, 0, **doubled, faster=daily(1, 4.2, 120))
    truth, row = truth_of(sales), by_name(sales)
    assert truth.good[row["d00"], 120] == 0
    assert truth.good[row["faster"], 120] == 1
    assert [each for each in truth.takeoffs if each.row == row["d00"]] == []


def test_one_large_order_is_not_strict_and_no_take_off() -> None:
    """A day of 3,000 makes two weeks good, but not without it."""
    sales = market(order=ordered(3000, 120))
    truth, row = truth_of(sales), by_name(sales)
    assert truth.good[row["order"], 110] == 1
    assert truth.strict[row["order"], 110] == 0
    assert truth.good[row["order"], 121] == 0
    assert truth.takeoffs == ()


def test_fell_is_seven_tenths() -> None:
    """And a little more is not."""
    sales = market(fell=daily(10, 6.9, 120), held=daily(10, 7.2, 120))
    truth, row = truth_of(sales), by_name(sales)
    assert truth.fell[row["fell"], 120] == 1
    assert truth.fell[row["held"], 120] == 0


def test_a_take_off_begins_on_its_best_day() -> None:
    """Once in its run of days, and a second one 28 days later at the earliest."""
    twice = np.where((np.arange(200) >= 105) & (np.arange(200) < 122), 40.0, 10.0)
    twice[160:180] = 60
    sales = market(200, rises=daily(10, 30, 120, 200), twice=twice)
    truth, row = truth_of(sales), by_name(sales)
    assert truth.takeoffs == (
        TakeOff(row["rises"], 120),
        TakeOff(row["twice"], 105),
        TakeOff(row["twice"], 160),
    )


@pytest.mark.parametrize(
    ("sold", "taken"),
    [
        (daily(10, 19, 120), False),  # less than twice
        (daily(1, 2.5, 120), False),  # 17.5 a week
        (daily(1, 3, 120), True),
        (daily(0, 30, 110), False),  # not sold early enough to have a level
        (daily(10, 30, 150), False),  # the data ends within its two weeks
    ],
)
def test_not_all_that_rises_takes_off(sold: Floats, *, taken: bool) -> None:
    """Twice, 20 a week, old enough, and within the data."""
    assert bool(truth_of(market(other=sold)).takeoffs) is taken


def test_the_young_are_neither_good_nor_bad() -> None:
    """First sold less than 35 days before the morning."""
    sales = market(young=daily(0, 10, 100))
    truth, row = truth_of(sales), by_name(sales)
    assert np.isnan(truth.good[row["young"], 134])
    assert truth.good[row["young"], 135] == 0
    assert not truth.usable[row["young"], 134]
    assert truth.usable[row["young"], 135]


def test_only_what_was_listed_counts() -> None:
    """A take-off that never reached the list was not to be caught."""
    sales = market(rises=daily(10, 30, 120))
    assert Truth(View(sales, 20), sales).takeoffs == ()
    with pytest.raises(ValueError, match="too few: 124 are needed"):
        truth_of(market(123))
    assert truth_of(market(124)).days == 14


def test_a_source_that_looks_now_and_then_loses_nothing() -> None:
    """What was sold meanwhile is booked on the day on which it looks; the truth stays."""
    sales = market(rises=daily(10, 30, 120))
    told = collected(sales, 0.3)
    looked = told.units > 0
    assert 0.25 < looked.mean() < 0.35
    last = looked.shape[1] - 1 - np.argmax(looked[:, ::-1], axis=1)
    sums = np.array([row[: day + 1].sum() for row, day in zip(sales.units, last, strict=True)])
    np.testing.assert_allclose(told.units.sum(axis=1), sums)
    truth = Truth(View(told, 21), sales)
    assert truth.good[by_name(sales)["rises"], 120] == 1


def test_what_became_of_a_price() -> None:
    """Undone within four days, lower still, and lasting."""
    paid = np.full((3, DAYS), 10.0)
    paid[0, 120:123] = 8.9  # undone on the third day
    paid[1, 120:] = 8.9  # lasts
    paid[2, 120:125], paid[2, 125:] = 8.9, 8.5  # and falls again
    units = np.full((3, DAYS), 10.0)
    prices = Prices(View(Sales(("a", "b", "c"), START, units, units, paid), 3))
    # The morning after the first day at the new price.
    assert prices.undone()[:, 121].tolist() == [True, False, False]
    assert prices.cheaper()[:, 121].tolist() == [False, False, True]
    assert prices.lasting()[:, 121].tolist() == [False, True, True]
    assert not prices.undone()[:, DAYS - 3 :].any()
    assert not prices.undone(2)[0, 121]
    assert prices.undone(3)[0, 121]
