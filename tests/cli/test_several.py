"""Commands on rules of several watches, and on rules that are not enabled."""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path

import pytest

from tests.cli.running import Command
from tests.store.making import scan
from watcher.notification.policy import policies_of
from watcher.pipeline import evaluate
from watcher.rules.files.loading import load
from watcher.store.sqlite.database import Database

RULES = """
channels: {me: {url: "json://localhost"}}
defaults: {region: US, notify: [me]}
watches:
  mine: {sort: total_sale_7d_cnt desc}
  rival: {region: GB, sort: total_sale_30d_cnt desc}
  idle: {top: 10}
rules:
  - {name: both, watch: [mine, rival], when: {total_sale_7d_cnt: {at_least: 10}}}
  - {name: off, watch: [mine, idle], when: {total_sale_7d_cnt: {at_least: 10}}, enabled: false}
"""


@pytest.fixture
def rules(folder: Path) -> Path:
    """A scan of each list that is read; the rule file."""
    path = folder / "rules.yaml"
    path.write_text(RULES, encoding="utf-8")
    book = load([path], {})
    last = int(time.time()) - 3600
    with Database.open(folder / "watcher.db") as database:
        database.rules.sync(book.marks, last)
        for number, watch in enumerate(book.used_watches):
            made = scan(last + number, {str(number): 20.0}, watch=watch.key,
                        region=watch.query.region)  # fmt: skip
            chosen = book.rules_of(watch)
            evaluate(
                database, made, chosen, policies_of(book.channels), book.metrics, last + number
            )
    return path


def test_check_says_what_is_not_read(watcher: Command, rules: Path) -> None:
    """And reckons no credits for it."""
    found = watcher("check")
    assert found.code == 0
    told = " ".join((found.out + found.err).split())
    assert "only rules with enabled: false use this watch: it is not read" in told
    costs = json.loads(watcher("check", "--json").out)["forecast"]["watches"]
    assert [each["watch"] for each in costs] == ["mine", "rival"]
    assert rules.exists()


def test_status_alerts_and_exports_name_the_list(watcher: Command, rules: Path) -> None:
    """Wherever a rule has several."""
    out = watcher("status").out
    assert "mine, rival" in out
    assert "not enabled" in out
    out = watcher("alerts").out
    assert "both (on mine)" in out
    assert "both (on rival)" in out
    found = json.loads(watcher("alerts", "--json").out)
    assert {each["product_id"]: each["watch"] for each in found} == {"0": "mine", "1": "rival"}
    rows = csv.DictReader(watcher("export", "--what", "alerts").out.splitlines())
    assert {each["product_id"]: each["watch"] for each in rows} == {"0": "mine", "1": "rival"}
    assert rules.exists()


def test_explain_says_on_which_list(watcher: Command, rules: Path) -> None:
    """In the region of either; in another none of them is."""
    assert "Judged on the newest scan of rival:" in watcher("explain", "both", "1").out
    assert "Judged on the newest scan of mine:" in watcher("explain", "both", "0").out
    assert watcher("explain", "both", "1", "--region", "gb").code == 0
    wrong = watcher("explain", "both", "1", "--region", "DE")
    assert (wrong.code, "watches US, GB, not DE" in wrong.err) == (1, True)
    assert rules.exists()


def test_nothing_is_bought_for_a_rule_that_is_not_enabled(watcher: Command, rules: Path) -> None:
    """It is refused, with what to do."""
    refused = watcher("once", "--rule", "off")
    assert refused.code == 1
    assert "has enabled: false" in refused.err
    assert watcher("backtest", "off", "--days", "30").code == 0
    assert rules.exists()
