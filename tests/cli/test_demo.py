"""``watcher demo`` takes the market that one names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from watcher.cli import demo as command
from watcher.demo import Demo, Listener, Settings
from watcher.errors import WatcherError
from watcher.source.simulator import PRESETS, Behaviour


class Enough(Exception):
    """Nothing more is to be seen."""


def nobody(*_: object) -> None:
    """A listener that does nothing."""


@pytest.mark.parametrize("name", PRESETS)
async def test_the_market_moves_as_its_preset(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each preset reaches the market that the demo serves."""
    built: list[Behaviour] = []

    def market(**given: Any) -> None:
        built.append(given["behaviour"])
        raise Enough

    monkeypatch.setattr("watcher.demo.Market", market)
    settings = Settings(now=1_800_000_000, market=name, listen=None)
    listener = Listener(nobody, nobody, nobody, nobody)
    with pytest.raises(Enough):
        await Demo(replace(settings, keep=tmp_path / "demo"), listener).run()
    assert built == [PRESETS[name]]


@pytest.mark.parametrize("arguments", [[], ["--market", "flat"], ["--market", "stormy"]])
def test_the_option_is_taken(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """``--market``, real unless said."""
    taken: list[Settings] = []

    def demo(settings: Settings, *_: object) -> None:
        taken.append(settings)
        raise Enough

    monkeypatch.setattr(command, "Demo", demo)
    monkeypatch.setattr("watcher.network.bypass_loopback", nobody)
    monkeypatch.setattr("signal.signal", nobody)
    result = CliRunner().invoke(command.command, arguments)
    assert isinstance(result.exception, Enough)
    assert [each.market for each in taken] == [arguments[-1] if arguments else "real"]


def test_an_unknown_market_is_refused() -> None:
    """With those that there are."""
    result = CliRunner().invoke(command.command, ["--market", "calm"])
    assert result.exit_code == 2
    assert "'calm' is not one of" in result.output
    assert all(name in result.output for name in PRESETS)


def test_what_is_kept_is_new(tmp_path: Path) -> None:
    """A folder that holds anything is left as it is."""
    (tmp_path / "mine").write_text("x", "utf-8")
    arguments = ["--keep", str(tmp_path), "--listen", "off", "--for", "0"]
    result = CliRunner().invoke(command.command, arguments)
    assert isinstance(result.exception, WatcherError)
    assert "is not empty" in str(result.exception)
    assert [each.name for each in tmp_path.iterdir()] == ["mine"]
