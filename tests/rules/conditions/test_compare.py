"""A metric against limits."""

import pytest

from tests.rules.tables import FakeTable, complaints, condition, verdicts
from watcher.model import Verdict
from watcher.text.evidence import condition_of, label_of

TABLE = FakeTable({"review_count": [4, 5, 6, None], "sales_trend_flag": [0, 1, 2, None]})


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ({"equals": 5}, "nmn?"),
        (5, "nmn?"),
        ({"not_equals": 5}, "mnm?"),
        ({"above": 5}, "nnm?"),
        ({"below": 5}, "mnn?"),
        ({"at_least": 5}, "nmm?"),
        ({"at_most": 5}, "mmn?"),
        ({"between": [5, 6]}, "nmm?"),
        ({"in": [4, 6]}, "mnm?"),
        ({"not_in": [4, 6]}, "nmn?"),
        ({"above": 4, "below": 6}, "nmn?"),
    ],
)
def test_compares(operator: object, expected: str) -> None:
    """Every comparison; a product without the value has no data."""
    assert verdicts({"review_count": operator}, TABLE) == expected


def test_flags_by_name() -> None:
    """A bare name means equals, and lists take names."""
    assert verdicts({"sales_trend_flag": "rising"}, TABLE) == "nmn?"
    assert verdicts({"sales_trend_flag": {"in": ["stable", "falling"]}}, TABLE) == "mnm?"


def test_evidence_has_value_and_words() -> None:
    """What a message shows of a comparison."""
    (evidence,) = condition({"review_count": {"at_least": "5"}}).evidence(TABLE, 2)
    assert (label_of(evidence), condition_of(evidence)) == ("reviews", "at least 5")
    assert (evidence.value, evidence.verdict) == (6, Verdict.MET)
    (absent,) = condition({"review_count": 5}).evidence(TABLE, 3)
    assert (absent.value, absent.verdict) == (None, Verdict.NO_DATA)


@pytest.mark.parametrize(
    ("operator", "message"),
    [
        ({"between": [9, 1]}, "review_count.between: the range is upside down"),
        ({"between": 9}, "takes two values, as [10, 20], not the number 9"),
        ({"between": [1, 2, 3]}, "takes two values"),
        ({"in": []}, "takes a list of values, as [1, 2], not an empty one"),
        ({"in": 4}, "takes a list of values"),
        ({"equals": [1, 2]}, 'for several write "in: [...]"'),
        ({"not_equals": [1, 2]}, 'for several write "not_in: [...]"'),
        ({"above": "x"}, '"x" is no number'),
        ([1, 2], 'for several write "in: [...]"'),
    ],
)
def test_refuses(operator: object, message: str) -> None:
    """What makes no sense is said where it stands."""
    (complaint,) = complaints({"review_count": operator})
    assert message in complaint


def test_equal_by_meaning() -> None:
    """The order of values in a list is no meaning; limits are."""
    assert condition({"review_count": {"in": [1, 2]}}) == condition(
        {"review_count": {"in": [2, 1]}}
    )
    assert condition({"review_count": 1}) != condition({"review_count": 2})
    assert hash(condition({"review_count": 1})) == hash(condition({"review_count": "1"}))
