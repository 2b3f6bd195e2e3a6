"""When a watch is due."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.schedule import Every, parse_cron
from watcher.units import DAY, HOUR, at


@given(st.integers(1, 30 * DAY), st.integers(0, DAY), st.integers(0, 2_000_000_000))
def test_intervals_stay_on_their_grid(seconds: int, phase: int, last: int) -> None:
    """The next time is on the grid, and between half and one and a half intervals away."""
    following = Every(seconds, phase).next(last)
    assert (following - phase) % seconds == 0
    assert seconds / 2 <= following - last <= 1.5 * seconds + 1


def test_an_interval_on_the_grid_does_not_drift() -> None:
    """From a point of the grid the next is exactly one interval on."""
    every = Every(HOUR, phase=7)
    moment = every.next(0)
    for _ in range(100):
        assert every.next(moment) == moment + HOUR
        moment += HOUR


def test_weekdays_by_name() -> None:
    """Friday's successor on a weekday line is Monday."""
    cron = parse_cron("0 9 * * mon-fri")
    friday = 1_791_536_400
    assert at(friday).strftime("%a %H:%M") == "Fri 09:00"
    assert at(cron.next(friday)).strftime("%a %H:%M") == "Mon 09:00"
    assert cron.next(friday - 1) == friday


def test_time_zone() -> None:
    """A line in Berlin's time is at another UTC hour in summer and winter."""
    cron = parse_cron("0 9 * * *", "Europe/Berlin")
    summer, winter = cron.next(1_785_542_400), cron.next(1_796_083_200)
    assert (at(summer).hour, at(winter).hour) == (7, 8)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "five fields"),
        ("0 9 * *", "five fields"),
        ("* * * * * *", "five fields"),
        ("@daily", "five fields"),
        ("61 * * * *", r'"61" is no minute \(0-59\)'),
        ("0 25 * * *", r'"25" is no hour \(0-23\)'),
        ("0 9 0 * *", r'"0" is no day \(1-31\)'),
        ("0 9 ? * *", r'"\?" is no day'),
        ("0 9 * 13 *", r'"13" is no month'),
        ("0 9 * * 1", "by name"),
        ("0 9 * * mon-5", "by name"),
        ("0 9 * * mon/2", "by name"),
        ("0 9 * * funday", "by name"),
        ("0 9 * * fri-mon", "run backwards"),
        ("0 9 1 * mon", "two watches"),
        ("0 9 31 2 *", "never comes"),
    ],
)
def test_bad_cron_lines(line: str, said: str) -> None:
    """What is wrong is said; weekday numbers are refused, for they mean two things."""
    with pytest.raises(ValueError, match=said):
        parse_cron(line)


def test_scans_are_counted_for_the_forecast() -> None:
    """Scans of thirty days, exact for intervals and near for cron lines."""
    assert Every(6 * HOUR).scans_between(0, 30 * DAY) == 120
    assert round(parse_cron("0 9 * * mon-fri").scans_between(0, 28 * DAY)) == 20
    assert parse_cron("0 9 1 * *").scans_between(0, 59 * DAY) == 2
    assert round(parse_cron("* * * * *").scans_between(0, 30 * DAY)) == 30 * 24 * 60
