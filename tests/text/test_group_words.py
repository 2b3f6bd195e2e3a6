"""What evidence says of a group of products."""

import pytest

from watcher.evidence import Criterion, Evidence, Member
from watcher.model import Verdict
from watcher.text.evidence import compared_of, members_of
from watcher.units import Currencies


@pytest.mark.parametrize(
    ("compared", "values", "told", "members"),
    [
        ((41, 50), (1_200.0, -30.0, None), "41 of 50 products compared", "+1,200 USD|-30 USD|"),
        ((1, 1), (0.0, 0.0, 0.0), "1 of 1 product compared", "0 USD|0 USD|0 USD"),
        (None, (1_200.0, 30.0, 7.0), "", "1,200 USD|30 USD|7 USD"),
    ],
)
def test_who_did_most_of_it(
    compared: tuple[int, int] | None, values: tuple[float | None, ...], told: str, members: str
) -> None:
    """With a sign of a change; no number of one that is of another kind."""
    named = tuple(Member(str(row), f"P{row}", value) for row, value in enumerate(values))
    evidence = Evidence(
        "gmv", "gmv", "gmv", Criterion("rises", (0.3,), percent=True), Verdict.MET, 5.0, 4.0,
        compared=compared, members=named,
    )  # fmt: skip
    assert compared_of(evidence) == told
    found = members_of(evidence, Currencies(None, "USD"))
    assert [name for name, _ in found] == ["P0", "P1", "P2"]
    assert "|".join(part for _, part in found) == members
