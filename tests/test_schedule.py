"""When a watch is due."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.quiet import parse_days, parse_quiet, quiet_of
from watcher.schedule import Every, parse_cron, parse_digest
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


def moment(text: str, zone: str = "Europe/Berlin", *, fold: int = 0) -> int:
    """The instant of a wall clock's time."""
    local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return int(local.timestamp())


@pytest.mark.parametrize(
    ("hours", "now", "until"),
    [
        ("22:00-07:00", "2026-06-10T21:59:59", None),
        ("22:00-07:00", "2026-06-10T22:00", "2026-06-11T07:00"),
        ("22:00-07:00", "2026-06-11T06:59:59", "2026-06-11T07:00"),
        ("22:00-07:00", "2026-06-11T07:00", None),
        ("12:00-13:30", "2026-06-11T13:29", "2026-06-11T13:30"),
        ("12:00-13:30", "2026-06-11T11:59", None),
        # The clock is set forward at 2:00 on 29 March: a night of an hour less.
        ("22:00-07:00", "2026-03-28T23:00", "2026-03-29T07:00"),
        ("22:00-02:30", "2026-03-29T01:59", "2026-03-29T03:00"),
        ("22:00-02:30", "2026-03-29T03:00", None),
        ("02:15-02:45", "2026-03-29T03:00", None),
        ("02:15-05:00", "2026-03-29T03:00", "2026-03-29T05:00"),
        ("02:15-05:00", "2026-03-29T01:59:59", None),
    ],
)
def test_quiet_hours(hours: str, now: str, until: str | None) -> None:
    """By the wall clock, over midnight, and over the hour that does not come."""
    quiet = parse_quiet(hours, "Europe/Berlin")
    assert quiet.until(moment(now)) == (moment(until) if until else None)


def test_quiet_hours_in_the_hour_that_comes_twice() -> None:
    """At 3:00 on 25 October the clock is set back to 2:00: quiet until the second 2:30."""
    quiet = parse_quiet("22:00-02:30", "Europe/Berlin")
    end = moment("2026-10-25T02:30", fold=1)
    for clock, fold in (("02:29", 0), ("02:45", 0), ("02:00", 1), ("02:29", 1)):
        assert quiet.until(moment(f"2026-10-25T{clock}", fold=fold)) == end
    assert quiet.until(end) is None


@pytest.mark.parametrize(
    ("parts", "now", "until"),
    [
        # The days on which the hours begin: Friday's go on to Saturday. 2026-06-12 is a Friday.
        ([("22:00-07:00", "mon-fri")], "2026-06-13T06:00", "2026-06-13T07:00"),
        ([("22:00-07:00", "mon-fri")], "2026-06-13T22:30", None),
        ([("22:00-07:00", "mon-fri")], "2026-06-15T06:00", None),
        ([("00:00-24:00", "sat,sun")], "2026-06-13T00:00", "2026-06-15T00:00"),
        ([("00:00-24:00", "sat,sun")], "2026-06-15T00:00", None),
        # What begins in one and goes on in another ends with the last.
        (
            [("22:00-07:00", "mon-fri"), ("00:00-24:00", "sat-sun")],
            "2026-06-12T23:00",
            "2026-06-15T00:00",
        ),
        (
            [("22:00-07:00", ""), ("00:00-24:00", "sat-sun"), ("12:00-13:00", "")],
            "2026-06-12T23:00",
            "2026-06-15T07:00",
        ),
        ([("22:00-07:00", ""), ("12:00-13:00", "")], "2026-06-12T12:30", "2026-06-12T13:00"),
        ([("22:00-07:00", ""), ("12:00-13:00", "")], "2026-06-12T14:00", None),
        # Days of 25 and of 23 hours.
        ([("00:00-24:00", "sun")], "2026-10-25T12:00", "2026-10-26T00:00"),
        ([("00:00-24:00", "sun")], "2026-03-29T12:00", "2026-03-30T00:00"),
    ],
)
def test_quiet_times_of_the_week(parts: list[tuple[str, str]], now: str, until: str | None) -> None:
    """By the days on which they begin, and several together."""
    zone = "Europe/Berlin"
    quiet = quiet_of(
        parse_quiet(hours, zone, parse_days(days)) if days else parse_quiet(hours, zone)
        for hours, days in parts
    )
    end = quiet.until(moment(now))
    if end is not None and until is not None and len(parts) == 1:
        while (later := quiet.until(end)) is not None:  # a day after a day
            end = later
    assert end == (moment(until) if until else None)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("sat", {5}), ("Sat, SUN", {5, 6}), ("mon-fri", {0, 1, 2, 3, 4}),
        ("fri - mon", {4, 5, 6, 0}),
        ("saturday sunday", {5, 6}), ("mon-tue,thurs", {0, 1, 3}),
    ],
)  # fmt: skip
def test_days_of_the_week(text: str, days: set[int]) -> None:
    """By name, in any case, also over the week's end."""
    assert parse_days(text) == days


def test_quiet_hours_that_are_none() -> None:
    """A text that is no time of day, and hours that never end."""
    for text in ("22-7", "25:00-07:00", "22:00", "07:00-7:00"):
        with pytest.raises(ValueError, match=r"takes a time of day|nothing would ever be told"):
            parse_quiet(text)


def test_a_digest_keeps_to_the_wall_clock() -> None:
    """At nine, in summer and in winter; or as the cron line says."""
    digest = parse_digest("9:00", "Europe/Berlin")
    first = digest.next(moment("2026-03-28T08:00"))
    assert first == moment("2026-03-28T09:00")
    assert digest.next(first) == moment("2026-03-29T09:00") == first + 23 * HOUR
    weekly = parse_digest("0 9 * * mon", "Europe/Berlin")
    assert weekly.next(first) == moment("2026-03-30T09:00")
    with pytest.raises(ValueError, match="is no cron line"):
        parse_digest("nine")


def test_a_digest_in_the_hour_that_does_not_come() -> None:
    """It is not lost: it comes within the hour after."""
    digest = parse_digest("02:30", "Europe/Berlin")
    due = digest.next(moment("2026-03-28T12:00"))
    assert moment("2026-03-29T03:00") <= due <= moment("2026-03-29T04:00")
