"""A password that a server's URL only names."""

from __future__ import annotations

from pathlib import Path

import pytest

from watcher.cli.main import main
from watcher.cli.url_secrets import filled_in

URL = "postgresql://watcher:${DB_PASSWORD}@db.example.com/watcher"


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DB_PASSWORD", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)


def test_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever stands in it: the URL stays one."""
    monkeypatch.setenv("DB_PASSWORD", "a/b@c:d%e ${DB_PASSWORD}")
    whole = "postgresql://watcher:a%2Fb%40c%3Ad%25e%20%24%7BDB_PASSWORD%7D@db.example.com/watcher"
    assert filled_in(URL) == whole


@pytest.mark.parametrize("name", ["DB_PASSWORD", "watcher_DB_PASSWORD"])
def test_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """As systemd and Docker hand it over; without the line break at its end."""
    (tmp_path / name).write_text("secret\n", encoding="utf-8")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert filled_in(URL) == "postgresql://watcher:secret@db.example.com/watcher"


@pytest.mark.parametrize("empty", [None, "", "\n"])
def test_none(monkeypatch: pytest.MonkeyPatch, empty: str | None) -> None:
    """The error says what to set; an empty one is none."""
    if empty is not None:
        monkeypatch.setenv("DB_PASSWORD", empty)
    with pytest.raises(ValueError, match=r"\$\{DB_PASSWORD\} (can't be filled in|is empty)"):
        filled_in(URL)


def test_a_path_and_a_plain_url_stay() -> None:
    """Nothing is looked for in them."""
    for text in (
        "watcher.db",
        "postgresql://watcher@db.example.com/watcher",
        "$DB_PASSWORD",
        "${A}.db",
    ):
        assert filled_in(text) == text


def test_a_command_takes_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And shows it in no message."""
    monkeypatch.setenv("DB_PASSWORD", "geheim-5f0c1e")
    monkeypatch.setenv("WATCHER_DB", "postgresql://watcher:${DB_PASSWORD}@127.0.0.1:1/watcher")
    assert _status() == 1
    said = capsys.readouterr().err
    assert "127.0.0.1:1/watcher: the server can't be reached" in said
    assert "geheim" not in said
    monkeypatch.delenv("DB_PASSWORD")
    assert _status() == 2
    assert "${DB_PASSWORD} can't be filled in" in capsys.readouterr().err


def _status() -> int:
    with pytest.raises(SystemExit) as ended:
        main(["status"])
    return int(ended.value.code or 0)
