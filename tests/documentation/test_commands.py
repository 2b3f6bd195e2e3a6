"""The commands that pages name in passing: there are such, with such options."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from watcher.cli.main import cli

ROOT = Path(__file__).parents[2]
SKILL = (ROOT / "docs" / "skill").rglob("*.md")
PAGES = sorted([*ROOT.glob("README*.md"), *(ROOT / "docs").glob("*.md"), *SKILL])


def named(page: Path) -> list[str]:
    """What stands in backticks and begins with the command's name, on one line or on two."""
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    found = re.findall(r"`(watcher [^`]+)`", text)
    blocks = re.findall(r"^ {4}(?:docker compose .* )?(watcher .*)$", text, re.MULTILINE)
    return [" ".join(each.split()) for each in (*found, *blocks)]


def wrong_with(line: str) -> str | None:
    """The word that is neither a command nor an option; None where all is well."""
    plain = re.sub(r"\[[A-Z ]+\]|\.\.\.", " ", line)
    words = shlex.split(plain.split(" COMMAND")[0], comments=True)[1:]
    here: click.Command = cli
    context = click.Context(cli)
    while isinstance(here, click.Group) and words and not words[0].startswith("-"):
        found = here.get_command(context, words[0])
        if found is None:
            return words[0]
        here = found
        words = words[1:]
    there = {option for each in here.params for option in (*each.opts, *each.secondary_opts)}
    there |= {"--help", "--version", "-h"}
    options = (word.partition("=")[0] for word in words if word.startswith("-"))
    return next((each for each in options if each not in there), None)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_there_are_such_commands(page: Path) -> None:
    """And options: what a page still names after it went is an error to whoever follows it."""
    for line in named(page):
        words = line.split()
        if "|" in words:  # piped on: only what is ours
            line = " ".join(words[: words.index("|")])  # noqa: PLW2901
        assert wrong_with(line) is None, line


def test_what_is_wrong_is_found() -> None:
    """A command that is not there, and an option."""
    assert wrong_with("watcher rule push") == "rule"
    assert wrong_with("watcher rules push x --buch y") == "--buch"
    assert wrong_with("watcher db copy a.db b.db --to-book c") is None
