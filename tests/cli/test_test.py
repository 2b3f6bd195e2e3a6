"""``watcher test``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.running import Command

RULES = """
channels: {me: {url: "${SLACK_URL}"}}
rules:
  - name: rising
    watch: {region: US, sort: total_sale_7d_cnt desc}
    when: {total_sale_7d_cnt: {rises: 10%}}
    notify: [me]
"""
GOOD = """
rules: rules.yaml
env: {SLACK_URL: "json://localhost"}
tests:
  - name: rises
    products: {"1001": {total_sale_7d_cnt: 100x2 120}}
    alerts: [{at: 1d}, {at: 2d, firing: ["1001"]}]
"""


@pytest.fixture
def good(folder: Path) -> Path:
    """Rules, and a test of them that passes."""
    (folder / "rules.yaml").write_text(RULES, encoding="utf-8")
    path = folder / "good.yaml"
    path.write_text(GOOD, encoding="utf-8")
    return path


@pytest.fixture
def bad(folder: Path, good: Path) -> Path:
    """A test that fails."""
    path = folder / "bad.yaml"
    path.write_text(good.read_text("utf-8").replace("{at: 1d}", "{at: 1d, firing: [1001]}"))
    return path


def test_what_passes_is_counted(watcher: Command, good: Path) -> None:
    """And nothing more is said."""
    result = watcher("test", good, good)
    assert (result.code, result.out, result.err) == (0, "2 passed, 0 failed\n", "")


def test_what_fails_is_shown(watcher: Command, good: Path, bad: Path) -> None:
    """The test, the time, expected against got, the values; exit 1."""
    result = watcher("test", good, bad)
    assert result.code == 1
    assert result.out.splitlines() == [
        f"{bad}:5: rises: failed",
        "  line 7: scan 1, 1d after the start (2026-01-02 00:00 UTC)",
        "    firing: expected 1001, got nothing",
        "    1001  7-day sales 100, rises 10% from last: not met (from 100, 1d before)",
        "",
        "1 passed, 1 failed",
    ]


def test_a_file_that_can_not_be_read_does_not_stop_the_others(
    watcher: Command, good: Path, folder: Path
) -> None:
    """Its problems go to stderr, each with its place."""
    (folder / "broken.yaml").write_text("rules: rules.yaml\ntests: [{name: a}]\nmore: 1\n")
    result = watcher("test", "broken.yaml", good)
    assert result.code == 1
    assert 'broken.yaml:3:1: unknown field "more"' in result.err
    assert result.out == "1 passed, 0 failed, 1 file unreadable\n"


def test_as_json(watcher: Command, good: Path, bad: Path) -> None:
    """Every test with its differences."""
    result = watcher("test", "--json", good, bad)
    assert result.code == 1
    data = json.loads(result.out)
    assert data["ok"] is False
    assert [test["passed"] for test in data["tests"]] == [True, False]
    assert data["tests"][1]["differences"][0]["compared"] == [["firing", ["1001"], []]]


def test_a_file_is_needed(watcher: Command) -> None:
    """Without one the usage is shown."""
    assert watcher("test").code == 2
