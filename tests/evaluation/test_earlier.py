"""The time before a product was watched, against the days that its counters were summed of."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.store.making import START, scan
from watcher.evaluation.earlier import EDGES, earlier_of, fields_of, levels_before
from watcher.rules.metrics import Catalogue
from watcher.store.ports import Store
from watcher.units import DAY, day_number, utc_day

CATALOGUE = Catalogue()
AT = 1_790_000_000
SALES = "total_sale_{}d_cnt"
_DAYS = st.lists(st.integers(0, 1_000), min_size=90, max_size=90)


def counters(days: list[int], family: str = SALES) -> dict[str, float]:
    """The counters of days, yesterday's first."""
    return {family.format(each): float(sum(days[:each])) for each in EDGES}


@given(_DAYS, st.sampled_from([1, 7, 15, 30, 60, 90]))
def test_levels_are_the_means_of_the_days_between_two_counters(
    days: list[int], window: int
) -> None:
    """As the metric's own window counts."""
    metric = CATALOGUE[SALES.format(window)]
    levels = levels_before(metric, counters(days), AT)
    assert [(each.first, each.last) for each in levels] == [
        (61, 90), (31, 60), (8, 30), (2, 7), (1, 1),
    ]  # fmt: skip
    for each in levels:
        part = days[each.first - 1 : each.last]
        assert each.value == pytest.approx(window * sum(part) / len(part))
        assert each.begin == AT - each.last * DAY
        assert each.end == AT - (each.first - 1) * DAY


def test_steady_sales_are_one_level() -> None:
    """Ten a day are 70 in any seven days."""
    levels = levels_before(CATALOGUE[SALES.format(7)], counters([10] * 90), AT)
    assert [each.value for each in levels] == [70.0] * 5


def test_a_counter_that_is_missing_makes_one_average_of_two() -> None:
    """Nothing is invented for it."""
    days = [random.Random(3).randint(0, 50) for _ in range(90)]
    numbers = counters(days) | {SALES.format(7): math.nan}
    del numbers[SALES.format(90)]
    levels = levels_before(CATALOGUE[SALES.format(1)], numbers, AT)
    assert [(each.first, each.last) for each in levels] == [(31, 60), (2, 30), (1, 1)]
    assert levels[1].value == pytest.approx(sum(days[1:30]) / 29)


def test_counters_that_contradict_each_other() -> None:
    """A week of less than its last day has no average, and the others have theirs."""
    numbers = counters([10] * 90) | {SALES.format(7): 3.0}
    levels = levels_before(CATALOGUE[SALES.format(1)], numbers, AT)
    assert [(each.first, each.last) for each in levels] == [(61, 90), (31, 60), (8, 30), (1, 1)]


def test_a_product_that_is_younger_than_a_counter() -> None:
    """Days on which it was not there yet are in no average, and have none."""
    first = day_number(utc_day(AT - 20 * DAY))
    numbers = counters([6] * 20 + [0] * 70) | {"first_crawl_dt": float(first)}
    levels = levels_before(CATALOGUE[SALES.format(7)], numbers, AT)
    assert [(each.first, each.last, each.value) for each in levels] == [
        (8, 20, 42.0), (2, 7, 42.0), (1, 1, 42.0),
    ]  # fmt: skip
    # Collected first where a counter ends: that of its week is its last average.
    for age, found in ((7, [(2, 7), (1, 1)]), (1, [(1, 1)]), (0, [])):
        first = day_number(utc_day(AT - age * DAY))
        numbers = counters([6] * age + [0] * (90 - age)) | {"first_crawl_dt": float(first)}
        levels = levels_before(CATALOGUE[SALES.format(7)], numbers, AT)
        assert [(each.first, each.last) for each in levels] == found
    first = day_number(utc_day(AT - 20 * DAY))
    # It sold before the day on which it is said to have been collected first: that day is wrong.
    older = counters([6] * 90) | {"first_crawl_dt": float(first)}
    assert len(levels_before(CATALOGUE[SALES.format(7)], older, AT)) == 5


def test_which_metrics_have_levels() -> None:
    """Counters of a window, and creators of both kinds; nothing that is no sum of days."""
    for name in ("total_sale_gmv_30d_amt", "total_views_7d_cnt", "total_video_1d_cnt"):
        assert fields_of(CATALOGUE[name]), name
    for name in ("total_sale_cnt", "spu_avg_price", "sales_growth", "rank", "total_ifl_cnt"):
        assert not fields_of(CATALOGUE[name]), name
    families = ("total_ifl_video_{}d_cnt", "total_ifl_live_{}d_cnt")
    numbers = counters([2] * 90, families[0]) | counters([3] * 90, families[1])
    levels = levels_before(CATALOGUE["creators_7d"], numbers, AT)
    assert [each.value for each in levels] == [35.0] * 5


def test_the_first_answer_is_what_counts(store: Store) -> None:
    """Later ones tell of days that were watched."""
    for day, rate in enumerate((10, 500), start=1):
        values = counters([rate] * 90)
        store.history.record(scan(START + day * DAY, {"1": values, "2": {"spu_avg_price": 3.0}}))
    metric = CATALOGUE[SALES.format(7)]
    keys = store.history.keys_of([("US", "1"), ("US", "2")])
    found = earlier_of(store, keys["US", "1"], [metric, CATALOGUE["spu_avg_price"]])
    assert {each.value for each in found[metric]} == {70.0}
    assert found[metric][-1].end == START + DAY
    assert [*found] == [metric]
    assert earlier_of(store, keys["US", "2"], [metric]) == {}
    assert earlier_of(store, 999, [metric]) == {}
    first = store.history.first_numbers(keys["US", "2"], [SALES.format(7), "spu_avg_price"])
    assert first is not None
    assert first[0] == START + DAY
    assert np.array_equal(first[1], [np.nan, 3.0], equal_nan=True)
