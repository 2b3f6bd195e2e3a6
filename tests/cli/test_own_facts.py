"""What commands say of the user's own numbers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.running import Command
from tests.store.making import START, scan
from watcher.rules.files.loading import load
from watcher.store.sqlite.database import Database

RULES = """
channels: {me: {url: "json://localhost/"}}
defaults: {region: US, notify: me}
facts: {file: products.csv}
metrics: {room: total_sale_7d_cnt - target}
watches: {mine: {sort: total_sale_7d_cnt desc}}
rules: [{name: r, watch: mine, when: {total_sale_7d_cnt: {at_most: target}}}]
"""
CSV = "product_id,target,note\n1,10,my best\n9,n/a,\n8,3,\n"


@pytest.fixture
def watcher(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Command:
    """Commands in a folder with rules, their file, and a database with a scan."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.yaml").write_text(RULES, "utf-8")
    (tmp_path / "products.csv").write_text(CSV, "utf-8")
    (watch,) = load([tmp_path / "rules.yaml"], {}).used_watches
    with Database.open(tmp_path / "watcher.db") as database:
        database.history.record(scan(START, {"1": 8, "2": 9}, watch=watch.key))
    return Command(capsys)


def test_check_names_unknown_ids_and_bad_cells(watcher: Command) -> None:
    """And goes on: they are no errors."""
    found = watcher("check")
    assert found.code == 0
    assert 'products.csv:3:1: target: "n/a" is no number' in found.out
    assert "2 of its 3 products were seen by no watch yet: 9 (line 3), 8 (line 4)" in found.out
    said = json.loads(watcher("check", "--json").out)
    assert any(each["file"] == "products.csv" for each in said["warnings"])


def test_check_refuses_a_file_that_is_gone(watcher: Command, tmp_path: Path) -> None:
    """Though a daemon goes on with its copy, as other commands do."""
    with Database.open(tmp_path / "watcher.db") as database:
        database.rules.keep_files({str(tmp_path / "products.csv"): CSV.encode()}, START)
    (tmp_path / "products.csv").unlink()
    found = watcher("check")
    assert found.code == 1
    assert "facts.file: products.csv: there is no such file" in found.err
    assert watcher("status").code == 0


def test_product_and_export(watcher: Command) -> None:
    """The row of a product; metrics made of it, with the numbers of today."""
    shown = watcher("product", "1", "--metric", "room", "--days", 3_650)
    assert "your own: target 10 \u00b7 note my best" in shown.out
    assert "room -2" in shown.out
    said = json.loads(watcher("product", "1", "--metric", "target", "--days", 3_650, "--json").out)
    assert said["facts"] == {"target": 10.0, "note": "my best"}
    rows = watcher("export", "--metric", "room", "--metric", "target").out.splitlines()
    assert rows[0].endswith("room,target")
    assert [row.split(",")[-2:] for row in rows[1:]] == [["-2", "10"], ["", ""]]


def test_explain_says_which_number_is_missing(watcher: Command) -> None:
    """And names the file."""
    assert "at most target (10)" in watcher("explain", "r", "1").out
    assert "the product has no target in products.csv" in watcher("explain", "r", "2").out


def test_completion_offers_columns(watcher: Command) -> None:
    """Of numbers, beside all other metrics."""
    from watcher.cli.completion import metric_names
    from watcher.cli.product import command

    offered = metric_names(command.make_context("product", ["1"]), command.params[0], "targ")
    assert [each.value for each in offered] == ["target"]
