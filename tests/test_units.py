"""Text to value and back."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

import pytest
from babel.core import get_global
from babel.numbers import get_currency_precision
from hypothesis import given
from hypothesis import strategies as st

from watcher import units
from watcher.retrying import parse_http_date
from watcher.units import DAY, HOUR, MINUTE, Unit, parse_moment


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("15m", 15 * MINUTE),
        ("6h", 6 * HOUR),
        ("7d", 7 * DAY),
        ("2w", 14 * DAY),
        ("1h30m", 90 * MINUTE),
        ("0s", 0),
        (" 1d12h ", 36 * HOUR),
    ],
)
def test_durations(text: str, seconds: int) -> None:
    """Every unit, and two together."""
    assert units.parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "7", "d", "1.5h", "-1d", "30m1h", "1h30", "1h2m3s", "٣d", "99999w"]
)
def test_what_is_no_duration(text: str) -> None:
    """Each is refused in words that show the right form or the limit."""
    with pytest.raises(ValueError, match=r"is no duration|longer than ten years"):
        units.parse_duration(text)


@given(st.integers(1, 3_000), st.sampled_from("smhd"))
def test_a_duration_reads_back(amount: int, unit: str) -> None:
    """What ``format_duration`` writes of a whole unit means the same."""
    seconds = units.parse_duration(f"{amount}{unit}")
    shown = units.parse_duration(units.format_duration(seconds))
    assert shown == seconds or seconds >= DAY  # two units are shown, the rest is cut
    assert seconds - shown < HOUR


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-0.5", -0.5),
        (".5", 0.5),
        ("10k", 10_000),
        ("1.5m", 1.5e6),
        ("10%", 0.1),
        ("+3", 3),
    ],
)
def test_numbers(text: str, value: float) -> None:
    """Plain, thousands, millions and percentages."""
    assert units.parse_number(text) == value


@pytest.mark.parametrize("text", ["", "ten", "1e5", "1,000", "1_000", "10 %", "0x10", "nan", "k"])
def test_what_is_no_number(text: str) -> None:
    """Other spellings are refused, not guessed."""
    with pytest.raises(ValueError, match="is no number"):
        units.parse_number(text)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (4830.0, Unit.COUNT, "4,830"),
        (4.5, Unit.MONEY, "4.50 USD"),
        (5.0, Unit.MONEY, "5 USD"),
        (-0.001, Unit.MONEY, "0 USD"),
        (12_345.67, Unit.MONEY, "12,346 USD"),
        (0.125, Unit.FRACTION, "12.5%"),
        (3.0, Unit.PLACE, "#3"),
        (20241219.0, Unit.DAY, "19 Dec 2024"),
        (99.0, Unit.DAY, "99"),
        (41.7, Unit.DAYS, "42 days"),
        (None, Unit.COUNT, "no value"),
        ("a text", Unit.TEXT, "a text"),
    ],
)
def test_values_for_people(value: float | str | None, unit: Unit, text: str) -> None:
    """Each unit in the form that people read."""
    assert units.format_value(value, unit, units.Currencies("USD")) == text


def test_some_currencies_have_no_cents() -> None:
    """Rupiah and yen are told in whole ones, however large."""
    yen, rupiah = units.Currencies("JPY"), units.Currencies("USD", "IDR")
    assert units.format_value(980.5, Unit.MONEY, yen) == "980 JPY"
    assert units.format_value(1_204_500_000.4, Unit.GMV, rupiah) == "1,204,500,000 IDR"
    assert units.format_value(980.5, Unit.GMV, rupiah) == "980 IDR"


@pytest.mark.parametrize("code", sorted(get_global("all_currencies")))
def test_an_amount_has_the_decimals_of_its_currency(code: str) -> None:
    """Those that CLDR knows, all of them; an amount that rounds to nothing has no sign."""
    digits = {"CLP": 0, "JPY": 0, "KWD": 3, "UYW": 4, "VND": 0}.get(
        code, get_currency_precision(code)
    )
    shown = units.format_value(4.56789, Unit.MONEY, units.Currencies(code))
    assert shown == f"{4.56789:.{digits}f} {code}"
    assert units.format_value(-0.00001, Unit.MONEY, units.Currencies(code)) == f"0 {code}"


@pytest.mark.parametrize("unit", [unit for unit in Unit if unit is not Unit.DAY])
def test_an_amount_has_its_own_currency(unit: Unit) -> None:
    """A price that of prices, GMV that of GMV, and nothing else one."""
    shown = units.format_value(4.5, unit, units.Currencies("IDR", "EUR"))
    assert ("IDR" in shown) == (unit is Unit.MONEY)
    assert ("EUR" in shown) == (unit is Unit.GMV)
    unnamed = units.format_value(4.5, unit)
    assert not any(letter.isupper() for letter in unnamed)


def test_percentages() -> None:
    """One decimal below 100%, a sign where asked."""
    assert units.format_percent(3.025, signed=True) == "+302%"
    assert units.format_percent(-0.125, signed=True) == "-12.5%"
    assert units.format_percent(0, signed=True) == "0%"


def test_days() -> None:
    """``yyyyMMdd`` numbers both ways; what is no day is None."""
    day = units.parse_day(20241219)
    assert day is not None
    assert units.day_number(day) == 20241219
    assert units.parse_day(20240231) is None
    assert units.parse_day(0) is None


def test_ago() -> None:
    """The largest unit, in both directions."""
    assert units.format_ago(0, 3 * HOUR + 5) == "3h ago"
    assert units.format_ago(20 * MINUTE, 0) == "in 20m"
    assert units.format_ago(30, 0) == "in 30s"
    assert units.format_ago(5, 5) == "now"


def test_next_midnight() -> None:
    """Always later, on a UTC day's first second."""
    assert units.next_midnight(0) == DAY
    assert units.next_midnight(DAY - 1) == DAY


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("Mon, 23 Nov 2026 15:00:00 GMT", 1_795_446_000),
        ("Mon, 23 Nov 2026 15:00:00 -0000", 1_795_446_000),
        ("Mon, 23 Nov 2026 16:00:00 +0100", 1_795_446_000),
        ("tomorrow", None),
        ("", None),
    ],
)
def test_http_dates(text: str, instant: int | None) -> None:
    """With and without a zone; what is no date is None."""
    when = parse_http_date(text)
    assert (when.timestamp() if when is not None else None) == instant


@pytest.mark.parametrize(
    ("day", "first"), [(20261101, 20261201), (20261231, 20270101), (20240131, 20240201)]
)
def test_next_month(day: int, first: int) -> None:
    """The first of the month that follows, over the year's end too."""
    given, wanted = units.parse_day(day), units.parse_day(first)
    assert given is not None
    noon = int(datetime(given.year, given.month, given.day, 12, tzinfo=UTC).timestamp())
    assert units.utc_day(units.next_month(noon)) == wanted
    assert units.next_month(noon) % DAY == 0


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1_000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (264_212_480, "264.2 MB"),
        (4_200 * 10**12, "4,200.0 TB"),
    ],
)
def test_sizes(size: int, text: str) -> None:
    """In units of a thousand, to one decimal."""
    assert units.format_bytes(size) == text


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("30d", 1_800_000_000 - 30 * DAY),
        ("2026-11-01", 1_793_491_200),
        ("2026-11-01T09:00", 1_793_523_600),
        (" 2026-11-01T09:00:00Z ", 1_793_523_600),
        ("2026-11-01 10:00+01:00", 1_793_523_600),
    ],
)
def test_moments(text: str, instant: int) -> None:
    """So long ago, a day, or a time; of UTC where no zone is given."""
    assert parse_moment(text, 1_800_000_000) == instant


@pytest.mark.parametrize("text", ["", "yesterday", "30", "2026-13-01", "11/01/2026"])
def test_what_is_no_moment(text: str) -> None:
    """Says how to write one."""
    with pytest.raises(ValueError, match="is no time: write it like 30d"):
        parse_moment(text, 0)


def test_a_time_has_the_name_of_its_zone() -> None:
    """Of every zone there is: its abbreviation is often another's, too."""
    assert units.format_instant(1_800_000_000) == "2027-01-15 08:00 UTC"
    for name in available_timezones():
        assert units.format_instant(1_800_000_000, ZoneInfo(name))[16:] == f" {name}"
    assert units.format_instant(1_800_000_000, ZoneInfo("Asia/Shanghai"))[:16] == "2027-01-15 16:00"


def test_a_day_begins_in_its_zone() -> None:
    """A day or time without one is of the zone that is given; one with an own has that."""
    shanghai = ZoneInfo("Asia/Shanghai")
    assert parse_moment("2027-01-15", 0, shanghai) == parse_moment("2027-01-14T16:00", 0)
    assert parse_moment("2027-01-15T09:00Z", 0, shanghai) == parse_moment("2027-01-15T09:00", 0)
    assert parse_moment("1h", 7200, shanghai) == 3600
