"""Against the verdicts of the conditions themselves: what is doubted never happens."""

from __future__ import annotations

import random
from collections.abc import Mapping

import pytest

from tests.rules.tables import FakeTable, condition
from watcher.model import Bools
from watcher.rules.conditions.base import Judge
from watcher.rules.lint.clauses import alternatives
from watcher.rules.lint.conflicts import conflict, holds_once
from watcher.source.query import Query, parse_query

ROWS = 400
TOP = 20
LIMITS: Mapping[str, tuple[float, ...]] = {
    "rank": (1, 2, 5, 10, 19, 20, 21, 30),
    "review_count": (0, 1, 2, 3, 5),
    "spu_avg_price": (0, 1, 2, 5, 10, 12),
    "commission": (0, 0.5, 1, 1.5),
    "sales_trend_flag": (0, 1, 2),
    "total_sale_cnt": (0, 1, 2, 5),
}
METRICS = tuple(LIMITS)
FILTERS: tuple[dict[str, object], ...] = (
    {},
    {"max_spu_avg_price": 5},
    {"min_review_count": 2},
    {"sales_trend_flag": "rising"},
)


def leaf(rng: random.Random) -> dict[str, object]:
    """A condition on one metric."""
    name = rng.choice(METRICS)

    def limit() -> float:
        return rng.choice(LIMITS[name])

    simple = ("equals", "not_equals", "above", "below", "at_least", "at_most")
    kinds = [*simple, *simple, "in", "not_in", "between", "becomes", "leaves", "rises", "falls"]
    kinds += ["crosses_above", "crosses_below", "changes"]
    if name == "rank":
        kinds += ["climbs", "drops", "enters_top", "leaves_top"] * 2
    kind = rng.choice(kinds)
    if kind in ("in", "not_in"):
        return {name: {kind: [limit(), limit()]}}
    if kind == "between":
        return {name: {kind: sorted([limit(), limit()])}}
    if kind in ("rises", "falls", "changes"):
        return {name: {kind: rng.choice([1, 3, 7, "50%", "100%", "150%"])}}
    if kind in ("climbs", "drops", "enters_top", "leaves_top"):
        return {name: {kind: max(1, int(limit()))}}
    return {name: {kind: limit()}}


def tree(rng: random.Random, depth: int = 2) -> dict[str, object]:
    """All, any and not of such."""
    kind = rng.choice(["leaf", "all", "all", "any", "not"]) if depth else "leaf"
    if kind == "leaf":
        return leaf(rng)
    if kind == "not":
        return {"not": tree(rng, depth - 1)}
    return {kind: [tree(rng, depth - 1) for _ in range(rng.choice([2, 2, 3]))]}


def value(rng: random.Random, name: str, query: Query) -> float:
    """One that such a list may have: the limits, and what lies between them."""
    filters = dict(query.filters)
    while True:
        number = rng.choice(LIMITS[name]) + rng.choice([0, 0, 0.5 if "price" in name else 0, 1])
        low, high = filters.get(f"min_{name}", 0), filters.get(f"max_{name}", 1e9)
        assert isinstance(low, int | float)
        assert isinstance(high, int | float)
        most = {"rank": TOP, "commission": 1, "sales_trend_flag": 2}.get(name, 1e9)
        least = 1 if name == "rank" else 0
        wanted = filters.get(name, number)
        if max(low, least) <= number <= min(high, most) and number == wanted:
            return number


def listed(rng: random.Random, query: Query) -> FakeTable:
    """Products of such a list, now and before; a tenth fell off it, as many were not on it."""
    now = {name: [value(rng, name, query) for _ in range(ROWS)] for name in METRICS}
    then = {name: [value(rng, name, query) for _ in range(ROWS)] for name in METRICS}
    then["total_sale_cnt"] = [
        min(pair) for pair in zip(now["total_sale_cnt"], then["total_sale_cnt"], strict=True)
    ]
    outside = [rng.random() < 0.1 for _ in range(ROWS)]
    fallen = [rng.random() < 0.1 for _ in range(ROWS)]
    ranks = zip(outside, then["rank"], strict=True)
    before = [float("inf") if out else rank for out, rank in ranks]
    gone = {
        name: [None if out else each for out, each in zip(fallen, column, strict=True)]
        for name, column in now.items()
    }
    return FakeTable(gone, {**then, "rank from last complete scan": before}, fallen=fallen)


def met(raw: object, table: FakeTable) -> Bools:
    """Which products meet it."""
    return Judge(table)(condition(raw)).met


@pytest.mark.parametrize("seed", range(6))
def test_what_is_doubted_never_happens(seed: int) -> None:
    """Of random rules: no product meets what "can never fire", each meets what "always" does."""
    rng = random.Random(seed)
    never = always = 0
    for filters in FILTERS:
        asked = {"region": "US", "sort": "total_sale_cnt", "top": TOP, **filters}
        query = parse_query(asked, lambda _path, message: pytest.fail(message))
        assert query is not None
        table = listed(rng, query)
        for _ in range(150):
            raw = tree(rng)
            clauses = alternatives(condition(raw))
            if clauses is not None and all(conflict(clause, query) for clause in clauses):
                never += 1
                assert not met(raw, table).any(), raw
            inverse = alternatives(condition(raw), negated=True)
            if inverse is not None and all(conflict(clause, query) for clause in inverse):
                always += 1
                masks = Judge(table)(condition(raw))
                assert masks.met[masks.known].all(), raw
    assert never > 20
    assert always > 5


def test_what_holds_once_never_holds_twice() -> None:
    """After a scan at which it was met, the next one that repeats the values does not meet it."""
    rng = random.Random(1)
    query = parse_query({"region": "US", "sort": "total_sale_cnt", "top": TOP}, lambda *_: None)
    assert query is not None
    seen = 0
    for _ in range(300):
        raw = leaf(rng)
        clauses = alternatives(condition(raw))
        assert clauses is not None
        if holds_once(clauses[0]) is None:
            continue
        first = listed(rng, query)
        following = FakeTable(first.now, {**first.now, "rank from last complete scan": [
            float("inf") if rank is None else rank for rank in first.now["rank"]
        ]}, fallen=[False] * ROWS)  # fmt: skip
        seen += int(met(raw, first).any())
        assert not (met(raw, first) & met(raw, following)).any(), raw
    assert seen > 20
