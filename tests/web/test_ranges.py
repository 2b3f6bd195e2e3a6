"""Times that an address asks for: days of the book's zone, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from watcher.units import DAY, HOUR
from watcher.web.ranges import Range, range_of

NEW_YORK = ZoneInfo("America/New_York")
NOW = int(datetime(2026, 11, 23, 15, tzinfo=UTC).timestamp())
FIRST = NOW - 410 * DAY  # answer
OLDEST = FIRST - 90 * DAY


def asked(zone: ZoneInfo = NEW_YORK, **query: str) -> Range:
    """The time of an address; ``from_`` is its ``from``."""
    return of({name.rstrip("_"): text for name, text in query.items()}, zone)


def of(query: Mapping[str, str], zone: ZoneInfo = NEW_YORK) -> Range:
    """The time of an address."""
    return range_of(query, zone, NOW, FIRST)


def wall(instant: int, zone: ZoneInfo = NEW_YORK) -> str:
    """The time that a zone's clock shows."""
    return f"{datetime.fromtimestamp(instant, zone):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize("days", [1, 7, 30, 90, 400, 365])
def test_so_many_days_up_to_now(days: int) -> None:
    """Presets and any other number."""
    time = asked(days=str(days))
    assert (time.begin, time.end, time.days) == (NOW - days * DAY, NOW, days)
    assert time.query == [("days", str(days))]
    assert not time.refused


def test_the_usual_time_and_all() -> None:
    """Without a word 90 days; all begins with what the first answer tells of."""
    assert asked().begin == NOW - 90 * DAY
    assert (asked(days="all").begin, asked(days="all").end) == (OLDEST, NOW)
    assert asked(days="all").query == [("days", "all")]
    assert asked().said == "last 90 days"
    assert asked(days="all").said == "all that is stored"


@pytest.mark.parametrize(
    ("day", "hours"),
    [("2026-03-07", 24), ("2026-03-08", 23), ("2025-11-02", 25), ("2026-11-01", 25)],
)
def test_a_day_is_as_long_as_its_clock_shows_it(day: str, hours: int) -> None:
    """Where the clock is set forward it has 23 hours, where it is set back 25."""
    time = asked(from_=day, to=day)
    assert time.end - time.begin == hours * HOUR
    assert wall(time.begin) == f"{day} 00:00"


def test_a_day_without_a_midnight() -> None:
    """It begins when the clock goes on: at 1:00."""
    zone = ZoneInfo("America/Sao_Paulo")
    time = asked(zone, from_="2018-11-04", to="2018-11-04")
    assert wall(time.begin, zone) == "2018-11-04 01:00"
    assert time.end - time.begin == 23 * HOUR


def test_the_zone_decides_when_a_day_begins() -> None:
    """In Shanghai 13 hours before New York in winter."""
    day = {"from": "2026-01-05", "to": "2026-01-06"}
    there, here = of(day, ZoneInfo("Asia/Shanghai")), of(day)
    assert here.begin - there.begin == 13 * HOUR
    assert here.end - here.begin == there.end - there.begin == 2 * DAY
    assert here.query == [("from", "2026-01-05"), ("to", "2026-01-06")]
    assert here.said == "2026-01-05 to 2026-01-06"


def test_one_end_alone() -> None:
    """From a day on until now; up to a day, for so many days."""
    since = asked(from_="2026-11-20")
    assert (wall(since.begin), since.end) == ("2026-11-20 00:00", NOW)
    assert since.said == "since 2026-11-20"
    upto = asked(to="2026-11-10", days="7")
    assert (wall(upto.begin), wall(upto.end)) == ("2026-11-04 00:00", "2026-11-11 00:00")
    assert upto.said == "7 days up to 2026-11-10"
    assert asked(to="2026-11-10", days="all").begin == OLDEST
    again = of(dict(upto.query))
    assert (again.begin, again.end) == (upto.begin, upto.end)


def test_the_last_day_ends_now() -> None:
    """What is to come is not shown."""
    assert asked(from_="2026-11-20", to="2026-12-31").end == NOW
    assert asked(from_="2026-11-23", to="2026-11-23").end == NOW


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ({"days": "-1"}, '"-1" is no time'),
        ({"days": "0"}, '"0" is no time'),
        ({"days": "4001"}, "up to 4,000"),
        ({"days": "٣"}, "is no time"),
        ({"days": "9" * 99}, "…"),
        ({"from": "2026-02-30"}, '"2026-02-30" is no day'),
        ({"from": "20260101"}, "is no day"),
        ({"to": "yesterday"}, "write it like"),
        ({"to": "0001-01-01"}, "is no day"),
        ({"to": "9999-12-31"}, "is no day"),
        ({"from": "2026-11-10", "to": "2026-11-09"}, "ends before it begins"),
        ({"from": "2026-11-24"}, "begins after now"),
    ],
)
def test_what_can_not_be_read(query: dict[str, str], word: str) -> None:
    """It is refused in words, and the usual time is shown."""
    time = of(query)
    (text,) = time.refused
    assert word in text
    assert (time.begin, time.end) == (NOW - 90 * DAY, NOW)
    assert not time.chosen
