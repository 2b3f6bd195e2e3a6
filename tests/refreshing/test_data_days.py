"""Durations in data days: what counts as a day, whatever the hour does."""

from __future__ import annotations

import numpy as np
import pytest

from watcher.data_days import DataDay, DataDays, Durations, day_after, durations, longest
from watcher.model import Instant
from watcher.schedule import Every, Refresh
from watcher.units import DAY, HOUR, MINUTE

D = 20_000


def at(day: float) -> Instant:
    """So many days after the first."""
    return round((D + day) * DAY)


def days_of(*began: float, quiet: float = HOUR) -> DataDays:
    """Days that began so many days after the first, each seen old an hour before."""
    rows = list[DataDay]()
    for each in began:
        seen = at(each) - round(quiet)
        number = day_after(rows[-1] if rows else None, seen, at(each))
        rows.append(DataDay(number, at(each), seen, at(each)))
    return DataDays(tuple(rows))


@pytest.mark.parametrize(
    ("hours", "days"),
    [
        (8, 1), (16, 1), (20, 1), (24, 1), (29, 1), (36, 1), (37, 2), (40, 2), (48, 2), (60, 2),
        (61, 3), (72, 3), (24 * 30, 30),
    ],
)  # fmt: skip
def test_how_many_days_lie_between(hours: int, days: int) -> None:
    """A refresh at 4:00 and the next at 9:00 are one day apart."""
    first, second = days_of(0.2, 0.2 + hours / 24).rows
    assert second.day - first.day == days


def test_a_wide_gap_counts_from_its_middle() -> None:
    """What was found late began before: three hours late on a day shifted by ten are one day."""
    (first,) = days_of(0.2).rows
    found = at(0.2) + 37 * HOUR
    assert day_after(first, found - 6 * HOUR, found) == first.day + 1
    assert day_after(first, found - 5 * MINUTE, found) == first.day + 2


def test_ago_is_before_the_next_day_began() -> None:
    """1d ago is what was there before today's data came, though that came early or late."""
    days = days_of(0.2, 1.4, 2.0, 3.1)
    lengths = Durations(Refresh("US"), days)
    now = at(3.2)
    assert lengths.ago(DAY, now) == at(3.1) - HOUR
    assert lengths.ago(2 * DAY, now) == at(2.0) - HOUR
    assert lengths.ago(3 * DAY, now) == at(1.4) - HOUR
    assert lengths.ago(6 * DAY, now) == at(-1.8) - 1  # of before: days of 24 hours
    assert lengths.since(2 * DAY, now) == at(1.4)


def test_a_day_that_was_left_out_has_the_one_before() -> None:
    """What was in force then was the day before's."""
    days = days_of(0.2, 1.2, 3.2, 4.2)
    lengths = Durations(Refresh(), days)
    assert lengths.ago(2 * DAY, at(4.3)) == at(3.2) - HOUR  # in force on the day left out: day 1's
    assert lengths.ago(DAY, at(3.3)) == at(3.2) - HOUR
    assert lengths.oldest(DAY, 12 * HOUR, at(3.3)) <= at(1.2)  # not too old for that
    assert lengths.least(DAY, at(3.3)) == at(3.3) - at(3.2) + 1


def test_days_that_nobody_looked_for_are_24_hours() -> None:
    """A daemon that was down for ten days knows nothing of those between."""
    first, last = days_of(0.2, 10.2).rows
    days = DataDays((first, DataDay(last.day, last.began, at(0.3), last.fresh)))
    lengths = Durations(Refresh(), days)
    assert lengths.ago(3 * DAY, at(10.3)) == at(8.2) - 1
    assert lengths.ago(DAY, at(10.3)) == at(10.2) - 1


def unwatched(day: float, number: int, quiet: float) -> DataDay:
    """A data day that was found long after the old data was seen last."""
    return DataDay(D + number, at(day), at(quiet), at(day))


@pytest.mark.parametrize(("hours", "number"), [(12, 1), (13, 2)])
def test_looks_that_are_half_a_day_apart(hours: int, number: int) -> None:
    """Up to that the middle is likeliest, and beyond it the end."""
    (first,) = days_of(0.2, quiet=0).rows
    quiet = at(0.2) + 30 * HOUR
    assert day_after(first, quiet, quiet + hours * HOUR) - first.day == number


@pytest.mark.parametrize(("hours", "begin"), [(36, 3.2), (37, 2.2)])
def test_a_missing_day_is_the_next_one_where_somebody_looked(hours: int, begin: float) -> None:
    """Else it had 24 hours like any other."""
    (first,) = days_of(0.2).rows
    days = DataDays((first, unwatched(3.2, 3, 3.2 - hours / 24)))
    assert days.begin(D + 2) == at(begin)
    assert days.begin(D + 3) == at(3.2)
    assert days.begin(D + 5) == at(5.2)
    looked = hours == 36
    assert days.in_force(at(2)) == (at(0.2) if looked else at(2))
    assert days.before(D + 2) == (at(3.2) - 36 * HOUR if looked else at(2.2) - 1)


def test_a_missing_day_begins_after_the_one_before() -> None:
    """Though 24 hours each would have it sooner."""
    (first,) = days_of(0.9).rows
    days = DataDays((first, unwatched(2.1, 2, 0.3)))
    assert days.begin(D + 1) == at(1.1)
    late = DataDays((first, unwatched(2.8, 3, 0.95)))
    assert late.begin(D + 1) == at(0.9) + 1


def test_a_day_is_known_from_its_begin_on() -> None:
    """Not before; and to its end, however late that is."""
    days = days_of(0.2, 1.9)
    assert len(days.until(at(1.9))) == 2
    assert len(days.until(at(1.9) - 1)) == 1
    assert [days.number(at(day)) - D for day in (0.1, 0.2, 1.3, 1.89)] == [-1, 0, 0, 0]


def test_what_a_scan_found_was_not_there_before() -> None:
    """Where nobody looked in between, it is as old as a second."""
    (first,) = days_of(0.2).rows
    days = DataDays((first, DataDay(D + 1, at(1.2), at(1.2), at(1.2))))
    assert Durations(Refresh(), days).ago(DAY, at(1.3)) == at(1.2) - 1


def test_a_part_of_a_time_has_whole_days() -> None:
    """Two thirds of four data days are three."""
    days = days_of(0.2, 1.4, 2.0, 3.1, 4.3)
    lengths = Durations(Refresh(), days)
    now = at(4.4)
    assert lengths.part(lambda _: 8 * DAY // 3, 4 * DAY, now) == lengths.ago(3 * DAY, now)
    assert Durations().part(lambda _: 8 * HOUR, 12 * HOUR, now) == now - 8 * HOUR


def test_of_several_watches_the_one_that_looks_most_often_counts() -> None:
    """Or a duration would reach to another scan than the one meant."""
    refreshed, daily = Refresh("US"), Every(DAY)
    assert durations(refreshed, Somebody()).least(DAY, at(0.3)) == at(0.3) - at(0.2) + 1
    assert longest([refreshed, daily], Somebody(), DAY, at(0.3)) == DAY * 9 // 10
    assert longest([daily, refreshed], Somebody(), DAY, at(0.3)) == DAY * 9 // 10


def test_for_counts_from_the_day() -> None:
    """An alert of yesterday's scan has lasted a day at today's, 17 or 31 hours later."""
    days = days_of(0.2, 1.4, 2.0)
    lengths = Durations(Refresh(), days)
    assert at(1.45) - at(0.25) >= lengths.least(DAY, at(1.45))
    assert at(2.05) - at(1.45) >= lengths.least(DAY, at(2.05))
    assert at(1.9) - at(1.45) < lengths.least(DAY, at(1.9))
    assert at(2.05) - at(1.45) < lengths.least(2 * DAY, at(2.05))
    assert lengths.least(36 * HOUR, at(2.05)) == 36 * HOUR * 9 // 10  # no whole days
    assert lengths.least(0, at(2.05)) == 0
    assert lengths.over(DAY, at(1.45)) == at(2.0)


def test_statistics_have_days_of_data() -> None:
    """Two scans on one day of the calendar are two days, one after midnight none of its own."""
    days = days_of(0.01, 0.99, 2.0)
    numbers = Durations(Refresh(), days).numbers(np.array([at(0.02), at(1.0), at(2.1)]))
    assert np.diff(numbers).tolist() == [1, 1]
    assert Durations().numbers(np.array([at(0.02), at(0.99)])).tolist() == [D, D]


class Nobody:
    """Must not be asked."""

    def data_days(self, region: str) -> DataDays:
        raise AssertionError(region)


class Somebody:
    """Knows a day of one region."""

    def data_days(self, region: str) -> DataDays:
        assert region == "US"
        return days_of(0.2)


def test_nothing_is_asked_of_other_schedules() -> None:
    """Existing rule files cost nothing more."""
    assert durations(Every(DAY), Nobody()).least(DAY, at(3)) == DAY * 9 // 10
    assert durations(None, Nobody()).ago(DAY, at(3)) == at(2)
    assert durations(Refresh("US"), Somebody()).days is not None


def test_without_days_it_is_a_day() -> None:
    """Before anything is known, a duration has the slack of a daily list."""
    lengths = Durations(Refresh(), DataDays())
    assert lengths.least(7 * DAY, at(9)) == Durations(Every(DAY)).least(7 * DAY, at(9))
    assert lengths.ago(7 * DAY, at(9)) == Durations(Every(DAY)).ago(7 * DAY, at(9))
