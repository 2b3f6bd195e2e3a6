"""Random pasts of a market, and random conditions on it."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np

from tests.rules.conditions.reference import DAY, METRICS, Fields, Seen, Sight
from watcher.fields import NUMERIC_INDEX, NUMERIC_NAMES, TEXTS
from watcher.model import ListFacts, Scan, ScanState

START = 20_000 * DAY + 7 * 3_600

NUMBERS = [name for name in METRICS if name != "sales_trend_flag"]
NAMES = ("Serum 10% C", "Night cream", "serum", None)
FROMS = ("last", "2d ago", "7d ago", "median 7d", "mean 14d", "min 35d", "max 3d", "median 26w")
LIMITS = (0, 1, 2, 5, 0.5, 1.5, 100)
MOVES: tuple[Any, ...] = (1, 2, 0.1, "10%", "50%", "200%")


def past(random: Random, size: int) -> list[Seen]:
    """Scans of watches a and b in the order of recording; the last one is a's."""
    at, scans = START, list[Seen]()
    # Some worlds hardly ever change, or nothing would ever be unusual.
    presence, moves = random.choice([0.8, 0.97]), random.choice([0.1, 0.4])
    usual = {key: _fields(random) for key in "123456"}
    began = {key: random.choice([0, 0, random.randint(0, size - 1)]) for key in usual}
    for place in range(size):
        watch = "a" if place == size - 1 else random.choice("aaab")
        free = scans and (watch, at) not in {(seen.watch, seen.at) for seen in scans}
        at += random.choice([0, DAY] if free else [6 * 3_600, DAY, DAY, DAY, 2 * DAY])
        keys = [key for key in usual if began[key] <= place and random.random() < presence]
        random.shuffle(keys)
        for key in usual:
            if random.random() < moves:
                usual[key] = _fields(random)
        products = {
            key: Sight(usual[key], rank, random.choice(NAMES)) for rank, key in enumerate(keys, 1)
        }
        day, sparse = random.choice([(None, None), (0.3, False), (1.5, False), (1.0, True)])
        scans.append(Seen(watch, at, random.random() < 0.8, products, day, sparse))
    return scans


def _fields(random: Random) -> Fields:
    def some(*values: float | None) -> float | None:
        return random.choice((*values, *values[1:]))

    return {
        "total_sale_7d_cnt": some(None, 0, 1, 2, 5, 100, 110),
        "total_sale_1d_cnt": some(None, 0, 1, 5, 20, 110),
        "total_sale_30d_cnt": some(None, 1, 30, 200, 500),
        "total_sale_60d_cnt": some(None, 2, 100, 300, 900),
        "total_live_sale_7d_cnt": some(None, 0, 1, 2),
        "product_commission_rate": some(None, 0, 0.1, 15, 20),
        "sales_trend_flag": some(None, 0, 1, 2),
        "first_crawl_dt": some(None, 20240916, 20240101, 20241005),
    }


def scan_of(seen: Seen) -> Scan:
    """The same as the store takes it."""
    numbers = np.full((len(seen.products), len(NUMERIC_NAMES)), np.nan)
    for row, sight in enumerate(seen.products.values()):
        for name, value in sight.fields.items():
            numbers[row, NUMERIC_INDEX[name]] = np.nan if value is None else value
    texts: dict[str, tuple[str | None, ...]] = {text.name: (None,) * len(numbers) for text in TEXTS}
    texts["product_id"] = tuple(seen.products)
    texts["product_name"] = tuple(sight.name for sight in seen.products.values())
    return Scan(
        watch=seen.watch, region="US", at=seen.at, started=seen.at, finished=seen.at,
        state=ScanState.COMPLETE if seen.complete else ScanState.PARTIAL,
        requests=1, pages=1, product_ids=tuple(seen.products),
        ranks=np.array([sight.rank for sight in seen.products.values()], np.int64),
        numbers=numbers, texts=texts,
        followed=frozenset(["product_name"]),
        facts=None if seen.day is None else ListFacts(seen.day, sparse=bool(seen.sparse)),
    )  # fmt: skip


def condition_of(random: Random, depth: int = 3) -> dict[str, Any]:
    """A random mapping of conditions."""
    if depth and random.random() < 0.6:
        word = random.choice(["all", "any", "not"])
        inner = [condition_of(random, depth - 1) for _ in range(random.randint(1, 3))]
        return {word: inner[0] if word == "not" else inner}
    leaves = [random.choice(list(LEAVES.values()))(random) for _ in range(random.randint(1, 2))]
    return {key: value for leaf in leaves for key, value in leaf.items()}


Leaf = Callable[[Random], dict[str, Any]]


def _on_numbers(operator: str, *given: Any) -> Leaf:
    def leaf(random: Random) -> dict[str, Any]:
        metric = random.choice([*NUMBERS, "rank"])
        return {metric: {operator: random.choice(given)}}

    return leaf


def _on_trend(operator: str) -> Leaf:
    def leaf(random: Random) -> dict[str, Any]:
        return {"sales_trend_flag": {operator: random.choice(["stable", "rising", "falling"])}}

    return leaf


def _moves(operator: str) -> Leaf:
    def leaf(random: Random) -> dict[str, Any]:
        setting: dict[str, Any] = {operator: random.choice(MOVES)}
        if random.random() < 0.8:
            setting["from"] = random.choice(FROMS)
        if random.random() < 0.3:
            setting["min_change"] = random.choice([0.5, 1, 50])
        return {random.choice([*NUMBERS, "rank"]): setting}

    return leaf


def _places(operator: str, *, from_: bool) -> Leaf:
    def leaf(random: Random) -> dict[str, Any]:
        setting: dict[str, Any] = {operator: random.randint(1, 4)}
        return {"rank": setting | ({"from": random.choice(FROMS)} if from_ else {})}

    return leaf


def _unusual(random: Random) -> dict[str, Any]:
    setting: dict[str, Any] = {"unusual": random.choice([0.3, 0.7, 1, 2])}
    if random.random() < 0.7:
        setting["over"] = random.choice(["14d", "9w", "26w"])
    return {random.choice([*NUMBERS, "rank"]): setting}


def _on_name(operator: str, *given: Any) -> Leaf:
    return lambda random: {"product_name": {operator: random.choice(given)}}


LEAVES: dict[str, Leaf] = {
    **{
        name: _on_numbers(name, *LIMITS)
        for name in (
            "equals", "not_equals", "above", "below", "at_least", "at_most", "crosses_above",
            "crosses_below",
        )
    },
    "in": _on_numbers("in", [0, 1], [0.1, 2, 5]),
    "not_in": _on_numbers("not_in", [0, 1], [0.1, 2, 5]),
    "between": _on_numbers("between", [0, 1], [1, 5]),
    "becomes": _on_trend("becomes"),
    "leaves": _on_trend("leaves"),
    "rises": _moves("rises"),
    "falls": _moves("falls"),
    "changes": _moves("changes"),
    "climbs": _places("climbs", from_=True),
    "drops": _places("drops", from_=True),
    "enters_top": _places("enters_top", from_=False),
    "leaves_top": _places("leaves_top", from_=False),
    "unusual": _unusual,
    "lowest": _on_numbers("lowest", "3d", "7d", "14d", "26w"),
    "highest": _on_numbers("highest", "3d", "7d", "14d", "26w"),
    "unchanged": _on_numbers("unchanged", "1d", "3d", "7d"),
    "appears": lambda _random: {"appears": True},
    "reappears": lambda _random: {"reappears": True},
    "disappears": lambda _random: {"disappears": True},
    "name changes": lambda _random: {"product_name": {"changes": True}},
    "name becomes": _on_name("becomes", "SERUM", "Night  cream"),
    "name leaves": _on_name("leaves", "Serum", "night cream"),
    "name equals": _on_name("equals", "serum", "Night cream"),
    "name not_equals": _on_name("not_equals", "serum"),
    "name in": _on_name("in", ["serum", "x"]),
    "name not_in": _on_name("not_in", ["serum", "x"]),
    "name contains": _on_name("contains", "SERUM", "cream"),
    "name matches": _on_name("matches", "^[A-Z].*m$", r"\d+%"),
}  # fmt: skip
