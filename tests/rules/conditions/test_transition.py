"""From one observation to the next."""

import pytest

from tests.rules.tables import FakeTable, condition, verdicts

FLAG = FakeTable({"sales_trend_flag": [1, 1, 2, None, 1]}, {"sales_trend_flag": [0, 1, 1, 1, None]})
LINE = FakeTable({"review_count": [5, 6, 6, 4, 4, 6]}, {"review_count": [4, 5, 6, 5, 3, None]})


@pytest.mark.parametrize(
    ("operator", "expected"),
    [({"becomes": "rising"}, "mnn??"), ({"leaves": "rising"}, "nnm??")],
)
def test_becomes_and_leaves(operator: object, expected: str) -> None:
    """The value must differ between the two observations."""
    assert verdicts({"sales_trend_flag": operator}, FLAG) == expected


@pytest.mark.parametrize(
    ("operator", "expected"),
    [({"crosses_above": 5}, "nmnnn?"), ({"crosses_below": 5}, "nnnmn?")],
)
def test_crosses(operator: object, expected: str) -> None:
    """From the other side or from the line."""
    assert verdicts({"review_count": operator}, LINE) == expected


def test_words() -> None:
    """As a message shows them."""
    said = [
        str(condition({"sales_trend_flag": {"becomes": 1}})),
        str(condition({"sales_trend_flag": {"leaves": "rising"}})),
        str(condition({"review_count": {"crosses_above": "1k"}})),
        str(condition({"review_count": {"crosses_below": 5}})),
    ]
    assert said == ["becomes rising", "leaves rising", "crosses above 1,000", "crosses below 5"]
