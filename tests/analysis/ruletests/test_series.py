"""The short notation of a series."""

from __future__ import annotations

import math

import pytest

from watcher.analysis.ruletests.series import (
    ABSENT,
    LONGEST,
    NO_TEXT,
    Series,
    TextSeries,
    parse_series,
    parse_texts,
)
from watcher.units import Unit
from watcher.words import Wrong

TRENDS = {"stable": 0, "rising": 1, "falling": 2}


def parse(text: str, unit: Unit = Unit.COUNT) -> Series:
    """A series of a field that has the trend's names."""
    return parse_series(text, unit, TRENDS)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("100", (100,)),
        ("100x3 90", (100, 100, 100, 90)),
        ("120+20x5", (120, 140, 160, 180, 200)),
        ("50-10x3", (50, 40, 30)),
        ("-5+2x2 -1", (-5, -3, -1)),
        ("0.1+0.1x3", (0.1, 0.2, 0.3)),
        ("10k 1.5m 10%", (10_000, 1_500_000, 0.1)),
        ("1 - 2 -x2", (1, ABSENT, 2, ABSENT, ABSENT)),
        ("stable x3 rising x2", (0, 0, 0, 1, 1)),
        ("Stable risingx2", (0, 1, 1)),
        ("0x300", (0,) * 300),
        ("0x3 012 -5+10x3", (0, 0, 0, 12, -5, 5, 15)),
        ("- 5 -x2", (ABSENT, 5, ABSENT, ABSENT)),
        ("1e3 1e3x2 1e3+1e2x2 2.5e-1", (1000, 1000, 1000, 1000, 1100, 0.25)),
    ],
)
def test_notation(text: str, values: Series) -> None:
    """Value, repetition, steps, absence, names."""
    assert parse(text) == values


def test_a_missing_value_is_nan() -> None:
    """It is in the list, and has no value."""
    values = parse("1 _x2")
    assert values[0] == 1
    assert all(value is not None and math.isnan(value) for value in values[1:])


def test_days_and_truth() -> None:
    """A day as a date, a flag as true or false."""
    assert parse("2026-01-31x2", Unit.DAY) == (20260131, 20260131)
    assert parse("true false", Unit.FLAG) == (1, 0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("rising risng", '"risng" is no value, did you mean "rising"?'),
        ("what", "it is stable, rising or falling, or a number"),
        ("120+20", "write 120+20x5"),
        ("5x0", "repeated 1 to"),
        (f"5x{LONGEST} 6", "more than 10,000 values"),
        ("5x99999", "repeated 1 to"),
        ("0x1F", '"0x1F" is no value'),
        ("0o17", '"0o17" is no value'),
        ("1_000", '"1_000" is no value'),
        (".inf", '".inf" is no value'),
        ("22:22", '"22:22" is no value'),
        ("2026-01-31", '"2026-01-31" is no value'),
        ("1e999", '"1e999" is too large a number'),
        ("9" * 400, "is too large a number"),
        ("1+1e999x2", '"+1e999" is too large a number'),
        ("stale", '"stale" is written "-"'),
    ],
)
def test_mistakes(text: str, message: str) -> None:
    """Each says what would be right."""
    with pytest.raises(Wrong) as caught:
        parse(text)
    assert message in str(caught.value)


def test_no_such_day() -> None:
    """Months have an end."""
    with pytest.raises(Wrong, match="is no day"):
        parse("2026-02-30", Unit.DAY)


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        ("Night serum", ("Night", "serum")),
        ("35%", ("35%",)),
        (7495, ("7495",)),
        ("20%x2 35%", ("20%", "20%", "35%")),
        ("20% x2 35%", ("20%", "20%", "35%")),
        ("A _ - Bx2", ("A", NO_TEXT, ABSENT, "B", "B")),
        ('"Night sky" x2 "Day x3"x1 _ -', ("Night sky", "Night sky", "Day x3", NO_TEXT, ABSENT)),
        ('"-" - ""', ("-", ABSENT, "")),
        ("-", ("-",)),
        (["Night serum", "Day x3", None, "_", "-", 5, '"-"'],
         ("Night serum", "Day x3", NO_TEXT, NO_TEXT, ABSENT, "5", "-")),
    ],
)  # fmt: skip
def test_texts(value: object, texts: TextSeries) -> None:
    """A word or a quoted text and its repetition; or a list, a text for each scan."""
    assert parse_texts(value, free=False) == texts


def test_a_name_is_one_text_but_where_it_has_quotes() -> None:
    """Names have spaces, and may end like a repetition."""
    assert parse_texts("Collagen x2 pack", free=True) == ("Collagen x2 pack",)
    assert parse_texts('"Collagen x2" x2 _', free=True) == ("Collagen x2", "Collagen x2", NO_TEXT)
    assert parse_texts(["Old name", "New name"], free=True) == ("Old name", "New name")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "is empty"),
        ({"a": 1}, "takes a text or a list of them"),
        ([["a"]], "takes texts, not a list"),
        ('"open x3', "can't be read"),
        ('"a"b', "can't be read"),
        ("a x0", "a value is repeated 1 to"),
        ("a x10001", "a value is repeated 1 to"),
        ("a x9000 b x9000", f"has more than {LONGEST:,} values"),
    ],
)
def test_what_is_no_series_of_texts(value: object, message: str) -> None:
    """In words that help."""
    with pytest.raises(Wrong, match=message):
        parse_texts(value, free=False)
