"""``watcher alerts``: why they fired, and what is so now."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.cli.running import Command
from tests.store.making import DAY, scan
from watcher.model import ScanState
from watcher.notification.policy import policies_of
from watcher.pipeline import evaluate
from watcher.rules.files.loading import load
from watcher.store.sqlite.database import Database

RULES = """
channels: {me: {url: "json://localhost"}}
defaults: {region: US, notify: [me]}
rules:
  - name: live
    watch: {sort: total_sale_7d_cnt desc, top: 50}
    when: {live_share: {at_least: 50%}}
"""
LINE = "share of live sales 336% when it began, 201% now (at least 50%)"


@pytest.fixture
def rules(folder: Path) -> Path:
    """Two scans of a product, and one that was cut off; the rule file."""
    path = folder / "rules.yaml"
    path.write_text(RULES, encoding="utf-8")
    book = load([path], {})
    (watch,) = book.used_watches
    last = int(time.time()) - 3600
    days = (
        {"1": 336.0, "2": 99.0, "3": 60.0},
        {"1": 201.0, "2": 98.0, "3": 5.0},
        {"1": 201.0, "4": 1.0},
    )
    with Database.open(folder / "watcher.db") as database:
        for day, shares in enumerate(days):
            products = {
                key: {"total_sale_7d_cnt": 100.0, "total_live_sale_7d_cnt": value}
                for key, value in shares.items()
            }
            state = ScanState.PARTIAL if day == 2 else ScanState.COMPLETE
            at = last - (2 - day) * DAY
            evaluate(
                database, scan(at, products, watch=watch.key, state=state), book.rules,
                policies_of(book.channels), book.metrics, last,
            )  # fmt: skip
    return path


def test_why(watcher: Command, rules: Path) -> None:
    """With today's value beside the first; of a product not seen since, with its day."""
    assert rules.exists()
    lines = watcher("alerts").out.splitlines()
    assert lines[0].split() == ["Alert", "Rule", "Product", "State", "Since", "Why", "Told"]
    first = next(line for line in lines if "Product 1" in line)
    assert LINE in first
    assert first.endswith("  me/1 waiting")
    second = next(line for line in lines if "Product 2" in line)
    assert "share of live sales 99% when it began, 98% on " in second
    assert "; last seen " in second
    third = next(line for line in lines if "Product 3" in line)
    assert "condition ended" in third
    assert "share of live sales 60% (at least 50%)" in third


def test_as_json(watcher: Command, rules: Path) -> None:
    """As values: of the alert, and of now where it lives."""
    assert rules.exists()
    found = {row["product_id"]: row for row in json.loads(watcher("alerts", "--json").out)}
    assert found["1"]["why"][0]["value"] == 3.36
    assert found["1"]["why"][0]["condition"] == "at least 50%"
    assert found["1"]["now"]["evidence"][0]["condition"] == "at least 50%"
    assert found["1"]["now"]["evidence"][0]["value"] == 2.01
    assert (found["1"]["now"]["current"], found["2"]["now"]["current"]) == (True, False)
    assert found["3"]["now"] is None


def test_without_rules(watcher: Command, rules: Path) -> None:
    """What it began with is known all the same; a broken file is as none."""
    for text in (None, "rules: 5"):
        if text is None:
            rules.unlink()
        else:
            rules.write_text(text, encoding="utf-8")
        shown = watcher("alerts")
        assert shown.code == 0
        assert "share of live sales 336% (at least 50%)" in shown.out
        assert json.loads(watcher("alerts", "--json").out)[-1]["now"] is None
