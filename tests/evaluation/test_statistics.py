"""Statistics over a product's past."""

from __future__ import annotations

from math import log
from typing import get_args

import numpy as np
import pytest

from tests.rules.tables import Numbers, column, condition
from watcher.data_days import Durations
from watcher.evaluation.statistics import Over, Statistics, over_of
from watcher.rules.conditions.base import (
    Ago,
    Last,
    LastList,
    Need,
    Spread,
    Statistic,
    Throughout,
    Usual,
)
from watcher.rules.conditions.change import STATISTICS
from watcher.rules.conditions.registry import NUMBER_OPERATORS
from watcher.rules.metrics import Catalogue, Metric
from watcher.schedule import Every
from watcher.store.records import Window
from watcher.units import DAY

NOW = 20_000 * DAY
SALES = Catalogue()["total_sale_7d_cnt"]


def take(over: Over, values: Numbers, metric: Metric = SALES, step: int = DAY) -> float:
    """The statistic of one product's values, ``step`` seconds apart; NaN is no value."""
    need = Need(metric, over)
    statistics = Statistics({need: over}, 1, NOW)
    at = NOW - step * np.arange(len(values), 0, -1)
    table = {name: column(values).reshape(-1, 1) for name in metric.needs}
    statistics.take([Window(slice(0, 1), at, table)])
    found, begins = statistics.results()[need]
    assert begins[0] == (0 if np.isnan(found[0]) else NOW - over.seconds)
    return float(found[0])


KINDS = ("median", "mean", "min", "max")


@pytest.mark.parametrize(
    ("kind", "expected"), [("median", 3.0), ("mean", 5.0), ("min", 1.0), ("max", 13.0)]
)
def test_kinds(kind: str, expected: float) -> None:
    """Of the values that are there, in any order."""
    assert take(Statistic(kind, 7 * DAY), [13, None, 3, 1, 3]) == expected
    assert np.isnan(take(Statistic(kind, 6 * DAY), [13, None, 3, None]))


def test_an_even_number_has_two_in_the_middle() -> None:
    """Their mean is the median."""
    assert take(Statistic("median", 6 * DAY), [9, 1, 2, 4]) == 3


def test_only_the_time_counts() -> None:
    """Its begin belongs to it."""
    assert take(Statistic("max", 3 * DAY), [100, 3, 2, 1]) == 3
    assert np.isnan(take(Statistic("max", 3 * DAY - 1), [100, 3, 2, 1]))


def test_a_derived_metric_is_computed_first() -> None:
    """The mean of rates as fractions, not the fraction of a mean of mixed writings."""
    commission = Catalogue()["commission"]
    assert take(Statistic("mean", 4 * DAY), [20, 0.2, 0.2], commission) == pytest.approx(0.2)


def test_an_age_is_that_of_its_day() -> None:
    """Not of today."""
    ages = Catalogue()["age_days"]
    born = 20_240_901  # NOW is 4 October 2024
    assert take(Statistic("max", 6 * DAY), [born] * 4, ages) == 32


def test_usual_and_spread() -> None:
    """Median and scaled median deviation of the logarithms."""
    values = [10.0, 20.0] * 7 + [15.0]
    usual = take(Usual(21 * DAY), values)
    assert usual == pytest.approx(log(16))
    expected = sorted(abs(log(1 + value) - log(16)) for value in values)[7] / 0.6745
    assert take(Spread(21 * DAY), values) == pytest.approx(expected)


def test_where_most_never_moved_the_mean_deviation_decides() -> None:
    """And where nothing ever moved, nothing does."""
    values = [10.0] * 14 + [20.0]
    expected = (log(21) - log(11)) / 15 * 1.2533
    assert take(Spread(21 * DAY), values) == pytest.approx(expected)
    assert np.isnan(take(Spread(21 * DAY), [10.0] * 15))


def test_days_must_differ() -> None:
    """Fourteen values of seven days are too few; so are fourteen of which one has no logarithm."""
    assert np.isnan(take(Usual(14 * DAY), list(range(26)), step=DAY // 2))
    assert not np.isnan(take(Usual(14 * DAY), list(range(28)), step=DAY // 2))
    assert np.isnan(take(Usual(20 * DAY), [-1, *range(13)]))
    assert not np.isnan(take(Usual(20 * DAY), [-1, *range(14)]))


def test_sums_of_a_week_share_no_day() -> None:
    """Of daily values the newest of a week ago, the one a week before it, and so on: eight."""
    over = Usual(63 * DAY, 7)
    rising = [float(day) for day in range(63)]  # yesterday's is 62, that of a week ago 56
    assert take(over, rising) == pytest.approx(log(1 + 28))
    weekly = [rising[day] if day % 7 == 0 else 1e6 for day in range(63)]
    assert take(over, weekly) == pytest.approx(log(1 + 28))
    assert not np.isnan(take(over, rising[-56:]))
    assert np.isnan(take(over, rising[-55:]))
    gap = [None if day in (56, 55) else value for day, value in enumerate(rising)]
    assert take(over, gap) == pytest.approx(np.median(np.log1p(np.arange(54, 0, -7))))


def test_spread_of_sums_of_a_week() -> None:
    """Of the same values; and it counts how many they are, of each product its own."""
    over = Spread(63 * DAY, 7)
    values = [float(10 + (day // 7) % 2) for day in range(63)]
    assert take(over, values) == pytest.approx((log(12) - log(11)) * 4 / 9 * 1.2533)
    need = Need(SALES, Usual(63 * DAY, 7))
    statistics = Statistics({need: Usual(63 * DAY, 7)}, 2, NOW)
    at = NOW - DAY * np.arange(30, 0, -1)
    table = np.column_stack([np.ones(30), np.where(np.arange(30) < 20, np.nan, 1.0)])
    statistics.take([Window(slice(0, 2), at, {SALES.name: table})])
    assert statistics.counts[need].tolist() == [4, 1]


@pytest.mark.parametrize("over", [Statistic(kind, 9 * DAY) for kind in KINDS])
def test_what_is_known_spans_two_thirds_of_the_time(over: Over) -> None:
    """A record of five days is none of nine; a value that is missing spans nothing."""
    assert np.isnan(take(over, [5, 4, 3, 2, 1]))
    assert not np.isnan(take(over, [6, 5, 4, 3, 2, 1]))
    assert np.isnan(take(over, [None, 5, 4, 3, 2, 1]))
    assert not np.isnan(take(over, [6, None, None, None, 2, 1]))


def test_what_is_usual_spans_two_thirds_of_the_time() -> None:
    """Eighteen days are too few of four weeks, nineteen are not; nor is what has no logarithm."""
    values = [float(day % 5) for day in range(19)]
    for over in (Usual(28 * DAY), Spread(28 * DAY)):
        assert np.isnan(take(over, values[1:]))
        assert not np.isnan(take(over, values))
        assert np.isnan(take(over, [-1.0, *values[1:]]))


EVERY: dict[str, Over] = {
    **{f"{kind} from": Statistic(kind, 30 * DAY) for kind in STATISTICS},
    "usual": Usual(30 * DAY),
    "usual of weeks": Usual(84 * DAY, 7),
    "spread": Spread(30 * DAY),
    "spread of weeks": Spread(84 * DAY, 7),
    **{f"whole {kind}": Throughout(kind, 30 * DAY) for kind in ("min", "max", "hole")},
}


def test_every_kind_of_statistic_is_here() -> None:
    """One that is added must be tried, too; and so must an operator that has one."""
    assert {type(over) for over in EVERY.values()} == {*get_args(Over)}
    written: dict[str, object] = {"unusual": 3, "lowest": "30d", "highest": "30d"}
    written |= {"unchanged": "30d", "rises": 1, "falls": 1, "changes": 1, "climbs": 1, "drops": 1}
    for operator in NUMBER_OPERATORS:
        value = written.get(operator.name, [1, 2] if operator.takes in ("values", "range") else 5)
        froms = ["last", *(f"{kind} 30d" for kind in STATISTICS)]
        for from_ in froms if "from" in operator.options else [None]:
            setting = {operator.name: value} | ({"from": from_} if from_ else {})
            for need in condition({"rank": setting}).needs:
                over = over_of(need)
                known = {type(each) for each in EVERY.values()}
                assert over is None or type(over) in known
                assert (over is None) == isinstance(need.from_, Last | LastList | Ago)


@pytest.mark.parametrize("name", EVERY)
def test_no_statistic_of_a_history_that_is_too_short(name: str) -> None:
    """Two thirds of the time must be known, of a value that never moved all of it; the days known
    are counted in any case."""
    over = EVERY[name]
    days = over.seconds // DAY
    needed = days if isinstance(over, Throughout) else -(-2 * days // 3)
    values = [float(day * day % 5) for day in range(days)]
    for known in range(needed - 3, needed + 1):
        found = take(over, [*[None] * (days - known), *values[days - known :]])
        assert np.isnan(found) == (known < needed), known
        statistics = Statistics({Need(SALES, over): over}, 1, NOW)
        at = NOW - DAY * np.arange(known, 0, -1)
        table = {SALES.name: column(values[days - known :]).reshape(-1, 1)}
        statistics.take([Window(slice(0, 1), at, table)])
        assert statistics.days[Need(SALES, over)].tolist() == [known]


@pytest.mark.parametrize("days", [1, 2, 5, 13, 14, 15, 30, 90])
def test_so_long_ago_takes_little_that_is_older(days: int) -> None:
    """Half as long again below two weeks, and seven days at most."""
    assert Ago(days * DAY).older == min(days * DAY // 2, 7 * DAY)


@pytest.mark.parametrize("step", [DAY, 7 * DAY])
def test_a_hole_in_a_time_that_must_be_known_whole(step: int) -> None:
    """One scan may fail; of what was so for longer nobody knows, but of what was otherwise one
    does."""
    over, schedule = Throughout("hole", 30 * step), Every(step)
    need = Need(SALES, over)

    def hole(missing: int) -> float:
        statistics = Statistics({need: over}, 1, NOW, Durations(schedule))
        at = NOW - step * np.arange(30, 0, -1)
        values = column([5.0] * 10 + [None] * missing + [5.0] * (20 - missing)).reshape(-1, 1)
        statistics.take([Window(slice(0, 1), at, {SALES.name: values})])
        return float(statistics.results()[need][0][0])

    assert (hole(0), hole(1)) == (0, 0)
    assert (hole(2), hole(9)) == (3 * step, 10 * step)


def test_without_any_window_there_is_no_value() -> None:
    """As on the first day."""
    over = Statistic("min", 30 * DAY)
    statistics = Statistics({Need(SALES, over): over}, 2, NOW)
    statistics.take([])
    values, begins = statistics.results()[Need(SALES, over)]
    assert np.isnan(values).all()
    assert begins.tolist() == [0, 0]
    assert statistics.begin == NOW - 30 * DAY
    assert statistics.fields == ["total_sale_7d_cnt"]
