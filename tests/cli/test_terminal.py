"""Commands on a real terminal: width, colours, progress; and piped into what ends early."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from subprocess import PIPE, run

import pytest

from tests.cli.terminal import on_terminal
from tests.store.making import DAY, firing, scan
from watcher.cli.tables import shortened
from watcher.rules.files.loading import load
from watcher.store.sqlite.database import Database

pytestmark = pytest.mark.end_to_end

ID = "1729000000000015838"
LONG = "rule with spaces and a very long name, as people write them in a hurry 0123456789"
NAMES = {
    ID: "美白保湿精华液面霜超级长的名字适合所有肤质的女士和男士使用" * 5,
    "1729000000000055433": "كريم العناية بالبشرة الفاخر للنساء \x1b[31m💄 " + "word " * 60,
}
RULES = f"""
channels: {{growth-team-north-america: {{url: "json://localhost/"}}}}
defaults: {{region: US, notify: growth-team-north-america}}
rules:
  - name: {LONG}
    watch: {{sort: total_sale_7d_cnt desc, top: 50}}
    when: {{total_sale_7d_cnt: {{at_least: 1}}}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A rule file, and a database with long names and a failing watch."""
    path = tmp_path_factory.mktemp("terminal")
    (path / "rules.yaml").write_text(RULES, encoding="utf-8")
    watch = load([path / "rules.yaml"], {}).rules[0].watch
    now = int(time.time())
    with Database.open(path / "watcher.db") as database:
        for day in range(8):
            found = scan(
                now - (8 - day) * DAY,
                dict.fromkeys(NAMES, 100.0 + day),
                watch=watch.key,
                names=NAMES,
            )
            recorded = database.history.record(found)
        database.alerts.save([firing(LONG, int(key), now) for key in recorded.products])
        database.health.failing("watch", watch.key, "HTTP 503 " + "upstream " * 30, now - 60)
    return path


COMMANDS = [
    ("status",),
    ("alerts",),
    ("check",),
    ("product", ID),
    ("explain", LONG, ID),
    ("backtest", LONG),
    ("score",),
    ("tune", LONG),
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: arguments[0])
@pytest.mark.parametrize("columns", [60, 80])
def test_nothing_is_wider_than_the_terminal(
    folder: Path, arguments: Sequence[str], columns: int
) -> None:
    """And the product's id is whole wherever it is shown."""
    seen = on_terminal(folder, columns, *arguments)
    assert seen.code == 0, seen.raw
    assert seen.widest <= columns
    if arguments[0] in ("alerts", "product", "explain", "backtest"):
        assert ID in "\n".join(seen.lines)


def test_errors_are_wrapped_between_words(folder: Path) -> None:
    """On a terminal; piped they are one line."""
    seen = on_terminal(folder, 60, "product", "nosuch")
    assert (seen.code, seen.widest <= 60) == (1, True)
    piped = _piped(folder, "product", "nosuch")
    assert piped == (1, "", " ".join(" ".join(seen.lines).split()) + "\n")


def test_colours_are_for_terminals_that_want_them(folder: Path) -> None:
    """Neither with NO_COLOR, nor on a dumb terminal, whose width counts all the same."""
    assert on_terminal(folder, 80, "status").coloured
    assert not on_terminal(folder, 80, "status", NO_COLOR="1").coloured
    dumb = on_terminal(folder, 60, "status", TERM="dumb")
    assert "\x1b" not in dumb.raw
    assert dumb.widest <= 60


def test_long_work_counts_on_a_terminal_only(folder: Path) -> None:
    """A line that says how much is done of how much, and nothing of it in a pipe."""
    shown = on_terminal(folder, 80, "backtest", LONG)
    assert any("/8 scans" in line for line in shown.lines)
    assert shown.widest <= 80
    assert "/8 scans" not in on_terminal(folder, 80, "backtest", LONG, TERM="dumb").raw
    piped = _piped(folder, "backtest", LONG)
    assert piped == (0, piped[1], "")
    assert "\x1b" not in piped[1]


def test_an_encoding_without_the_characters_is_no_error(folder: Path) -> None:
    """Their nearest are written; JSON is UTF-8 whatever the terminal is."""
    env = {"PYTHONIOENCODING": "ascii"}
    for arguments in (("alerts",), ("product", ID)):
        code, out, err = _piped(folder, *arguments, **env)
        assert (code, err) == (0, "")
        assert out.isascii()
        seen = on_terminal(folder, 80, *arguments, **env)
        assert seen.raw.isascii()
        assert seen.widest <= 80
    data = json.loads(_piped(folder, "alerts", "--json", **env)[1])
    assert NAMES[ID] in {each["name"] for each in data}


@pytest.mark.parametrize("arguments", [("schema",), ("alerts", "--json"), ("--help",)])
def test_a_reader_that_goes_is_no_traceback(folder: Path, arguments: Sequence[str]) -> None:
    """As ``head`` does: no word of it on stderr."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = run(_command(arguments), cwd=folder, stdout=writer, stderr=PIPE, check=False)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_names_are_shortened_not_dropped(folder: Path) -> None:
    """What fits of them, and a sign that there is more."""
    text = "\n".join(on_terminal(folder, 80, "alerts").lines)
    assert "…" in text
    assert shortened(NAMES[ID], 11)[:-1] in text


def _command(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "watcher", *arguments]


def _piped(folder: Path, *arguments: str, **env: str) -> tuple[int, str, str]:
    done = run(
        _command(arguments),
        cwd=folder,
        env={**os.environ, **env},
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    return done.returncode, done.stdout, done.stderr
