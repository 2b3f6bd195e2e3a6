"""One product's past as tracks."""

from __future__ import annotations

import numpy as np
import pytest

from tests.fakes.world import WATCH, World
from tests.store.making import DAY, START
from watcher.evaluation.series import Track, merged, tracks_of
from watcher.store.sqlite.database import Database

SALES = "total_sale_7d_cnt"
RULES = f"rules:\n- {{name: r, {WATCH}, when: {{{SALES}: {{at_least: 100}}}}}}"


def tracks(world: World, *names: str, since: int = 0) -> list[Track]:
    """Those metrics of product 1."""
    (facts,) = world.database.history.find("1")
    metrics = [world.book.metrics[name] for name in names]
    return tracks_of(world.database, facts, metrics, world.book.used_watches, since)


def test_a_track_has_the_changes(store: Database) -> None:
    """And the newest value once more, when the product was last seen."""
    world = World(store, RULES)
    world.march("10 10 12 12")
    (track,) = tracks(world, SALES)
    assert track.at.tolist() == [START + DAY, START + 3 * DAY, START + 4 * DAY]
    assert track.values.tolist() == [10, 12, 12]
    assert not track.empty


def test_a_derived_metric_counts_from_its_day(store: Database) -> None:
    """An age is that of the day of the observation."""
    world = World(store, RULES)
    for sales in (1, 2, 2):
        world.scan({"1": {SALES: sales, "first_crawl_dt": 20231114}})
    age, sales_track = tracks(world, "age_days", SALES)
    assert age.values.tolist() == [1, 2, 3]
    assert sales_track.values.tolist() == [1, 2, 2]


def test_ranks_are_those_of_each_watch(store: Database) -> None:
    """With a gap where a complete list had it not; none of a watch that never ranked it."""
    world = World(store, RULES)
    world.march("10 x 12")
    (rank,) = tracks(world, "rank")
    assert rank.name == "rank in r"
    assert rank.values.tolist()[::2] == [2, 2]
    assert np.isnan(rank.values[1])
    assert tracks(world, "rank", since=START + 90 * DAY) == []


def test_a_formula_of_ranks_is_computed(store: Database) -> None:
    """Of the rank alone, and of other numbers beside it: at each scan of the watch."""
    formulas = "metrics: {double: rank * 2, heat: total_sale_7d_cnt / rank}\n"
    world = World(store, formulas + RULES)
    world.march("10 x 12")
    double, heat = tracks(world, "double", "heat")
    assert (double.name, heat.name) == ("double in r", "heat in r")
    assert np.array_equal(double.values, [4, np.nan, 4], equal_nan=True)
    assert np.array_equal(heat.values, [5, np.nan, 6], equal_nan=True)


def test_tracks_are_put_together_by_time(store: Database) -> None:
    """A row where any of them changes, and one for the last look."""
    world = World(store, RULES)
    sales, rank = tracks(_marched(world, "10 10 12 x 12 12"), SALES, "rank")
    at, rows = merged([sales, rank])
    assert ((at - START) // DAY).tolist() == [1, 3, 4, 5, 6]
    assert np.array_equal(rows[:, 0], [10, 12, np.nan, 12, 12], equal_nan=True)
    assert np.array_equal(rows[:, 1], [2, 2, np.nan, 2, 2], equal_nan=True)


@pytest.mark.parametrize(
    ("series", "values", "drawn"),
    [
        ("10 10 10 10", {1: 10, 4: 10}, {1: 1}),  # unchanged has no row, and is seen
        ("10 10 x x 10 10", {1: 10, 3: None, 5: 10, 6: 10}, {3: 2, 5: 5}),
        ("10 x 12 x x 12", {1: 10, 2: None, 3: 12, 4: None, 6: 12}, {2: 1, 4: 3}),
        ("10 _ 10", {1: 10, 2: None, 3: 10}, {2: 2}),  # seen, without this value
        ("10 10 x x", {1: 10, 2: 10}, {}),  # it may come back: the line ends where it was seen
        ("x x 10 10", {3: 10, 4: 10}, {}),
    ],
)
def test_a_gap_where_the_product_was_not_seen(
    store: Database, series: str, values: dict[int, float | None], drawn: dict[int, int]
) -> None:
    """From the first list without it, drawn from when it was seen last, until it is seen again."""
    (track,) = tracks(_marched(World(store, RULES), series), SALES)
    days = ((track.at - START) // DAY).tolist()
    shown = [None if np.isnan(value) else value for value in track.values.tolist()]
    assert dict(zip(days, shown, strict=True)) == values
    line = dict(zip(days, ((track.line - START) // DAY).tolist(), strict=True))
    assert {day: line[day] for day in drawn} == drawn


def test_a_derived_metric_has_the_same_gap(store: Database) -> None:
    """Even one that is computed of the time alone."""
    world = World(store, RULES)
    for listed in (1, 0, 1):
        world.scan({"1": {SALES: 5, "first_crawl_dt": 20231114}} if listed else {"2": 1})
    (age,) = tracks(world, "age_days")
    assert np.array_equal(age.values, [1, np.nan, 3], equal_nan=True)


def test_of_a_rank_the_line_ends_where_it_was_listed(store: Database) -> None:
    """As of any other metric."""
    (rank,) = tracks(_marched(World(store, RULES), "10 10 x x 12"), "rank")
    assert ((rank.at - START) // DAY).tolist() == [1, 2, 3, 4, 5]
    assert ((rank.line - START) // DAY).tolist() == [1, 2, 2, 3, 5]


def test_a_track_without_a_value(store: Database) -> None:
    """Is empty, and has its times."""
    (track,) = tracks(_marched(World(store, RULES), "10"), "commission")
    assert track.empty
    assert len(track.at) == 1
    at, rows = merged([track])
    assert len(at) == len(rows) == 1


def _marched(world: World, series: str) -> World:
    world.march(series)
    return world
