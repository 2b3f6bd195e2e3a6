"""Priorities in the log where systemd's journal reads it, and nowhere else."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from watcher.cli.journal import marked

_LOGS = """
import structlog
from watcher.cli.logs import configure
configure({style!r}, "debug")
log = structlog.get_logger("watcher.x")
for level in ("debug", "info", "warning", "error", "critical"):
    getattr(log, level)("said", level_is=level)
try:
    raise ValueError("one\\ntwo")
except ValueError:
    log.exception("broke")
"""


def run(*command: str, journal: str = "this", folder: Path | None = None) -> list[str]:
    """The lines of standard error of a process that is told which stream is the journal's."""
    reading, writing = os.pipe()
    stream = os.fstat(writing)
    named = {"this": f"{stream.st_dev}:{stream.st_ino}", "other": f"{stream.st_dev}:1"}.get(journal)
    env = {name: value for name, value in os.environ.items() if name != "JOURNAL_STREAM"}
    if named is not None:
        env["JOURNAL_STREAM"] = named
    with os.fdopen(reading, encoding="utf-8") as lines:
        process = subprocess.Popen(
            [sys.executable, *command], stderr=writing, stdout=subprocess.DEVNULL, env=env,
            cwd=folder,
        )  # fmt: skip
        os.close(writing)
        said = lines.read().splitlines()
    process.wait()
    return said


def test_each_line_has_its_priority() -> None:
    """By its level, those of a traceback, too."""
    lines = run("-c", _LOGS.format(style="text"))
    assert all(re.match(r"<[2-7]>", line) for line in lines)
    by_level = {}
    for line in lines:
        if level := re.search(r"level_is=(\w+)", line):
            by_level[level[1]] = line[:3]
    assert by_level == {
        "debug": "<7>", "info": "<6>", "warning": "<4>", "error": "<3>", "critical": "<2>",
    }  # fmt: skip
    traceback = lines[next(n for n, line in enumerate(lines) if "broke" in line) :]
    assert len(traceback) > 3
    assert {line[:3] for line in traceback} == {"<3>"}


@pytest.mark.parametrize(
    ("style", "journal"), [("json", "this"), ("text", "other"), ("text", "none"), ("json", "none")]
)
def test_nothing_is_marked_elsewhere(style: str, journal: str) -> None:
    """JSON stays JSON; a file or a terminal that standard error was led to reads as it did."""
    lines = run("-c", _LOGS.format(style=style), journal=journal)
    assert lines
    assert not [line for line in lines if line.startswith("<")]
    if style == "json":
        assert {json.loads(line)["level"] for line in lines} >= {"debug", "critical"}


@pytest.mark.parametrize("journal", ["this", "other"])
def test_what_ends_the_daemon_is_an_error(journal: str, tmp_path: Path) -> None:
    """Each fault of a rule file is a line of its own."""
    (tmp_path / "rules.yaml").write_text("rules: [{name: a}]\nwatchs: 1\n", encoding="utf-8")
    lines = run("-m", "watcher", "run", "--listen", "off", journal=journal, folder=tmp_path)
    faults = [line for line in lines if "rules.yaml:" in line]
    assert len(faults) > 1
    marks = {line.startswith("<3>") for line in lines}
    assert marks == {journal == "this"}


def test_levels_between_have_the_lower_ones() -> None:
    """As a library's own level has."""
    assert marked("a", logging.WARNING + 5) == "<4>a"
    assert marked("a\nb", 1) == "<7>a\n<7>b"
