"""Conditions on one product as a tree."""

from __future__ import annotations

import pytest

from tests.fakes.world import WATCH, World
from watcher.analysis.reasons import Reason, reason_of, unrounded
from watcher.evaluation.table import ScanTable
from watcher.evidence import Criterion, Evidence
from watcher.model import Verdict
from watcher.store.sqlite.database import Database

SALES, RATE = "total_sale_7d_cnt", "product_commission_rate"


REVIEWS = [{"review_count": 5.0}] * 20


def reason(store: Database, when: str, *days: float | dict[str, float]) -> Reason:
    """What ``when`` says of a product after scans with these values of it."""
    world = World(
        store,
        f"metrics: {{mine: {SALES} / total_views_7d_cnt}}\n"
        f"rules:\n- {{name: r, {WATCH}, when: {when}}}",
    )
    for values in days:
        world.scan({"1": values})
    (rule,) = world.book.rules
    seen = store.history.sighting(rule.watch.key, 1)
    assert seen is not None
    table = ScanTable(seen.row, seen.recorded, store.history, rule.when.needs)
    return reason_of(rule.when, table, 0)


def shape(each: Reason) -> str:
    """``all+(a+ any-(b- c?))``: met, not met, no data."""
    mark = {Verdict.MET: "+", Verdict.NOT_MET: "-", Verdict.NO_DATA: "?"}[each.verdict]
    inner = f"({' '.join(shape(part) for part in each.parts)})" if each.parts else ""
    return f"{each.word or 'x'}{mark}{inner}"


def test_the_tree_has_the_shape_of_the_rule(store: Database) -> None:
    """Each group and each condition with its own verdict, not turned round under a not."""
    when = (
        f"{{all: [{{{SALES}: {{above: 1}}}}, {{any: [{{{SALES}: {{above: 9}}}}, "
        f"{{commission: {{above: 1}}}}]}}, {{not: {{{SALES}: {{below: 9}}}}}}]}}"
    )
    found = reason(store, when, 5)
    assert shape(found) == "all-(x+ any?(x- x?) not-(x+))"
    leaf = found.parts[0].evidence
    assert leaf is not None
    assert leaf.value == 5
    assert found.evidence is None


@pytest.mark.parametrize(
    ("when", "days", "why"),
    [
        ("{commission: {above: 1}}", [5], f"the product has no {RATE}"),
        ("{live_share: {above: 1}}", [5], "the product has no total_live_sale_7d_cnt"),
        ("{mine: {above: 1}}", [{SALES: 1, "total_views_7d_cnt": 0}], "it divides by zero"),
        ("{product_name: {contains: x}, seller_id: x}", [5], "the product has no such text"),
        ("{appears: true}", [5], "no complete scan before"),
        (f"{{{SALES}: {{becomes: 5}}}}", [5], "no earlier value by this watch in the 14d before"),
        (f"{{{SALES}: {{rises: 5, from: 7d ago}}}}", [5], "no observation with a value from "),
        (
            "{review_count: {rises: 5, from: 1d ago}}",
            [{SALES: 1}, {"review_count": 5}],
            "it had no value when it was seen at that time, on ",
        ),
        (f"{{{SALES}: {{rises: 5, from: mean 7d}}}}", [5, 5, 5], "fewer than 3 values in the 7d"),
        (f"{{{SALES}: {{rises: 5, from: max 60d}}}}", [5] * 9, "known for less than 40d of it"),
        ("{review_count: {unusual: 3}}", REVIEWS[:2], "fewer than 14 days with a value in the 28d"),
        ("{review_count: {unusual: 3}}", REVIEWS, "it never moved in the 28d before"),
        (
            f"{{{SALES}: {{unusual: 3}}}}",
            [5] * 30,
            "4 of the 8 values 7 days apart that are needed are known in the 63d before",
        ),
        (f"{{{SALES}: {{unusual: 3}}}}", [5] * 60, "it never moved in the 63d before"),
        (f"{{{SALES}: {{rises: 50%}}}}", [0, 5], "a percentage of 0 has no value"),
        ("{rank: {enters_top: 5}}", [5], "no earlier scan of this watch that read its first 5"),
        ("{rank: {leaves_top: 5}}", [5], "no earlier scan of this watch that was complete"),
        (
            "{live_share: {above: 1}}",
            [{SALES: 0, "total_live_sale_7d_cnt": 0}],
            "its formula has no value here",
        ),
    ],
)
def test_no_data_says_why(store: Database, when: str, days: list[float], why: str) -> None:
    """In words that name what is missing."""
    found = reason(store, when, *days)
    leaf = found.parts[-1] if found.parts else found
    assert leaf.verdict is Verdict.NO_DATA
    assert why in leaf.why


def test_a_verdict_needs_no_excuse(store: Database) -> None:
    """What is met or not met has no cause of no data."""
    found = reason(store, f"{{{SALES}: {{rises: 5, from: median 4d}}}}", 1, 1, 1, 9)
    assert (found.verdict, found.why, found.over) == (Verdict.MET, "", "median 4d")
    assert found.evidence is not None
    assert found.evidence.baseline == 1


@pytest.mark.parametrize(
    ("unit", "value", "operator", "limits", "shown", "full"),
    [
        ("score", 1.999, "at_least", (2.0,), "2", "1.999"),
        ("score", 1.999, "at_least", (3.0,), "2", "2"),
        ("score", 2.0, "at_least", (2.0,), "2", "2"),
        ("fraction", 0.4996, "between", (0.1, 0.5), "50%", "49.96%"),
        ("fraction", 0.1 + 0.2, "at_least", (0.3,), "30%", "30%"),
        ("money", 999.996, "above", (1_000.0,), "1,000 USD", "999.996 USD"),
        ("money", 9.996, "at_most", (10.0,), "10 USD", "9.996 USD"),
        ("day", 20260102.0, "above", (20260102.0,), "2 Jan 2026", "2 Jan 2026"),
        ("text", "2", "equals", ("2",), "2", "2"),
    ],
)
def test_a_value_is_not_rounded_into_its_limit(
    unit: str,
    value: float | str,
    operator: str,
    limits: tuple[float | str, ...],
    shown: str,
    full: str,
) -> None:
    """Else a value that is not at least 2 reads as 2."""
    asked = Criterion(operator, limits)
    evidence = Evidence("m", "m", unit, asked, Verdict.NOT_MET, value)
    assert unrounded(evidence, shown) == full
