"""Cron lines over every way in which a time zone's clock is set."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest

from watcher.model import Instant
from watcher.schedule import parse_cron, parse_digest
from watcher.units import DAY, HOUR, MINUTE, WEEK, at

ZONES = sorted(available_timezones())
BEGIN, END = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2026, 2036))
# A zone that skipped a day, midnights that are skipped, and the like lie in the past as well.
PAST = int(datetime(2006, 1, 1, tzinfo=UTC).timestamp())
WEEKDAYS = "mon tue wed thu fri sat sun".split()


def offsets(name: str, begin: Instant) -> tuple[timedelta | None, ...]:
    """A zone's distance from UTC, week by week: zones that are set alike have the same."""
    zone = ZoneInfo(name)
    return tuple(at(instant, zone).utcoffset() for instant in range(begin, END, WEEK))


@lru_cache
def distinct_zones(begin: Instant) -> list[str]:
    """One zone of each that are set alike."""
    return list({offsets(name, begin): name for name in reversed(ZONES)}.values())


def changes(name: str) -> Iterator[Instant]:
    """The instants at which a zone's clock is set."""
    zone = ZoneInfo(name)
    for week in range(PAST, END - WEEK, WEEK):
        before, after = week, week + WEEK
        while at(before, zone).utcoffset() != at(after, zone).utcoffset() and after - before > 1:
            middle = (before + after) // 2
            same = at(middle, zone).utcoffset() == at(before, zone).utcoffset()
            before, after = (middle, after) if same else (before, middle)
        if after - before == 1:
            yield after


def ways_to_be_set() -> list[tuple[str, Instant]]:
    """A zone and an instant of each way: at which time of the day, by how much."""
    found = {}
    for name in distinct_zones(PAST):
        zone = ZoneInfo(name)
        for instant in changes(name):
            before, after = (
                at(moment, zone).replace(tzinfo=None) for moment in (instant - 1, instant)
            )
            found[before.time(), after - before] = name, instant
    return list(found.values())


def shown(zone: ZoneInfo, begin: Instant, end: Instant) -> dict[datetime, Instant]:
    """The first instant of each time that a wall clock shows, which is looked at every minute.

    A time that it does not show has that of the next one.
    """
    first: dict[datetime, Instant] = {}
    for moment in range(begin, end, MINUTE):
        first.setdefault(at(moment, zone).replace(tzinfo=None, fold=0), moment)
    walls = sorted(first)
    for wall, following in pairwise(walls):
        for minute in range(1, (following - wall) // timedelta(minutes=1)):
            first[wall + minute * timedelta(minutes=1)] = first[following]
    return first


def numbers(field: str, least: int, most: int) -> set[int]:
    """The values of a field of these tests' lines."""
    if field.startswith("*"):
        return set(range(least, most + 1, int(field[2:] or 1)))
    return {int(part) for part in field.split(",")}


def expected(line: str, clock: dict[datetime, Instant]) -> set[Instant]:
    """When it comes by that clock."""
    minute, hour, day, month, weekday = line.split()
    minutes, hours = numbers(minute, 0, 59), numbers(hour, 0, 23)
    days, months = numbers(day, 1, 31), numbers(month, 1, 12)
    weekdays = set(range(7)) if weekday == "*" else {WEEKDAYS.index(weekday)}
    return {
        moment
        for wall, moment in clock.items()
        if wall.minute in minutes and wall.hour in hours
        and wall.day in days and wall.month in months and wall.weekday() in weekdays
    }  # fmt: skip


def comes(line: str, name: str, begin: Instant, end: Instant) -> list[Instant]:
    """When it comes, from each of its times to the next one."""
    cron = parse_cron(line, name)
    found = [cron.next(begin)]
    while found[-1] <= end:
        found.append(cron.next(found[-1]))
    return found[:-1]


def test_every_way_to_be_set() -> None:
    """A wanted time comes once: skipped, at the next there is; shown twice, at the first."""
    ways = ways_to_be_set()  # half a second: not while tests are collected
    assert len(ways) >= 30
    for name, change in ways:
        _comes_once(name, change)


def _comes_once(name: str, change: Instant) -> None:
    zone = ZoneInfo(name)
    before, after = at(change - 60, zone), at(change, zone)
    lines = {
        f"{before.minute} {before.hour} * * *",
        f"{after.minute} {after.hour} * * *",
        f"30 {min(before.hour, after.hour)} * * *",
        f"0,30 {(before.hour + 1) % 24} * * *",
        f"0 0 {after.day} {after.month} *",
        f"0 0 * * {WEEKDAYS[after.weekday()]}",
        f"10 {(before.hour + 1) % 24} {before.day},{(before + timedelta(days=1)).day} * *",
        "30 2 * * *",
        "0 * * * *",
        "*/15 * * * *",
    }
    clock = shown(zone, change - 2 * DAY, change + 2 * DAY)
    begin, end = change - 26 * HOUR, change + 26 * HOUR
    for line in lines:
        times = sorted(time for time in expected(line, clock) if begin < time <= end)
        assert comes(line, name, begin, end) == times, (name, line)


def test_a_time_that_was_looked_for_between() -> None:
    """From any instant on, not only from the last time: a restart in the hour that comes twice."""
    change = next(each for each in changes("Europe/Berlin") if each > BEGIN and
                  at(each, ZoneInfo("Europe/Berlin")).month == 10)  # fmt: skip
    cron = parse_cron("30 2 * * *", "Europe/Berlin")
    first = change - 30 * MINUTE
    for last in range(first - HOUR, first + 3 * HOUR, 10 * MINUTE):
        assert cron.next(last) == (first if last < first else first + 25 * HOUR)


def test_each_date_of_ten_years() -> None:
    """Each first of a month and each Monday, in every zone, once."""
    names = distinct_zones(BEGIN)
    assert len(names) >= 50
    for name in names:
        _each_date_comes(name)


def _each_date_comes(name: str) -> None:
    zone = ZoneInfo(name)
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(1, 3_650)]
    for line, dates in (
        ("0 0 1 * *", [day for day in days if day.day == 1]),
        ("0 0 * * mon", [day for day in days if day.weekday() == 0]),
    ):
        cron, found, moment = parse_cron(line, name), [], BEGIN + 13 * HOUR
        for _ in dates:
            moment = cron.next(moment)
            found.append(at(moment, zone).date())
        assert found == dates, name


@pytest.mark.parametrize("change", ["spring", "autumn"])
def test_no_zone_is_refused(change: str) -> None:
    """As a line and as a digest, near both changes of the year."""
    now = BEGIN + (80 if change == "spring" else 300) * DAY
    for name in ZONES:
        for schedule in (parse_cron("30 2 * * mon-fri", name, now), parse_digest("09:00", name)):
            due = schedule.next(now)
            assert now < due <= now + 4 * DAY
            assert at(due, ZoneInfo(name)).minute in (0, 30)


def test_a_zone_that_skipped_a_day() -> None:
    """Samoa had no 30 December 2011: what was wanted on it came as the 31st began."""
    apia = ZoneInfo("Pacific/Apia")
    begin = int(datetime(2011, 12, 29, 12, tzinfo=apia).timestamp())
    midnight = int(datetime(2011, 12, 31, tzinfo=apia).timestamp())
    assert comes("0 9 30 * *", "Pacific/Apia", begin, begin + 5 * DAY) == [midnight]
    daily = comes("0 9 * * *", "Pacific/Apia", begin, begin + 2 * DAY)
    assert daily == [midnight, midnight + 9 * HOUR, midnight + 33 * HOUR]
