"""What commands print and log: fit for a terminal, whatever stands in it."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog
from rich.tree import Tree

from watcher.cli.logs import configure
from watcher.cli.main import main
from watcher.cli.output import console, print_json, table
from watcher.cli.text import plain, plain_lines

NAME = "a\x1b[31m\x9b2J\u202eb\x07\r[red]c[/] :boom:\u2066"


@pytest.fixture
def logs() -> Iterator[None]:
    """Logging as it was, afterwards."""
    root, ours = logging.getLogger(), logging.getLogger("watcher")
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    ours.setLevel(logging.NOTSET)
    structlog.reset_defaults()


def test_plain() -> None:
    """Control characters and what turns the reading direction become spaces."""
    assert plain("a\x1b[31mb\n\u202ec") == "a [31mb  c"
    assert plain_lines("a\x1bb\nc\u2028d") == "a b\nc d"


def test_the_console_prints_names_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    """In a line, a table or a tree: neither colours nor markup of the name's own."""
    out = console()
    tree = Tree(NAME)
    tree.add(NAME)
    out.print(NAME)
    out.print(table(("Name",), [(NAME,)]))
    out.print(tree)
    printed = capsys.readouterr().out
    assert printed.count("[red]c[/] :boom:") == 4
    assert not set(printed) & set("\x1b\x9b\u202e\x07\r\u2066")


def test_json_holds_no_control_characters(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """They are escaped, so that a program reads the same text."""
    print_json({"name": NAME})
    printed = capsysbinary.readouterr().out.decode()
    assert json.loads(printed) == {"name": NAME}
    assert not set(printed) & set("\x1b\x9b\u202e\x07\r\u2066")


def test_an_error_is_printed_plain(capsys: pytest.CaptureFixture[str], tmp_path: object) -> None:
    """The one line that a command fails with may name what the user typed, or the source said."""
    with pytest.raises(SystemExit):
        main(["channel", "list", "--rules", f"{tmp_path}/{NAME}.yaml"])
    assert "\x1b" not in capsys.readouterr().err


@pytest.mark.parametrize("style", ["text", "json"])
@pytest.mark.usefixtures("logs")
def test_a_log_event_is_one_line(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A message from outside forges no second one; a traceback keeps its own lines only."""
    configure("text" if style == "text" else "json", "info")
    structlog.get_logger("watcher.x").warning("failed", error=f"a\n2026-01-01 forged {NAME}")
    logging.getLogger("y").warning("other\nforged \x1b[31m")
    structlog.get_logger("watcher.x").error("broke", exc_info=ValueError(NAME))
    sys.stderr.flush()
    printed = capsys.readouterr().err
    assert "broke" in printed
    assert not set(printed) & set("\x1b\x9b\u202e\x07\r\u2066")
    assert not [
        line for line in printed.splitlines() if line.startswith(("2026-01-01 f", "forged"))
    ]


@pytest.mark.usefixtures("logs")
def test_libraries_are_not_heard_below_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    """At DEBUG they say addresses and headers, whatever they are called."""
    configure("text", "debug")
    structlog.get_logger("watcher.x").debug("ours")
    for name in ("urllib3.connectionpool", "apprise", "some.plugin"):
        logging.getLogger(name).info("json://user:password@localhost")
    printed = capsys.readouterr().err
    assert "ours" in printed
    assert "password" not in printed
