"""Flags as steps of a plot."""

from __future__ import annotations

import numpy as np
import pytest

from watcher.evaluation.series import Track, levels_of
from watcher.rules.metrics import Catalogue
from watcher.units import Unit

LEVELS = {
    "sales_trend_flag": ("falling", "stable", "rising"),
    "sales_flag": ("none", "video", "live"),
    "free_shipping": ("no", "yes"),
    "is_s_shop": ("no", "yes"),
}
FLAGS = [metric for metric in Catalogue().metrics() if metric.unit is Unit.FLAG]


def track(name: str, *values: float) -> Track:
    """Of a value a second."""
    metric = Catalogue()[name]
    at = np.arange(len(values))
    return Track(name, name, metric, at, np.array(values, np.float64), at)


def test_every_flag_has_an_order() -> None:
    """From the lowest to the highest, by its names."""
    for metric in FLAGS:
        levels = levels_of(track(metric.name, 0, 1))
        assert levels is not None
        assert levels.names == LEVELS[metric.name]
    assert {metric.name for metric in FLAGS} == LEVELS.keys()


def test_a_trend_falls_and_rises() -> None:
    """Its numbers are a code: 0 stable, 1 rising, 2 falling."""
    levels = levels_of(track("sales_trend_flag", 0, 1, 2, np.nan, 1))
    assert levels is not None
    assert np.array_equal(levels.heights, [1, 2, 0, np.nan, 2], equal_nan=True)


@pytest.mark.parametrize(("name", "value"), [("sales_trend_flag", 3), ("total_sale_7d_cnt", 1)])
def test_what_has_no_levels(name: str, value: float) -> None:
    """A value that has no name, and what is no flag: these are drawn as numbers."""
    assert levels_of(track(name, 1, value)) is None
