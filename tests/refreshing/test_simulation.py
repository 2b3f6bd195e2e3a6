"""120 days of sources whose hour wanders, played by planner, store and evaluation: what it costs,
how soon new data is read, and that days stay days."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median

import numpy as np
import pytest

from benchmarks.freshness import (
    DAYS,
    LEARNING,
    OMITTED,
    START,
    Play,
    Played,
    Region,
    at_fixed_times,
    play,
    renewals,
    rulebook,
)
from watcher.store.engine import Engine
from watcher.units import DAY, HOUR, MINUTE


@pytest.fixture(scope="module", params=[1, 2])
def played(request: pytest.FixtureRequest) -> Sequence[Played]:
    """Three regions, in stores of their own."""
    return [each for each, _ in play(request.param, regions=3)]


def test_new_data_is_read_soon(played: Sequence[Played]) -> None:
    """Also where the hour moved by hours: it is found again in a day or two."""
    delays = [one for each in played for one in each.delays]
    assert len(delays) >= sum(DAYS - OMITTED - 2 for _ in played)  # the last may come too late
    assert min(delays) >= 15 * MINUTE
    assert median(delays) <= 45 * MINUTE
    assert np.percentile(delays, 95) <= 3 * HOUR


def test_it_costs_few_credits(played: Sequence[Played]) -> None:
    """At most three a day beside a scan for each refresh, and no day more than the cap."""
    assert fmean(each.extra(DAYS) for each in played) <= 3
    assert max(max(each.looks.values()) for each in played) <= 6


def test_no_list_is_read_on_old_or_half_new_rows(played: Sequence[Played]) -> None:
    """But for the reading-again, and what was half new is known to be."""
    for each in played:
        assert each.unseen == 0
        assert each.half + each.old <= each.again * 2
        assert each.scans <= DAYS - OMITTED + each.half + each.old


def test_a_day_that_is_left_out_is_one_word(played: Sequence[Played]) -> None:
    """Neither none, nor one more at its end, nor one where the hour only moved."""
    assert [len(each.words) for each in played] == [OMITTED] * len(played)


def test_days_ago_are_data_days(played: Sequence[Played]) -> None:
    """On each day what was said of one and of seven days before is what the source had then."""
    assert sum(each.checked for each in played) > len(played) * 2 * (DAYS - OMITTED - 12)
    assert [each.wrong for each in played] == [[]] * len(played)


def test_an_alert_fires_on_the_next_data_day() -> None:
    """``for: 24h`` is one data day, whatever the hour did meanwhile."""
    with Engine.in_memory() as database:
        each = Play(database, rulebook(["US"]), "US", Region(5, renewals(5)))
        each.run(START + 3 * DAY)
        fired = {one.fired_at for one in database.alerts.live(["held"])}
        (first, second, *_) = database.refreshes.data_days("US").rows
    assert len(fired) == 1
    assert second.began <= (fired.pop() or 0) < second.began + DAY
    assert second.day == first.day + 1


def test_fixed_times_wait_longer() -> None:
    """What it is held against: half a day on average, or four times the credits."""
    daily = at_fixed_times(1, DAY)
    assert 10 * HOUR < fmean(daily) < 14 * HOUR
    assert fmean(at_fixed_times(1, 6 * HOUR)) > 2 * HOUR
    assert LEARNING < DAYS
