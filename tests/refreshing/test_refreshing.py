"""When to look next: pure, by what is known."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest

from watcher.data_days import DataDay, DataDays, LookResult, RefreshLook
from watcher.model import Instant
from watcher.refreshing import (
    MISSED,
    READ_AGAIN,
    RegionState,
    left_out,
    missed,
    next_day,
    next_look,
    usual_hour,
)
from watcher.units import DAY, HOUR, MINUTE

START = 20_000 * DAY
HOURS = 5 * HOUR + 30 * MINUTE


def learned(days: int = 20, hour: int = HOURS) -> DataDays:
    """Days whose data came at one hour, give or take; the last began at ``days - 1``."""
    luck = (0, 20, -30, 40, -10, 30, -40, 10)
    rows = []
    for day in range(days):
        began = START + day * DAY + hour + luck[day % len(luck)] * MINUTE
        rows.append(DataDay(day, began, began - 30 * MINUTE, began))
    return DataDays(tuple(rows))


def looks(*at: Instant, result: LookResult = LookResult.QUIET) -> Sequence[RefreshLook]:
    """Of one result."""
    return tuple(RefreshLook(each, "w", result) for each in at)


def plan_of(days: DataDays, a_day: int = 6, until: Instant | None = None) -> list[Instant]:
    """All looks that find the old data, one after the other."""
    last, found = days.rows[-1], list[Instant]()
    now = last.began + HOUR
    until = until or last.began + 3 * DAY
    while now < until:
        moment = next_look(RegionState(days, looks(*found)), a_day, now)
        assert moment is not None
        if moment >= until:
            break
        now = max(now, moment)
        found.append(now)
    return found


def test_the_hour_is_learned() -> None:
    """In the middle of what was seen, and where four of five fall is narrow."""
    hour = usual_hour(learned())
    assert hour is not None
    assert abs(hour.middle - HOURS) <= 40 * MINUTE
    assert (hour.high - hour.low) % DAY < 4 * HOUR
    assert usual_hour(DataDays()) is None


def test_looks_are_about_the_hour() -> None:
    """The first two of a day are close to it, and none is in the night before."""
    days = learned()
    first, second, *_ = plan_of(days)
    middle = START + 20 * DAY + HOURS
    assert abs(first - middle) < 90 * MINUTE
    assert 10 * MINUTE <= second - first < 90 * MINUTE


@pytest.mark.parametrize("a_day", [1, 2, 3, 6, 12])
def test_no_utc_day_has_more(a_day: int) -> None:
    """On days on which nothing comes, too, wherever the hour is."""
    for hour in (HOURS, 23 * HOUR + 50 * MINUTE, 10 * MINUTE):
        found = plan_of(learned(hour=hour), a_day, START + 30 * DAY)
        counts = dict.fromkeys(range(40), 0)
        for each in found:
            counts[(each - START) // DAY] += 1
        assert max(counts.values()) <= a_day
        assert all(later > earlier for earlier, later in pairwise(found))
        assert found[-1] > START + 28 * DAY  # it never gives up


def test_a_day_without_data_is_seen_late() -> None:
    """A look is kept for when the day is surely left out: from then on it is one missed day."""
    days = learned()
    last = days.rows[-1]
    found = plan_of(days, until=last.began + MISSED + HOUR)
    state = RegionState(days, looks(*found))
    assert found[-1] >= last.began + MISSED
    assert missed(state, found[-1]) == 1
    assert missed(RegionState(days, looks(*found[:-1])), found[-1]) == 0


def test_after_a_stop_it_looks_at_once() -> None:
    """Of days on which nobody looked nothing is known but that there is new data by now."""
    days = learned()
    now = days.rows[-1].began + 5 * DAY + 3 * HOUR
    moment = next_look(RegionState(days), 6, now)
    assert moment is not None
    assert moment <= now + 10 * MINUTE
    assert missed(RegionState(days), now) == 0


def test_some_of_the_new_data_is_looked_at_again() -> None:
    """Three hours after the first look that found some."""
    days = learned()
    seen = days.rows[-1].began + DAY
    partly = (*looks(seen - HOUR), *looks(seen, result=LookResult.PARTLY))
    state = RegionState(days, partly)
    assert state.first_partly == seen
    assert next_look(state, 6, seen + 1) == seen + READ_AGAIN


def test_a_source_that_does_not_answer_is_asked_later() -> None:
    """The second failure in a row waits longer than the first."""
    days = learned()
    now = days.rows[-1].began + DAY
    once = RegionState(days, looks(now, result=LookResult.FAILED))
    twice = RegionState(days, looks(now - HOUR, now, result=LookResult.FAILED))
    first, second = next_look(once, 6, now + 1), next_look(twice, 6, now + 1)
    assert first is not None
    assert second is not None
    assert now + 15 * MINUTE <= first < second


def test_nothing_is_known_before_a_day() -> None:
    """Then the lists are read first."""
    assert next_look(RegionState(), 6, START) is None
    assert missed(RegionState(), START) == 0


def test_an_earlier_hour_is_found() -> None:
    """Days on which the data was there at the first look move the looks to earlier."""
    rows = [*learned().rows]
    for day in range(20, 23):
        first = START + day * DAY + HOURS - 30 * MINUTE
        rows.append(DataDay(day, first, rows[-1].began + HOUR, first))
    moment = next_look(RegionState(DataDays(tuple(rows))), 6, rows[-1].began + HOUR)
    assert moment is not None
    assert moment < rows[-1].began + DAY - HOUR


def after(days: DataDays, quiet: float, began: float) -> DataDays:
    """One more day, found so many days after the first midnight."""
    seen, found = (START + int(each * DAY) for each in (quiet, began))
    return DataDays((*days.rows, DataDay(next_day(days, seen, found), found, seen, found)))


def test_a_day_that_was_found_late_is_no_nearer_to_the_next() -> None:
    """It likely came at its hour, in the morning: so between that morning and the one after the
    next is a day that was left out, though the looks lie less than a day and a half apart."""
    late = after(learned(20), 20 + 8.5 / 24, 20 + 17.9 / 24)
    assert late.rows[-1].day == 20
    early = after(late, 21 + 19.3 / 24, 22 + 5.8 / 24)
    assert early.rows[-1].day == 22
    assert left_out(early) == 1
    assert left_out(late) == 0


@pytest.mark.parametrize(("down", "until", "day"), [(8, 44, 20), (8, 27, 20), (6, 80, 22)])
def test_a_day_that_came_while_the_daemon_was_down_came_at_its_hour(
    down: float, until: float, day: int
) -> None:
    """And not when it was found: so the next one is a day later, and not one more."""
    days = after(learned(20), 19 + down / 24, 19 + until / 24)
    assert days.rows[-1].day == day
    assert left_out(days) == 0
    following = after(days, day + 1 + 5 / 24, day + 1 + 5.6 / 24)
    assert following.rows[-1].day == day + 1


def test_new_data_at_the_first_look_is_not_of_the_day_before() -> None:
    """Though that hour is as likely one that passed a day ago: then the last data came."""
    days = learned(20)
    for day in range(20, 24):
        days = after(days, day - 1 + 6.4 / 24, day + 5.2 / 24)
        assert days.rows[-1].day == day
    days = after(days, 25 + 4.6 / 24, 25 + 5.6 / 24)
    assert days.rows[-1].day == 25


def test_what_nobody_learned_counts_from_the_middle() -> None:
    """As long as no refresh was seen to come."""
    first = DataDays((DataDay(0, START, START, START),))
    assert next_day(DataDays(), START, START) == START // DAY
    assert next_day(first, START + 31 * HOUR, START + 37 * HOUR) == 1
    assert next_day(first, START + 37 * HOUR, START + 37 * HOUR) == 2
