"""The judge, and equality by meaning."""

import time

from tests.rules.tables import CachedTable, FakeTable, condition
from watcher.model import Verdict
from watcher.rules.conditions.base import Ago, Judge, Last, judged, present
from watcher.rules.metrics import Catalogue

TABLE: dict[str, list[float | None]] = {"review_count": [1, 5, None], "total_sale_cnt": [1, 2, 3]}


def test_equal_conditions_are_judged_once() -> None:
    """Of many rules that ask the same, one asks the table."""
    table = FakeTable(TABLE)
    judge = Judge(table)
    masks = [judge(condition({"review_count": {"at_least": 5}})) for _ in range(3)]
    assert masks[0] is masks[1] is masks[2]
    before = len(table.asked)
    judge(condition({"all": [{"review_count": {"at_least": 5}}, {"review_count": 5}]}))
    assert len(table.asked) - before == 1, "only the new comparison asks for its column"


def test_masks_give_verdicts() -> None:
    """The three values by row."""
    masks = Judge(FakeTable(TABLE))(condition({"review_count": 5}))
    expected = [Verdict.NOT_MET, Verdict.MET, Verdict.NO_DATA]
    assert [masks.verdict(row) for row in range(3)] == expected


def test_works_without_a_judge() -> None:
    """A bare table gives the same, without a memory."""
    table, metric = FakeTable(TABLE), Catalogue()["review_count"]
    masks = judged(table, condition({"review_count": 5}))
    assert masks.met.tolist() == [False, True, False]
    assert present(table, metric).tolist() == present(Judge(table), metric).tolist()


def test_baselines_have_names() -> None:
    """As the rule file writes them."""
    assert [str(Last()), str(Ago(604_800)), str(Ago(5_400))] == ["last", "7d ago", "1h30m ago"]


def test_a_thousand_rules_over_ten_thousand_products() -> None:
    """Some 0.1 s, for equal conditions are judged once; the limit is for a busy machine."""
    size = 10_000
    values: list[float | None] = [float(number) for number in range(size)]
    table = FakeTable({"review_count": values, "total_sale_cnt": values}, {"review_count": values})
    rules = [
        condition(
            {
                "review_count": {"above": number, "rises": f"{number % 50 + 1}%"},
                "total_sale_cnt": {"below": number},
            }
        )
        for number in range(1_000)
    ]
    judge = Judge(CachedTable(table))
    begin = time.perf_counter()
    for rule in rules:
        judge(rule)
    assert time.perf_counter() - begin < 2
