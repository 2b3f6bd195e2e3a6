"""Texts: when two say the same, numbers in them, where they differ."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.attributes import TEXT_OF, excerpts, normal, numbers_of, shown, text_with


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Face Serum", "face  SERUM "),
        ("a\n b", "a b"),
        ("Stra\u00dfe", "STRASSE"),
        ("see https://x.io/a?t=1#b now", "See https://X.io/a?t=2 now"),
        ("\u00a0a\u00a0b", "a b"),
    ],
)
def test_the_same(one: str, other: str) -> None:
    """Capitals, spaces, and the query of an address."""
    assert normal("product_name", one) == normal("product_name", other)


@pytest.mark.parametrize(
    ("one", "other"), [("a b", "ab"), ("https://x.io/a", "https://x.io/b"), ("", "a")]
)
def test_not_the_same(one: str, other: str) -> None:
    """Everything else."""
    assert normal("description", one) != normal("description", other)


def test_variants_are_a_set() -> None:
    """As they are stored and as they are shown, in any order."""
    assert normal("variants", "S\nM\nL") == normal("variants", " l ; m;S")
    assert normal("product_name", "a;b") != normal("product_name", "b;a")
    assert shown("variants", "S\nM") == "S; M"
    assert shown("description", "One.\nTwo.") == "One. Two."


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("20%", 0.2), ("-20%", 0.2), ("20 %", 0.2), ("12.5%", 0.125), ("12,5%", 0.125), ("0%", 0),
        ("100%", 1), ("", 0), ("-", 0), (" - ", 0), ("\u2013", 0), ("up to 30% off", 0.3),
        (None, math.nan), ("150%", math.nan), ("sale", math.nan), ("20", math.nan),
    ],
)  # fmt: skip
def test_discount_rate(text: str | None, rate: float) -> None:
    """A percentage; nothing or a dash is none, what is missing or something else no value."""
    assert np.array_equal(numbers_of("discount_rate", [text]), [rate], equal_nan=True)


@pytest.mark.parametrize(("text", "count"), [("", 0), ("S", 1), ("S\nS", 2), (None, math.nan)])
def test_variant_count(text: str | None, count: float) -> None:
    """One a line."""
    assert np.array_equal(numbers_of("variant_count", [text]), [count], equal_nan=True)


@pytest.mark.parametrize("name", TEXT_OF)
@given(st.integers(0, 100))
def test_a_test_s_number_is_read_back(name: str, number: int) -> None:
    """Rule tests give numbers; the store keeps texts."""
    value = number / 100 if name == "discount_rate" else float(number)
    assert numbers_of(name, [text_with(name, value)])[0] == pytest.approx(value)
    assert text_with(name, math.nan) is None


def test_excerpts() -> None:
    """Short texts whole; long ones around the place where they part."""
    assert excerpts("old", "new", 10) == ("old", "new")
    same = "x" * 100
    old, new = excerpts(f"{same} old words", f"{same} new words, many more of them", 20)
    assert "old words" in old
    assert "new words" in new
    assert max(len(old), len(new)) == 20
    assert old.startswith("\u2026")
    assert excerpts(same, f"{same}y", 20)[1].endswith("y")


@given(st.text(), st.text(), st.integers(5, 50))
def test_excerpts_of_different_texts_differ(old: str, new: str, width: int) -> None:
    """Or a change would look like none; and none is longer than asked for."""
    cut = excerpts(old, new, width)
    assert max(map(len, cut)) <= width
    assert (cut[0] == cut[1]) is (old == new)
