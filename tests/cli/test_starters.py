"""``watcher init --for ...``: what each file reads, tells and costs, as its user meets it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.running import Command
from tests.recipes import Recipes
from watcher.analysis.forecast import forecast
from watcher.analysis.ruletests.reading import START
from watcher.cli.init import KINDS, starter, yours
from watcher.rules.files.loading import load

CREDITS = {"affiliate": 40, "seller": 30, "dropshipper": 40, "brand": 130, "agency": 30}
FOLDERS = Path(__file__).parents[2] / "watcher" / "cli" / "starters"
SHIPPED = {kind: Recipes(FOLDERS / kind / "rules.yaml", FOLDERS / kind / "rules.test.yaml")
           for kind in KINDS}  # fmt: skip
RULES = [(kind, rule) for kind, recipes in SHIPPED.items() for rule in recipes.names]


def test_there_is_one_for_each() -> None:
    """Each that the command offers, and no other."""
    assert set(KINDS) == set(CREDITS) == {each.name for each in FOLDERS.iterdir()}


@pytest.mark.parametrize("kind", KINDS)
def test_the_costs_on_top_are_those_that_check_computes(kind: str) -> None:
    """A day's credits, those of 30 days, and those of each list."""
    costs = forecast(SHIPPED[kind].suite.book, {}, START)
    assert costs.credits_a_day == CREDITS[kind]
    assert costs.warnings == ()
    text = starter(kind)["rules.yaml"]
    (line,) = re.findall(r"^# Costs (.+)\.$", text, re.MULTILINE)
    lists = ", ".join(
        f"{cost.watch} {cost.credits_a_day:.0f}"
        for cost in sorted(costs.watches, key=lambda cost: -cost.credits_a_day)
    )
    assert line == f"{CREDITS[kind]} credits a day, {CREDITS[kind] * 30:,} in 30 days: {lists}"
    watches = text.partition("\nwatches:")[2]
    for cost in costs.watches:
        (said,) = re.findall(rf"^  {cost.watch}:.*(?:\n    .*)*", watches, re.MULTILINE)
        assert re.search(rf"\b{cost.credits_a_day:.0f} credits?\b", said), said


@pytest.mark.parametrize("kind", KINDS)
def test_the_tests_of_a_starter_pass(kind: str) -> None:
    """Each rule is shown firing and silent."""
    assert SHIPPED[kind].failures() == []
    assert SHIPPED[kind].not_shown() == []


@pytest.mark.parametrize(("kind", "rule"), RULES)
def test_a_rule_needs_each_of_its_parts(kind: str, rule: str) -> None:
    """Whatever condition, option or term is left out, one of the rule's tests fails."""
    assert SHIPPED[kind].unnoticed(rule) == []


@pytest.mark.parametrize("kind", KINDS)
def test_each_rule_says_what_it_is_for(kind: str) -> None:
    """In its messages."""
    assert all(rule["description"] for rule in SHIPPED[kind].written["rules"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_fresh_one_checks_without_a_word(
    watcher: Command, folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """With nothing but a key there is no error and no warning, and its tests pass."""
    monkeypatch.setenv("KEYAPI_KEY", "a-key")
    assert watcher("init", "--for", kind).code == 0
    checked = watcher("check")
    assert (checked.code, checked.err) == (0, "")
    warned = re.findall(r"warning: (.*)", checked.out)
    assert all("not tried with a key by us" in each for each in warned)
    assert len(warned) <= 1
    assert f"Together {CREDITS[kind]} credits a day" in checked.out
    tested = watcher("test", "rules.test.yaml")
    assert (tested.code, tested.err) == (0, "")
    assert "0 failed" in tested.out
    assert load([folder], {}).rules  # its tests, which lie beside, are no rules


@pytest.mark.parametrize("kind", KINDS)
def test_it_says_what_is_yours(watcher: Command, folder: Path, kind: str) -> None:
    """The line of each placeholder; every id of the file is one of them."""
    said = watcher("init", "--for", kind, "--rules", "mine.yaml").out
    lines = (folder / "mine.yaml").read_text("utf-8").splitlines()
    found = dict(yours("\n".join(lines)))
    assert len(found) >= 3
    for place, what in found.items():
        assert f"mine.yaml:{place}: {what}" in said
    for number, line in enumerate(lines, 1):
        if re.search(r'"\d{6,}"', line.partition("#")[0]):
            assert number in found, line


@pytest.mark.parametrize("kind", KINDS)
def test_it_goes_by_the_name_that_is_given(watcher: Command, folder: Path, kind: str) -> None:
    """Also in what the files say of each other."""
    assert watcher("init", "--for", kind, "--rules", "mine.yaml").code == 0
    assert {"mine.yaml", "mine.test.yaml", "mine.schema.json"} <= {
        each.name for each in folder.iterdir()
    }
    for name in ("mine.yaml", "mine.test.yaml"):
        assert not re.search(r"\brules\.(?:test\.)?(?:yaml|schema)", (folder / name).read_text())
    assert watcher("test", "mine.test.yaml").code == 0


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_written_over(watcher: Command, folder: Path, kind: str) -> None:
    """Where any of its files is there, none is written, and each that is there is named."""
    for name in starter(kind):
        for each in folder.iterdir():
            each.unlink()
        (folder / name).write_text("mine", "utf-8")
        refused = watcher("init", "--for", kind)
        assert refused.code == 1
        assert f"{name} is there already" in refused.err
        assert [each.name for each in folder.iterdir()] == [name]
        assert (folder / name).read_text("utf-8") == "mine"


def test_an_unknown_kind_is_refused(watcher: Command, folder: Path) -> None:
    """With those that there are."""
    refused = watcher("init", "--for", "influencer")
    assert refused.code == 2
    assert "'affiliate', 'seller', 'dropshipper', 'brand', 'agency'" in refused.err
    assert list(folder.iterdir()) == []
