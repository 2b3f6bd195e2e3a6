"""A value among those of its peers."""

from __future__ import annotations

import tracemalloc
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.tables import FakeTable, complaints, condition
from watcher.evidence import Evidence
from watcher.rules.conditions.base import Condition, Judge
from watcher.rules.conditions.peers import LEAST, AmongPeers, standings
from watcher.text.evidence import condition_of, peers_of


def verdict_of(asked: Condition, table: FakeTable) -> str:
    """m met, n not met, ? no data, for each row."""
    masks = Judge(table)(asked)
    pairs = zip(masks.met, masks.known, strict=True)
    return "".join("m" if met else "n" if known else "?" for met, known in pairs)


def test_the_highest_of_its_category() -> None:
    """Within the first of 20 and more with a value, itself included; few peers, no category or no
    value are no data."""
    growth = [*range(20), *range(40), None, 99, *range(19)]
    texts = ["1"] * 20 + ["2"] * 41 + ["0"] + ["3"] * 19
    table = FakeTable({"sales_growth": growth}, texts={"category_l3_id": texts})
    asked = condition({"sales_growth": {"highest": "5%", "among": "category_l3_id"}})
    assert verdict_of(asked, table) == "n" * 19 + "m" + "n" * 38 + "mm" + "??" + "?" * 19
    lowest = condition({"sales_growth": {"lowest": 0.05, "among": "category_l3_id"}})
    assert verdict_of(lowest, table) == "m" + "n" * 19 + "mm" + "n" * 38 + "??" + "?" * 19
    assert asked.attributes[0].name == "category_l3_id"


def test_among_the_whole_list_and_by_region() -> None:
    """All of a list are peers; those of two regions are not."""
    asked = condition({"sales_growth": {"highest": "10%", "among": "watch"}})
    table = FakeTable({"sales_growth": list(range(39))})
    assert verdict_of(asked, table) == "n" * 36 + "mmm"
    table = FakeTable(
        {"sales_growth": list(range(39))}, texts={"region": ["US"] * 20 + ["GB"] * 19}
    )
    assert verdict_of(asked, table) == "n" * 18 + "mm" + "?" * 19


def test_equal_values_share_the_worse_place() -> None:
    """Where half of all have the highest value, it says nothing of any."""
    asked = condition({"sales_growth": {"highest": "10%", "among": "watch"}})
    assert verdict_of(asked, FakeTable({"sales_growth": [1] * 20 + [0] * 20})) == "n" * 40
    assert verdict_of(asked, FakeTable({"sales_growth": [1] * 2 + [0] * 18})) == "mm" + "n" * 18


@given(st.lists(st.tuples(st.integers(-1, 2), st.none() | st.integers(0, 6)), max_size=40))
def test_as_on_paper(rows: list[tuple[int, int | None]]) -> None:
    """The places, the number of peers and their median, counted one by one."""
    values = np.array([np.nan if value is None else value for _, value in rows])
    found = standings(values, np.array([group for group, _ in rows], np.int64))
    for place, (group, value) in enumerate(rows):
        peers = [each for other, each in rows if other == group and each is not None]
        if group < 0 or value is None:
            assert found.size[place] == 0
            continue
        assert found.size[place] == len(peers)
        assert found.high[place] == sum(each >= value for each in peers)
        assert found.low[place] == sum(each <= value for each in peers)
        assert found.medians[found.group[place]] == np.median(peers)


def test_one_sort_for_all_rules() -> None:
    """Rules that ask for one metric and grouping share it, whichever end and part they ask for."""
    table = FakeTable({"sales_growth": list(range(40))})
    asked = [
        condition({"sales_growth": {end: part, "among": "watch"}})
        for end in ("highest", "lowest")
        for part in ("5%", "10%")
    ]
    judge = Judge(table)
    for each in asked:
        judge(each)
    standing = {id(each.standing(judge)) for each in asked if isinstance(each, AmongPeers)}
    assert len(standing) == 1


@pytest.mark.parametrize(
    ("operator", "part", "row", "said"),
    [
        ("highest", "5%", 39, "top 3% of 40 peers (median 1,950%)"),
        ("highest", "2.5%", 39, "top 2.5% of 40 peers (median 1,950%)"),
        ("lowest", "5%", 1, "bottom 5% of 40 peers (median 1,950%)"),
        ("highest", "5%", 10, "top 75% of 40 peers (median 1,950%)"),
    ],
)
def test_words(operator: str, part: str, row: int, said: str) -> None:
    """A part is rounded up, but not beyond a limit that it is within."""
    asked = condition({"sales_growth": {operator: part, "among": "watch"}})
    (found,) = asked.evidence(FakeTable({"sales_growth": list(range(40))}), row)
    assert peers_of(found) == said
    assert condition_of(found) == f"{operator} {part} among watch" == str(asked)


def test_no_place_without_peers() -> None:
    """What has too few peers has no place among them."""
    asked = condition({"sales_growth": {"highest": "5%", "among": "watch"}})
    (found,) = asked.evidence(FakeTable({"sales_growth": [1] * (LEAST - 1)}), 0)
    assert isinstance(found, Evidence)
    assert found.peers is None
    assert peers_of(found) == ""


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"highest": "5%"}, "5% of which products? Write beside it among: category_l3_id"),
        ({"highest": 5}, "as 60d, or a part of the peers, as {highest: 5%, among: category_l3_id}"),
        ({"highest": "5%", "among": "product_id"}, "no two have one product_id"),
        ({"highest": "5%", "among": "own"}, "columns of your own come with facts: {file: ...}"),
        ({"highest": "60d", "among": "watch"}, "a part of the peers, as highest: 5%"),
        ({"lowest": "100%", "among": "watch"}, "between 0% and 100%, as lowest: 5%"),
        ({"lowest": -0.1, "among": "watch"}, "between 0% and 100%"),
        ({"highest": "5%", "among": "category_l3"}, 'did you mean "category_l3_id"'),
        ({"highest": "5%", "among": "review_count"}, "review_count is a number"),
        ({"highest": "5%", "among": 3}, '"among" takes what products have in common'),
        ({"above": 3, "among": "watch"}, '"among" only goes with lowest, highest'),
        (
            {"highest": "5%", "lowest": "5%", "among": "watch"},
            '"among" binds the one operator beside it, and here are highest, lowest',
        ),
    ],
)
def test_refuses(asked: dict[str, object], said: str) -> None:
    """Each error says what to write."""
    (complaint,) = complaints({"sales_growth": asked})
    assert said in complaint


def test_is_for_amounts() -> None:
    """No flag is higher than another."""
    (complaint,) = complaints({"sales_trend_flag": {"highest": "5%", "among": "watch"}})
    assert "is for amounts" in complaint


@pytest.mark.parametrize("end", ["highest", "lowest"])
def test_the_evidence_of_one_product_looks_at_no_other(end: str) -> None:
    """Thousands begin at once: each would have to go through all of a list of a million."""
    size = 50_000
    asked = condition({"sales_growth": {end: "5%", "among": "watch"}})
    judge = Judge(table := FakeTable({"sales_growth": list(range(size))}))
    judge.number = cache(table.number)  # as a scan's table, which keeps its columns
    assert asked.judge(judge).met.sum() == size // 20
    asked.evidence(judge, 0)
    tracemalloc.start()
    try:
        asked.evidence(judge, 1)
        assert tracemalloc.get_traced_memory()[1] < size
    finally:
        tracemalloc.stop()
