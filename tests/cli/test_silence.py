"""``watcher silence``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.running import Command
from watcher.store.sqlite.database import Database


@pytest.fixture
def database(folder: Path) -> Path:
    """An empty database."""
    path = folder / "watcher.db"
    Database.open(path).close()
    return path


@pytest.mark.usefixtures("database")
def test_a_silence_from_begin_to_end(watcher: Command) -> None:
    """Added, listed, ended, and then listed only with --all."""
    assert watcher("silence", "list").out == "No silences now; --all shows those that are over.\n"
    added = watcher(
        *("silence", "add", "--rule", "beauty-*", "--seller", "700", "--for", "2d"),
        *("--comment", "on holiday"),
    )
    assert added.code == 0
    assert added.out.startswith("Silence 1 of rule beauty-*, seller 700 until 20")
    shown = watcher("silence", "list").out
    assert "rule beauty-*, seller 700" in shown
    assert "on holiday" in shown
    assert watcher("silence", "end", "1").out == "Silence 1 of rule beauty-*, seller 700 is over.\n"
    assert watcher("silence", "list").out == "No silences now; --all shows those that are over.\n"
    (listed,) = json.loads(watcher("silence", "list", "--all", "--json").out)
    assert listed["patterns"] == {"rule": "beauty-*", "seller": "700"}
    assert (listed["id"], listed["on"], listed["comment"]) == (1, False, "on holiday")
    again = watcher("silence", "end", "1")
    assert again.code == 1
    assert again.err.startswith("silence 1 is over since 20")


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("add", "--for", "2d"), 2, "at least one of --rule, --product, --seller, --category"),
        (("add", "--rule", "", "--for", "2d"), 2, "at least one of"),
        (("add", "--rule", "a"), 2, "--for"),
        (("add", "--rule", "a", "--for", "soon"), 2, "is no duration"),
        (("add", "--rule", "a", "--for", "0s"), 2, "longer than 0"),
        (("end", "7"), 1, "no silence 7; `watcher silence list` shows them"),
    ],
)
def test_refuses(watcher: Command, arguments: tuple[str, ...], code: int, message: str) -> None:
    """What is wrong in one line."""
    result = watcher("silence", *arguments)
    assert result.code == code
    assert message in result.err


def test_without_a_database(watcher: Command, folder: Path) -> None:
    """It makes none: there is nothing to be silent about."""
    result = watcher("silence", "add", "--rule", "a", "--for", "1d")
    assert result.code == 1
    assert "no such database" in result.err
    assert not (folder / "watcher.db").exists()
