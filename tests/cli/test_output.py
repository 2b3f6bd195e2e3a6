"""What commands print and log: fit for a terminal, whatever stands in it."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from rich.tree import Tree

from watcher.cli import demo
from watcher.cli.logs import configure
from watcher.cli.main import main
from watcher.cli.output import console, print_json
from watcher.cli.rule_loading import learn_secrets, load_rules
from watcher.cli.streams import forgiving_streams
from watcher.rules.files.loading import load_text
from watcher.text.sanitize import plain, plain_lines

RULE = "rules: [{name: a, watch: {region: US}, when: {off_mark: 1}, notify: []}]"
NAME = "a\x1b[31m\x9b2J\u202eb\x07\r[red]c[/] :boom:\u2066"


@pytest.fixture
def logs() -> Iterator[None]:
    """Logging as it was, afterwards."""
    root, ours = logging.getLogger(), logging.getLogger("watcher")
    handlers, level, kept = root.handlers[:], root.level, structlog.get_config()
    yield
    root.handlers[:], root.level = handlers, level
    ours.setLevel(logging.NOTSET)
    structlog.configure(**kept)


def test_plain() -> None:
    """Control characters and what turns the reading direction become spaces."""
    assert plain("a\x1b[31mb\n\u202ec") == "a [31mb  c"
    assert plain("https\u200b://a\u2060b \ufeffc") == "https://ab c"
    assert plain_lines("a\x1bb\nc\u2028d") == "a b\nc d"


def test_the_console_prints_names_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    """In a line, a table or a tree: neither colours nor markup of the name's own."""
    out = console()
    tree = Tree(NAME)
    tree.add(NAME)
    out.print(NAME)
    out.table(("Name",), [(NAME,)])
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


@pytest.mark.usefixtures("logs")
def test_a_secret_in_an_exception_is_not_logged(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whatever a library put into it: once the rules are read, their secrets are known."""
    rules = tmp_path / "rules.yaml"
    url = "json://kanaryus3r:kanarypass@localhost/kanary-t0ken?+X-Y=kanary-head1"
    rules.write_text(
        f'channels: {{me: {{url: "{url}"}}}}\n'
        "rules: [{name: a, watch: {region: US}, when: {off_mark: 1}, notify: me}]\n"
    )
    monkeypatch.setenv("KEYAPI_KEY", "kanary-key-1")
    load_rules(rules)
    configure("text", "info")
    said = f"{url} KANARYUS3R kanarypass {{'Authorization': 'Bearer kanary-key-1'}} kanary-head1"
    structlog.get_logger("watcher.x").error("broke", error=said, exc_info=RuntimeError(said))
    logging.getLogger("asyncio").error("%s was never retrieved", said)
    printed = capsys.readouterr().err
    assert printed.count("***") > 4
    assert "kanary" not in printed.lower()


def test_a_programming_error_is_a_traceback_without_secrets(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes to stderr, and the command exits 1, as Python itself would have it."""
    learn_secrets(load_text("api: {key: kanary-key-2}\nchannels: {x: {url: 'json://a'}}\n" + RULE))

    def broken(**_: object) -> None:
        raise RuntimeError("it sent Bearer kanary-key-2 \x1b[31m")

    monkeypatch.setattr("watcher.cli.main.cli.main", broken)
    with pytest.raises(SystemExit, match="1"):
        main([])
    printed = capsys.readouterr().err
    assert "RuntimeError: it sent Bearer ***  [31m" in printed


@pytest.mark.usefixtures("logs")
def test_logs_go_to_what_stderr_is_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """A progress bar takes its place, so that a line stands above it and not in it."""
    configure("text", "warning")
    beside = io.StringIO()
    monkeypatch.setattr(sys, "stderr", beside)
    structlog.get_logger("watcher.x").warning("said")
    assert "said" in beside.getvalue()


def test_an_encoding_gets_the_nearest_character_of_the_same_width() -> None:
    """So that a table stays straight."""
    forgiving_streams()
    text = "─│┌ é e\u0301 美白 → · … 💄 ก"
    assert text.encode("ascii", "watcher.nearest") == b"-|+ e e ???? > - ~ ?? ?"


def test_the_demo_advises_a_command_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run as ``python -m watcher`` the program's own name is a file that nobody can execute."""
    monkeypatch.setattr("shutil.which", lambda _name: None)
    monkeypatch.setattr(sys, "argv", ["/somewhere/watcher/__main__.py", "demo"])
    assert demo.own_command() == f"{sys.executable} -m watcher"
    monkeypatch.setattr(sys, "argv", ["/venv/bin/watcher", "demo"])
    assert demo.own_command() == "/venv/bin/watcher"
