"""The recipes of ``rules.example.yaml``: proved by their rule tests, and those by mutation."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from watcher.analysis.forecast import forecast
from watcher.analysis.ruletests.cases import Case, Suite
from watcher.analysis.ruletests.reading import START, read_suite
from watcher.analysis.ruletests.running import run_case
from watcher.rules.conditions.registry import NUMBER_BY_NAME, OPTIONS
from watcher.rules.files.document import read
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook

ROOT = Path(__file__).parents[1]
RULES = ROOT / "rules.example.yaml"
ENV = {"SLACK_URL": "json://localhost"}
# What a rule can lose without becoming another one.
_NOT_JUDGED = ("over",)  # written out where it is the default
_JUDGED = ("when", "until", "for", "keep_firing_for", "resolved")


@cache
def _suite() -> Suite:
    return read_suite(ROOT / "rules.example.test.yaml")


@cache
def _written() -> Mapping[str, Any]:
    """The rule file as plain values."""
    values: Mapping[str, Any] = json.loads(
        json.dumps(read(RULES.read_bytes(), RULES.name).value, default=dict)
    )
    return values


def _names() -> list[str]:
    return [rule["name"] for rule in _written()["rules"]]


def _cases(rule: str) -> list[Case]:
    return [case for case in _suite().cases if [one.name for one in case.rules] == [rule]]


@pytest.mark.parametrize("name", [case.name for case in _suite().cases])
def test_a_recipe_does_what_its_test_says(name: str) -> None:
    """Every test of the file passes; the message says what differs, and where."""
    for case in _suite().cases:
        if case.name == name:
            result = run_case(case, _suite().book)
            assert result.passed, str(result)


@pytest.mark.parametrize("rule", _names())
def test_a_recipe_is_shown_firing_and_silent(rule: str) -> None:
    """One test in which it fires and is told, and a whole one of products it says nothing of."""
    cases = _cases(rule)
    told = [case for case in cases if any(expected.told for expected in case.expectations)]
    silent = [case for case in cases if not any(expected.firing for expected in case.expectations)]
    assert told
    assert silent


@pytest.mark.parametrize("rule", _names())
def test_a_recipe_needs_each_of_its_parts(rule: str) -> None:
    """Whatever condition, option or term is left out, one of the rule's tests fails."""
    whole = next(one for one in _written()["rules"] if one["name"] == rule)
    cases = _cases(rule)
    unnoticed = []
    for what, mutant in _mutants(whole):
        book = _book(mutant)
        if all(run_case(replace(case, rules=book.rules), book).passed for case in cases):
            unnoticed.append(what)
    assert not unnoticed


@pytest.mark.parametrize("rule", _names())
def test_a_recipe_says_why_and_for_whom(rule: str) -> None:
    """A comment stands above it, and a description goes into its messages."""
    lines = RULES.read_text("utf-8").splitlines()
    place = lines.index(f"  - name: {rule}")
    assert lines[place - 1].startswith("  # ")
    assert next(one for one in _suite().book.rules if one.name == rule).description


def test_there_are_recipes_for_all_that_users_ask_for() -> None:
    """At least twenty, in their groups, without a warning, and well under the file's own caps."""
    book = _suite().book
    text = RULES.read_text("utf-8")
    assert len(book.rules) >= 20
    for group in ("find", "guard", "rank", "milestones", "channel switch", "quality"):
        assert f"---- {group}" in text
    assert not book.warnings
    assert not forecast(book, {}, START).warnings


def test_every_operator_on_the_past_is_among_the_recipes() -> None:
    """Who looks for one of them, or for a statistic as baseline, finds a use of it."""
    text = RULES.read_text("utf-8")
    words = "rises falls becomes leaves crosses_above climbs drops enters_top leaves_top unusual"
    statistics = "median mean min max"
    assert all(f"{word}: " in text for word in words.split())
    assert all(f"from: {word} " in text for word in statistics.split())


def _book(rule: Mapping[str, Any]) -> Rulebook:
    return load_text(json.dumps({**_written(), "rules": [rule]}), env=ENV)


def _mutants(rule: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The rule without one of its parts, for each of them that may be left out."""
    for path in _paths(rule):
        if path[0] in _JUDGED and path != ("when",) and path[-1] not in _NOT_JUDGED:
            mutant: Any = deepcopy(rule)
            inner = mutant
            for step in path[:-1]:
                inner = inner[step]
            del inner[path[-1]]
            if isinstance(inner, dict):
                _drop_strays(inner)
            # What is written in a list is a part of it in groups only: "in" and "between" are one.
            if inner and (isinstance(inner, dict) or path[-2] in ("all", "any")):
                yield ".".join(map(str, path)), mutant


def _drop_strays(metric: dict[str, Any]) -> None:
    """Take out the options whose operator is gone."""
    operators = [NUMBER_BY_NAME[name] for name in metric if name in NUMBER_BY_NAME]
    for option in set(metric) & set(OPTIONS):
        if not any(option in operator.options for operator in operators):
            del metric[option]


def _paths(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, inner in items:
        yield (*above, key)
        yield from _paths(inner, (*above, key))
