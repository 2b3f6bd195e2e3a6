"""Texts of the API can't call, link, format, turn or hide."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.delivery.messages import HOSTILE
from watcher.text.sanitize import (
    escape_markdown,
    escape_slack,
    neutralise,
    neutralise_lines,
    neutralise_name,
    shorten,
)


@pytest.mark.parametrize(
    "mention",
    ["@everyone", "@here", "<!channel>", "<@U012>", "<#C1>", "<b>", "</b>", "http://", ":fire:"],
)
def test_breaks_mentions_tags_and_addresses(mention: str) -> None:
    """No service finds its own mark in what is left; the reader sees the same letters."""
    harmless = neutralise(f"a {mention} b")
    assert mention not in harmless
    assert harmless.replace("\u200b", "") == f"a {mention} b"


@pytest.mark.parametrize("text", ["Lamp <3", "2 @ 1 price", "a < b > c", "ratio 4:3", "Über-Öl №5"])
def test_leaves_what_is_harmless(text: str) -> None:
    """Ordinary names stay as they are."""
    assert neutralise(text) == text


@pytest.mark.parametrize("name", HOSTILE)
def test_leaves_one_visible_line(name: str) -> None:
    """Whatever comes, one line comes out, within the length, that can be encoded."""
    harmless = neutralise(name, 100)
    assert len(harmless.replace("\u200b", "")) <= 100
    assert harmless.splitlines() in ([], [harmless])
    harmless.encode()
    kept = {unicodedata.category(each) for each in harmless if each not in "\u200b\u200c\u200d"}
    assert not kept & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


@given(st.text(max_size=300), st.integers(1, 60))
def test_holds_for_any_text(name: str, longest: int) -> None:
    """No text breaks it, and a second time changes nothing that shows."""
    once = neutralise(name, longest)
    assert len(once.replace("\u200b", "")) <= longest
    assert "@everyone" not in once
    assert neutralise(once, longest).replace("\u200b", "") == once.replace("\u200b", "")


def test_cuts_stacked_marks_and_keeps_families() -> None:
    """Marks by the dozen go, the joiners of an emoji family stay."""
    assert neutralise("z" + "\u0301" * 50) == "z" + "\u0301" * 4
    assert neutralise("👩\u200d👧") == "👩\u200d👧"


def test_cuts_between_characters() -> None:
    """A cut never leaves half of a composed character."""
    assert shorten("ab👩\u200d👧cd", 5) == "ab👩…"
    assert shorten("e\u0301e\u0301e\u0301", 4) == "e\u0301…"
    assert shorten("abc", 3) == "abc"


def test_keeps_lines_where_asked() -> None:
    """A text of several lines keeps them, each harmless."""
    assert neutralise_lines("one\ntwo @all\n") == "one\ntwo @\u200ball"


def test_takes_what_is_no_text() -> None:
    """A missing text is an empty one."""
    assert neutralise(None) == ""


def test_markdown_is_taken_apart() -> None:
    """Marks become their look-alikes, also at a line's begin; only paired brackets stay."""
    assert escape_markdown("*a* [b](c) d] `e`") == "∗a∗ [b](c) d］ ˋeˋ"
    assert escape_markdown("# a\n> b #3 <3") == "＃ a\n＞ b #3 <3"
    assert escape_slack("<d> #3") == r"\<d\> #3"


@pytest.mark.parametrize("name", ["shop.example", "www.shop.example/x", "#deal", "/start", "$USD"])
def test_names_do_not_become_links(name: str) -> None:
    """What Telegram and mail programs make one of, of itself; the reader sees the same."""
    harmless = neutralise_name(f"a {name} b")
    assert name not in harmless
    assert harmless.replace("\u200b", "") == f"a {name} b"


@pytest.mark.parametrize("name", ["No.5", "1.5 ml", "N/A", "$5", "#3", "St. Ives", "a.m"])
def test_ordinary_dots_and_marks_stay(name: str) -> None:
    """Where nothing would be linked, nothing is inserted."""
    assert neutralise_name(name) == name
