"""Conditions as they are written: every error at once, in the user's words."""

import pytest

from tests.rules.tables import complaints, condition
from watcher.rules.conditions.registry import NUMBER_OPERATORS, Takes
from watcher.rules.metrics import RANK


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"sales_grwth": 1}, 'unknown metric "sales_grwth", did you mean "sales_growth"'),
        ({"price": 1}, 'unknown metric "price", did you mean "spu_avg_price"?'),
        ({"or": [{"review_count": 1}]}, 'unknown metric "or", did you mean "any"?'),
        ({"zzz": 1}, 'unknown metric "zzz" (watcher metrics lists all)'),
        ({"at_least": 1}, '"at_least" is an operator: it stands under a metric'),
        ({"review_count": {"atleast": 1}}, 'unknown operator "atleast", did you mean "at_least"?'),
        ({"review_count": {">": 1}}, 'unknown operator ">", did you mean "above"?'),
        ({"review_count": {"over": 1}}, 'unknown operator "over", did you mean "above"?'),
        ({"review_count": {"zzz": 1}}, 'unknown operator "zzz"'),
        (
            {"review_count": {"contains": "a"}},
            "contains is for texts, and review_count is a number",
        ),
        ({"review_count": {}}, "has no condition in it"),
        ({}, "has no condition in it"),
        ([], 'needs "all:" or "any:" before a list of conditions'),
        ("review_count", "must be conditions"),
        (None, "must be conditions"),
        ({"all": {}}, "takes a list of conditions, each after a dash, not a mapping"),
        ({"any": []}, "has no condition in it"),
        ({"all": [5]}, "must be conditions"),
        ({"not": [5]}, 'needs "all:" or "any:"'),
        ({"review_count": {"climbs": 5}}, "climbs is only for rank, not for review_count"),
    ],
)
def test_refuses(raw: object, message: str) -> None:
    """Each mistake has its sentence."""
    (complaint,) = complaints(raw)
    assert message in complaint


def test_every_operator_compiles() -> None:
    """Each row of the registry builds a condition, in words and with a canonical text."""
    values = {
        Takes.VALUE: 5, Takes.VALUES: [1, 2], Takes.RANGE: [1, 2], Takes.CHANGE: 7,
        Takes.PLACES: 10, Takes.SCORE: 3, Takes.TIME: "30d",
        Takes.RECORD: "60d",
    }  # fmt: skip
    compiled = [
        condition({RANK: {operator.name: values[operator.takes]}}) for operator in NUMBER_OPERATORS
    ]
    assert all(str(one) and one.metrics[0].name == RANK for one in compiled)
    # To climb is to fall as a number.
    assert len({one.key for one in compiled}) == len(compiled)


def test_all_errors_at_once_with_their_paths() -> None:
    """A broken part does not hide the others."""
    found = complaints(
        {
            "all": [{"review_count": {"above": "x", "zzz": 1}}, {"foo": 1}],
            "not": {"product_name": {"matches": "("}},
        }
    )
    places = [complaint.partition(": ")[0] for complaint in found]
    assert places == [
        "all.0.review_count.above",
        "all.0.review_count",
        "all.1",
        "not.product_name.matches",
    ]


def test_rank_needs_a_sort() -> None:
    """Without one every rank would be a lie."""
    (complaint,) = complaints({"rank": {"at_most": 5}}, ranked=False)
    assert "rank needs a sorted list: give the watch a sort" in complaint


def test_one_condition_is_itself() -> None:
    """No group around a single condition."""
    assert condition({"all": [{"review_count": 1}]}) == condition({"review_count": 1})
    assert str(condition({"all": [{"review_count": 1}]})) == "is 1"
