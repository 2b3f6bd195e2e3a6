"""The recipes of ``rules.example.yaml``: proved by their rule tests, and those by mutation."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.recipes import Recipes
from watcher.analysis.forecast import forecast
from watcher.analysis.ruletests.reading import START

ROOT = Path(__file__).parents[1]
RULES = ROOT / "rules.example.yaml"
RECIPES = Recipes(RULES, ROOT / "rules.example.test.yaml")
# What people ask for comes first, in this order; what is hardly asked for comes last.
ASKED = (
    "any-price-move", "price-error", "on-target", "unknown-seller", "saturated", "reviews-vanish",
    "number-one", "sale-and-its-end",
)  # fmt: skip
LAST = (
    "milestone-sold", "milestone-gmv", "no-secret-any-more", "turns-live", "turns-to-video",
)  # fmt: skip


def test_the_recipes_do_what_their_tests_say() -> None:
    """Every test of the file passes; the message says what differs, and where."""
    assert RECIPES.failures() == []


def test_each_recipe_is_shown_firing_and_silent() -> None:
    """One test in which it fires and is told, and a whole one of products it says nothing of."""
    assert RECIPES.not_shown() == []


@pytest.mark.parametrize("rule", RECIPES.judged)
def test_a_recipe_needs_each_of_its_parts(rule: str) -> None:
    """Whatever condition, option or term is left out, one of the rule's tests fails."""
    assert RECIPES.unnoticed(rule) == []


@pytest.mark.parametrize("rule", RECIPES.names)
def test_a_recipe_says_why_and_for_whom(rule: str) -> None:
    """A comment stands above it, and a description goes into its messages."""
    lines = RULES.read_text("utf-8").splitlines()
    place = lines.index(f"  - name: {rule}")
    assert lines[place - 1].startswith("  # ")
    written = next(one for one in RECIPES.written["rules"] if one["name"] == rule)
    assert written["description"]


def test_what_people_ask_for_leads() -> None:
    """And milestones and channel switches end the file."""
    assert tuple(RECIPES.names[: len(ASKED)]) == ASKED
    assert tuple(RECIPES.names[-len(LAST) :]) == LAST


def test_there_are_recipes_for_all_that_users_ask_for() -> None:
    """In their groups, without a warning, and well under the file's own caps."""
    book = RECIPES.suite.book
    text = RULES.read_text("utf-8")
    for group in (
        "asked for", "lists of your own", "find", "guard", "rank", "quality", "groups",
        "milestones", "channel switch",
    ):  # fmt: skip
        assert f"---- {group}" in text
    assert not book.warnings
    assert not forecast(book, {}, START).warnings


def test_every_operator_on_the_past_is_among_the_recipes() -> None:
    """Who looks for one of them, or for a statistic as baseline, finds a use of it."""
    text = RULES.read_text("utf-8")
    words = "rises falls becomes leaves crosses_above climbs drops enters_top leaves_top unusual"
    later = "lowest highest unchanged changes appears reappears disappears of again facts file"
    statistics = "median mean min max"
    assert all(f"{word}: " in text for word in f"{words} {later}".split())
    assert all(f"from: {word} " in text for word in statistics.split())
    for figure in ("sum", "median", "count", "top_share"):
        assert f"{{{figure}: " in text
    for kind in ("products: followed", "shop: ", "every: refresh", "enabled: false", "watch: ["):
        assert kind in text
