"""A product's texts."""

import time

import pytest

from tests.rules.tables import FakeTable, complaints, condition, verdicts

NAMES = FakeTable(texts={"product_name": ["Hair Serum 50ml", "lip balm", "", None]})


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("lip balm", "nmn?"),
        ({"equals": "Lip Balm"}, "nnn?"),
        ({"not_equals": "lip balm"}, "mnm?"),
        ({"in": ["lip balm", ""]}, "nmm?"),
        ({"not_in": ["lip balm", ""]}, "mnn?"),
        ({"contains": "SERUM"}, "mnn?"),
        ({"matches": r"\d+ml$"}, "mnn?"),
        ({"matches": "(?i)^LIP"}, "nmn?"),
        ({"contains": "l", "not_equals": "lip balm"}, "mnn?"),
    ],
)
def test_texts(operator: object, expected: str) -> None:
    """Exact, by part, by expression; a missing text is no data, an empty one is a text."""
    assert verdicts({"product_name": operator}, NAMES) == expected


def test_ids_without_quotes() -> None:
    """An id that YAML reads as a number is the text of its digits."""
    table = FakeTable(texts={"seller_id": ["7495", "7496"]})
    assert verdicts({"seller_id": 7495}, table) == "mn"
    assert verdicts({"seller_id": {"in": [7495, "7496"]}}, table) == "mm"


def test_broken_unicode_is_searched() -> None:
    """Half an emoji, cut by the source, stops no scan."""
    table = FakeTable(texts={"product_name": ["serum \ud83d"]})
    assert verdicts({"product_name": {"matches": "serum"}}, table) == "m"


def test_a_cruel_expression_takes_linear_time() -> None:
    """What hangs a backtracking engine for years takes no time here."""
    table = FakeTable(texts={"product_name": ["a" * 5_000 + "b"] * 20})
    begin = time.perf_counter()
    assert verdicts({"product_name": {"matches": "^(a+)+$"}}, table) == "n" * 20
    assert time.perf_counter() - begin < 2


@pytest.mark.parametrize(
    ("operator", "message"),
    [
        ({"matches": "(a"}, "is no regular expression that can be used: missing )"),
        ({"matches": "(?=a)"}, "no look-ahead"),
        ({"matches": "a{1000}{1000}"}, "is no regular expression"),
        ({"matches": "a" * 1_001}, "longer than 1,000 characters"),
        ({"contains": ""}, "every text contains nothing"),
        ({"contains": ["a"]}, "for several write any: with a product_name for each"),
        ({"equals": ["a"]}, 'for several write "in: [...]"'),
        ({"not_equals": ["a"]}, 'for several write "not_in: [...]"'),
        ({"in": []}, "not an empty one"),
        ({"matches": ""}, "every text matches nothing"),
        ({"contains": True}, "takes a text, not true"),
        ({"in": "a"}, "takes a list of texts"),
        ({"above": 5}, "above needs a number, and product_name is a text"),
        ({"contain": "a"}, 'unknown operator "contain", did you mean "contains"?'),
        ({"regex": "a"}, 'did you mean "matches"?'),
        ({"foo": "a"}, "a text takes equals, not_equals"),
        ({}, "has no condition in it"),
    ],
)
def test_refuses(operator: object, message: str) -> None:
    """A wrong pattern or operator is said in one line."""
    (complaint,) = complaints({"product_name": operator})
    assert message in complaint


def test_regions_are_in_capitals() -> None:
    """As in a watch: the API writes them so."""
    assert condition({"region": "us"}) == condition({"region": "US"})
    assert condition({"region": {"in": ["us"]}}) == condition({"region": {"in": ["US"]}})


def test_words_and_meaning() -> None:
    """``contains`` ignores capitals, so its meaning does too."""
    one, other = (condition({"product_name": {"contains": part}}) for part in ("Serum", "SERUM"))
    assert one == other
    assert str(one) == 'contains "Serum"'
    assert str(condition({"product_name": {"in": ["a", "b"]}})) == 'is one of "a", "b"'
    (evidence,) = one.evidence(NAMES, 0)
    assert evidence.value == "Hair Serum 50ml"
