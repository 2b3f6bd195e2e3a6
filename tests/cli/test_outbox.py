"""``watcher outbox``."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.cli.running import Command
from tests.delivery.messages import operator
from watcher.message import NotificationState
from watcher.store.sqlite.database import Database

NOW = int(time.time())


@pytest.fixture
def database(folder: Path) -> Path:
    """Messages 1 and 2 wait for me/1, 3 is dead, 4 was sent to boss/1."""
    path = folder / "watcher.db"
    with Database.open(path) as store:
        outbox = store.outbox
        for number in range(3):
            outbox.add("me", ["me/1"], operator(f"text {number}"), NOW - 7200 + number)
        outbox.add("boss", ["boss/1"], operator("sent"), NOW)
        outbox.failed(1, NOW, "json: HTTP 503 Service Unavailable", NOW + 3600)
        outbox.dead(3, NOW, "json: HTTP 404 Not Found")
        outbox.sent(4, NOW)
    return path


def _states(path: Path) -> list[NotificationState]:
    with Database.open(path) as store:
        return [row.state for row in reversed(store.outbox.list())]


WAITING, SENT = NotificationState.WAITING, NotificationState.SENT
DEAD, DROPPED = NotificationState.DEAD, NotificationState.DROPPED


@pytest.mark.usefixtures("database")
def test_lists_what_waits_or_is_dead(watcher: Command) -> None:
    """The newest first, with the last error; what was sent only where it is asked for."""
    lines = watcher("outbox", "list").out.splitlines()
    rows = [line.split()[:4] for line in lines[1:] if line.split()[0].isdigit()]
    assert rows == [
        ["3", "me/1", "dead", "1"],
        ["2", "me/1", "waiting", "0"],
        ["1", "me/1", "waiting", "1"],
    ]
    assert "json: HTTP 404 Not Found" in "\n".join(lines)
    assert "4" in watcher("outbox", "list", "--state", "sent").out
    assert watcher("outbox", "list", "--target", "boss/1").out == "No messages match.\n"
    assert "The newest 1; --limit shows more." in watcher("outbox", "list", "--limit", "1").out


@pytest.mark.usefixtures("database")
def test_lists_as_json(watcher: Command) -> None:
    """Times as Unix seconds."""
    (first,) = json.loads(watcher("outbox", "list", "--state", "dead", "--json").out)
    assert (first["id"], first["target"], first["state"], first["tries"]) == (3, "me/1", "dead", 1)
    assert (first["error"], first["finished"]) == ("json: HTTP 404 Not Found", NOW)
    assert (first["next_try"], first["told_by"]) == (None, None)


@pytest.mark.usefixtures("database")
def test_fits_a_terminal(watcher: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """80 columns, whatever a title or an error says."""
    with Database.open(Path("watcher.db")) as store:
        store.outbox.add("me", ["me/1"], operator("x" * 500), NOW)
        store.outbox.dead(5, NOW, "y" * 500 + "\x1b[31m\nz")
    monkeypatch.setattr("watcher.cli.output._PIPED_WIDTH", 80)
    out = watcher("outbox", "list").out
    assert max(len(line) for line in out.splitlines()) <= 80
    assert "\x1b" not in out


def test_retries(watcher: Command, database: Path) -> None:
    """Dead ones by id, target or all; one that waits for a later try by its id."""
    assert watcher("outbox", "retry", "3").out == "Message 3 is tried again.\n"
    assert _states(database) == [WAITING, WAITING, WAITING, SENT]
    assert watcher("outbox", "retry", "--all").out == "No dead messages.\n"
    assert watcher("outbox", "retry", "1", "3").out == "2 messages are tried again.\n"
    with Database.open(database) as store:
        assert {row.next_try <= time.time() for row in store.outbox.list()} == {True}
        for row in (1, 2):
            store.outbox.dead(row, NOW, "gone")
    assert watcher("outbox", "retry", "--target", "me/1").out == "3 messages are tried again.\n"


def test_drops(watcher: Command, database: Path) -> None:
    """By id, target or all; what was sent stays sent."""
    assert watcher("outbox", "drop", "2").out == "Message 2 is given up.\n"
    assert _states(database) == [WAITING, DROPPED, DEAD, SENT]
    assert watcher("outbox", "drop", "--target", "me/1").out == "2 messages are given up.\n"
    assert watcher("outbox", "drop", "--all").out == "No messages wait or are dead.\n"
    assert _states(database) == [DROPPED, DROPPED, DROPPED, SENT]


@pytest.mark.parametrize("verb", ["retry", "drop"])
@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("3", "99"), 1, "no message 99; `watcher outbox list` shows them"),
        (("3", "4"), 1, "message 4 was sent to boss/1 already"),
        (("3", "5"), 1, "message 5 was given up by `watcher outbox drop`"),
        (("3", "6"), 1, "message 6 is told by message 7; name that"),
        (("--target", "you/1"), 1, 'no messages to "you/1"'),
        ((), 2, "give ids, --target NAME or --all"),
        (("--all", "3"), 2, "give ids, --target NAME or --all"),
        (("--all", "--target", "me/1"), 2, "give ids, --target NAME or --all"),
        (("0",), 2, "0 is not in the range"),
        (("three",), 2, "not a valid integer"),
    ],
)
def test_refuses(
    watcher: Command, database: Path, verb: str, arguments: tuple[str, ...], code: int, message: str
) -> None:
    """In one line, and nothing is changed."""
    with Database.open(database) as store:
        store.outbox.add("you", ["he/1"], operator("dropped"), NOW)
        store.outbox.drop([5], NOW)
        store.outbox.add("you", ["she/1"], operator("joined"), NOW)
        store.backlog.join("she/1", [6], operator("joins"), NOW)
    before = _states(database)
    result = watcher("outbox", verb, *arguments)
    assert result.code == code
    assert message in result.err
    assert _states(database) == before
    assert "told by 7" in watcher("outbox", "list", "--state", "joined").out


def test_without_a_database(watcher: Command, folder: Path) -> None:
    """It makes none."""
    for arguments in (("list",), ("retry", "--all"), ("drop", "1")):
        result = watcher("outbox", *arguments)
        assert (result.code, "no such database" in result.err) == (1, True)
    assert not (folder / "watcher.db").exists()
