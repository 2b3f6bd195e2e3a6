"""Commands in a folder of their own, without the developer's environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Command


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    for name in (
        "WATCHER_RULES",
        "WATCHER_DB",
        "KEYAPI_KEY",
        "KEYAPI_TOKEN",
        "KEYAPI_URL",
        "SLACK_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def watcher(folder: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command, in that folder."""
    return Command(capsys)
