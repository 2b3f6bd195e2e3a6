"""Versions of the rules that were written in the page."""

from __future__ import annotations

import pytest

from tests.store.making import START
from watcher.page_text import PageText, as_kept
from watcher.store.sql import page_rules
from watcher.store.sql.page_rules import Outdated
from watcher.store.sqlite.database import Database

FIRST, SECOND = "rules: []\n", "# \U0001f375 „Ä“\nwatches: {}\n"


def test_the_newest_is_in_force(store: Database) -> None:
    """Each with who saved it and when; of none there is version 0, which is empty."""
    assert store.page_rules.current() == PageText("", 0)
    assert store.page_rules.text(0) == ""
    assert store.page_rules.newest() == 0
    first = store.page_rules.save(FIRST, START, base=0, who="ann")
    second = store.page_rules.save(SECOND, START + 9, base=1, who="bob")
    assert (first.number, first.at, first.who, first.restores) == (1, START, "ann", None)
    assert store.page_rules.current() == PageText(SECOND, 2)
    assert store.page_rules.newest() == 2
    assert store.page_rules.versions() == [second, first]
    assert second.size == len(SECOND.encode())
    assert store.page_rules.text(1) == FIRST
    assert store.page_rules.text(3) is None


def test_an_undo_is_a_new_version(store: Database) -> None:
    """Which says whose text it has."""
    store.page_rules.save(FIRST, START, base=0, who="ann")
    store.page_rules.save(SECOND, START, base=1, who="ann")
    undone = store.page_rules.save(FIRST, START + 5, base=2, who="ann", restores=1)
    assert (undone.number, undone.restores) == (3, 1)
    assert store.page_rules.current() == PageText(FIRST, 3)
    assert [each.restores for each in store.page_rules.versions()] == [1, None, None]


@pytest.mark.parametrize("base", [0, 2, -1])
def test_who_began_from_another_version_saves_nothing(store: Database, base: int) -> None:
    """Older, newer, or none that there ever was."""
    store.page_rules.save(FIRST, START, base=0, who="ann")
    with pytest.raises(Outdated, match="version 1 is in force"):
        store.page_rules.save(SECOND, START, base=base, who="bob")
    assert store.page_rules.current() == PageText(FIRST, 1)


def test_the_same_text_is_no_version(store: Database) -> None:
    """Who saves it twice has saved it once."""
    first = store.page_rules.save(FIRST, START, base=0, who="ann")
    assert store.page_rules.save(FIRST, START + 9, base=1, who="bob") == first
    assert store.page_rules.versions() == [first]


def test_nothing_in_place_of_nothing_is_no_version(store: Database) -> None:
    """Only once there was something an empty text is one."""
    assert store.page_rules.save("", START, base=0, who="ann").number == 0
    assert store.page_rules.versions() == []
    store.page_rules.save(FIRST, START, base=0, who="ann")
    assert store.page_rules.save("", START, base=1, who="ann").number == 2


def test_of_very_many_the_oldest_go(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the numbers go on."""
    monkeypatch.setattr(page_rules, "KEPT", 3)
    for number in range(5):
        store.page_rules.save(f"# {number}\n", START, base=number, who="ann")
    assert [each.number for each in store.page_rules.versions()] == [5, 4, 3]
    assert [each.number for each in store.page_rules.versions(before=5, limit=1)] == [4]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("a: 1\r\nb: 2\r\n", "a: 1\nb: 2\n"),
        ("\ufeffa: 1\rb: 2", "a: 1\nb: 2\n"),
        ("a: 1 \n\n \t\r\n", "a: 1\n"),
        ("  \r\n", ""),
        ("", ""),
        ("\n  - a\n", "\n  - a\n"),
    ],
)
def test_a_text_is_kept_as_lines(sent: str, kept: str) -> None:
    """However it was sent."""
    assert as_kept(sent) == kept
    assert as_kept(kept) == kept


@pytest.mark.parametrize(
    ("text", "blank"),
    [("", True), ("\n # no\n\t\n", True), ("\ufeff", True), ("rules:", False), (" a", False)],
)
def test_a_text_without_anything(text: str, *, blank: bool) -> None:
    """Comments are nothing."""
    assert PageText(text).is_blank is blank
