"""Who is told when, at which threshold, and how sure the shares are."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping

import numpy as np
import pytest

from benchmarks.bootstrap import Bootstrap, Interval
from benchmarks.detectors import scores
from benchmarks.frontier import frontier, meanings
from benchmarks.judging import HALVES, Bench, Bulk, alerts
from tests.benchmarks.markets import by_name, daily, market, noisy
from watcher.model import Floats


@pytest.mark.parametrize(
    ("met", "listed", "told"),
    [
        ("..xxx...", "llllllll", "..1....."),  # as it begins
        ("x.x.....", "llllllll", "1......."),  # within the cooldown
        ("x.......x", "lllllllll", "1.......1"),
        ("x.xxxxxxx", "lllllllll", "1......1."),  # told when the cooldown ends, if it still is
        ("x.xxxxx.x", "lllllllll", "1.......1"),  # and not if it is not
        ("xx......xx", "ll......ll", "1........."),  # away for seven days: still the same
        ("xx.......xx", "ll.......ll", "1........1."),  # for longer: anew
        ("xxx", "..l", "..1"),  # only of what is listed
    ],
)
def test_alerts_begin_once_and_wait_out_the_cooldown(met: str, listed: str, told: str) -> None:
    """``x`` is met, ``l`` listed, ``1`` told; a day each."""
    found = alerts(
        np.array([[each == "x" for each in met]]), np.array([[each == "l" for each in listed]])
    )
    assert "".join("1" if each else "." for each in found[0]) == told


def test_each_product_is_told_of_by_itself() -> None:
    """Rows don't mix."""
    met = np.array([[0, 1, 0], [0, 0, 0], [0, 0, 1]], np.bool_)
    found = alerts(met, np.ones((3, 3), np.bool_))
    assert found.tolist() == met.tolist()


@pytest.fixture(scope="module")
def bench() -> Bench:
    """Forty noisy products, all on the list."""
    return Bench(noisy(40), 40)


@pytest.fixture(scope="module")
def found(bench: Bench) -> Mapping[str, Floats]:
    """The scores of all detectors on them."""
    return scores(bench.view)


def test_products_have_a_half_by_their_name(bench: Bench) -> None:
    """By a bit of the crc32, so that it is the same for everybody."""
    halves = [bench.rows(half) for half in HALVES]
    assert (halves[0] ^ halves[1]).all()
    assert bench.rows("B")[3] == bool(zlib.crc32(b"n003") // 2 % 2)
    assert bench.rows(None).all()


def test_a_threshold_is_the_lowest_within_the_budget(
    bench: Bench, found: Mapping[str, Floats]
) -> None:
    """On each half; a little lower it would tell more."""
    growth = found["sales_growth"]
    for half in (*HALVES, None):
        threshold = bench.threshold(growth, 0.2, half)
        assert bench.a_day(bench.told(growth, threshold), half) <= 0.2
        values = np.unique(growth[bench.truth.usable & bench.rows(half)[:, None]])
        lower = values[values < threshold][-12:].tolist()
        assert any(bench.a_day(bench.told(growth, each), half) > 0.2 for each in lower)
    busiest = bench.threshold(growth, 1_000)
    assert bench.a_day(bench.told(growth, busiest)) > 0.5
    assert bench.threshold(np.full(growth.shape, np.nan), 1) == math.inf


def test_a_score_counts_what_one_counts_by_hand() -> None:
    """Of four alerts two are good, and one take-off of two is caught, five days late."""
    sales = market(rises=daily(10, 30, 120), also=daily(10, 30, 110), young=daily(0, 10, 100))
    bench, row = Bench(sales, 23), by_name(sales)
    told = np.zeros(bench.view.listed.shape, np.bool_)
    # Four days before "also" takes off is too early to be of it.
    for name, morning in {"rises": 125, "also": 106, "s01": 120, "s02": 130, "young": 120}.items():
        told[row[name], morning] = True
    score = bench.score(told)
    assert (score.alerts, score.precision, score.strictly) == (4, 0.5, 0.5)
    assert (score.caught, score.takeoffs, score.recall, score.delay) == (1, 2, 0.5, 5)
    assert score.a_day == pytest.approx(5 / bench.truth.days)


def test_a_bulk_order_sets_off_the_week_and_no_steady_pace(
    bench: Bench, found: Mapping[str, Floats]
) -> None:
    """``sales_growth`` takes it for a surge, ``sales_surge`` does not."""
    orders = Bulk(bench)
    after = scores(orders.view)
    shares = [
        orders.share(found[name], after[name], bench.threshold(found[name], 0.2))
        for name in ("sales_growth", "sales_surge")
    ]
    assert shares[0] > 0.8
    assert shares[1] < 0.2


def test_each_half_is_judged_by_what_was_tuned_on_the_other(
    bench: Bench, found: Mapping[str, Floats]
) -> None:
    """The told of half B are those at A's threshold."""
    (row,) = frontier(bench, {"sales_growth": found["sales_growth"]}, [0.3])
    tuned = [bench.threshold(found["sales_growth"], 0.3, half) for half in HALVES]
    assert row.thresholds == tuple(tuned)
    for half, threshold, precision in zip(HALVES, reversed(tuned), row.precisions, strict=True):
        score = bench.score(bench.told(found["sales_growth"], threshold), half)
        np.testing.assert_equal(precision, score.precision)


def test_a_half_may_have_no_products() -> None:
    """Of one product one half is empty: nothing is told there, and no share is of it."""
    bench = Bench(noisy(1), 20)
    rows = list(frontier(bench, scores(bench.view), [1.0]))
    assert any(np.isnan(bench.a_day(bench.view.listed, half)) for half in "AB")
    assert all(np.isnan(row.precision.value) for row in rows)


def test_what_a_value_means_is_counted(bench: Bench, found: Mapping[str, Floats]) -> None:
    """The share of product-days that reach it, and what is good of them."""
    mean = next(each for each in meanings(bench, found) if each.detector == "sales_growth")
    usable = bench.truth.usable
    reached = usable & (found["sales_growth"] >= mean.level)
    assert mean.reached == reached.sum() / usable.sum()
    assert mean.went_on == (bench.truth.good[reached] == 1).mean()


def test_the_bootstrap_is_the_same_each_time() -> None:
    """For as many products; and knows what is beyond doubt."""
    draws = Bootstrap.of(50)
    every = np.full(50, 4)
    good, none = np.arange(50) % 5, np.zeros(50, np.int64)
    assert draws.share((every, good)) == Bootstrap.of(50).share((every, good))
    share = draws.share((every, good))
    assert share.value == 0.5
    assert 0.35 < share.low < 0.45
    assert 0.55 < share.high < 0.65
    assert draws.difference((every, good), (every, good)) == Interval(0, 0, 0)
    assert draws.difference((every, good), (every, none)).above
    assert not draws.difference((every, none), (every, good)).above
    assert draws.share((every, every)) == Interval(1, 1, 1)
    assert not Interval(0.1, -0.01, 0.2).above


def test_the_bootstrap_draws_products_and_not_alerts() -> None:
    """A hundred alerts of one product are no surer than one."""
    one = np.zeros(20, np.int64)
    one[0], two = 100, np.zeros(20, np.int64)
    two[:2] = 100
    share = Bootstrap.of(20).share((two, one))
    assert (share.value, share.low, share.high) == (0.5, 0, 1)
    assert math.isnan(Bootstrap.of(20).share((one * 0, one * 0)).low)
