"""The recipes that find what takes off do so on a simulated market that is like a real one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.detectors import scores
from benchmarks.judging import Bench
from benchmarks.ruled import Ruling, rulings
from benchmarks.simulated import simulated
from watcher.rules.files.loading import load

RULES = Path(__file__).parents[2] / "rules.example.yaml"
FIND = ("beauty-rising", "breakout", "breakout-holds")
STAND = ("enters-top-20", "climbs")


@pytest.fixture(scope="module")
def judged() -> dict[str, Ruling]:
    """Some recipes by name, on the top 100 of a small market."""
    bench = Bench(simulated("real", days=200, products=1_200), 100)
    book = load([RULES], {"SLACK_URL": "json://localhost"})
    chosen = tuple(rule for rule in book.rules if rule.name in (*FIND, *STAND))
    growth = scores(bench.view)["sales_growth"]
    return {each.rule.name: each for each in rulings(bench, replace(book, rules=chosen), growth)}


@pytest.mark.parametrize("name", FIND)
def test_what_finds_is_better_than_growth_and_chance(judged: dict[str, Ruling], name: str) -> None:
    """With as many alerts, beyond the luck of which products there are."""
    assert judged[name].finds
    assert judged[name].precision.value > 0.5  # one in two is worth an interruption


@pytest.mark.parametrize("name", STAND)
def test_a_place_is_no_find(judged: dict[str, Ruling], name: str) -> None:
    """So their comments say: they tell where a product stands."""
    assert not judged[name].finds
    assert judged[name].above_growth.high < 0


def test_stricter_recipes_tell_less_and_surer(judged: dict[str, Ruling]) -> None:
    """As their comments say."""
    surest, more = judged["beauty-rising"], judged["breakout"]
    assert 2 * surest.a_week < more.a_week
    assert 2 * judged["breakout-holds"].a_week < more.a_week
    assert surest.precision.value > more.precision.value
