"""Conditions as they are written: every error at once, in the user's words."""

import pytest

from tests.rules.tables import complaints, condition


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"sales_grwth": 1}, 'unknown metric "sales_grwth", did you mean "sales_growth"'),
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


@pytest.mark.parametrize(
    "raw",
    [
        {"rank": {"climbs": 5}},
        {"rank": {"drops": 5, "from": "7d ago"}},
        {"rank": {"enters_top": 10}},
        {"rank": {"leaves_top": 10}},
        {"review_count": {"unusual": 3, "over": "28d"}},
        {"review_count": {"rises": 5, "from": "mean 7d"}},
    ],
)
def test_what_is_not_built_is_refused(raw: object) -> None:
    """Never ignored: a rule that says less than it seems to would be a trap."""
    (complaint,) = complaints(raw)
    assert "is not supported yet" in complaint


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
