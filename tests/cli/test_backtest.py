"""``watcher backtest``."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from tests.cli.running import Command
from tests.store.making import DAY, scan
from watcher.rules.files.loading import load
from watcher.store.sqlite.database import Database

RULES = """
channels: {me: {url: "json://localhost/"}}
defaults: {region: US}
rules:
  - name: rising
    watch: {sort: total_sale_7d_cnt desc}
    when: {total_sale_7d_cnt: {rises: 10%}}
    notify: [me]
  - name: never-read
    watch: {sort: total_sale_7d_cnt desc, top: 30}
    when: {total_sale_7d_cnt: {rises: 10%}}
"""


@pytest.fixture
def history(folder: Path) -> Path:
    """Ten daily scans up to now; one product rises with each, another one once."""
    rules = folder / "rules.yaml"
    rules.write_text(RULES.replace(", top: 30", ""), encoding="utf-8")
    key = load([rules], {}).rules[0].watch.key
    path = folder / "watcher.db"
    now = int(time.time())
    with Database.open(path) as database:
        for day in range(10):
            high = 900 if day >= 8 else 1
            products = {"1": 100 * 1.5 ** (day // 2), "2": float(high)}
            database.history.record(scan(now - (10 - day) * DAY, products, watch=key))
    return path


def test_a_list_without_a_region_names_none(watcher: Command, history: Path) -> None:
    """A shop may be of none."""
    rules = history.with_name("rules.yaml")
    shop = 'watch: {shop: "7495981769829615944"}'
    text = RULES.replace("defaults: {region: US}", "").split("  - name: never")[0]
    rules.write_text(text.replace("watch: {sort: total_sale_7d_cnt desc}", shop), "utf-8")
    key = load([rules], {}).rules[0].watch.key
    with Database.open(history) as database:
        now = int(time.time())
        for day in range(3):
            database.history.record(scan(now - (3 - day) * DAY, {"1": 5.0 * day}, watch=key))
    assert "rising on rising: 3 scans, " in watcher("backtest", "rising").out


@pytest.mark.usefixtures("history")
def test_what_would_have_been_told(watcher: Command) -> None:
    """When, of which products, how many messages a week, and who most often."""
    result = watcher("backtest", "rising")
    assert result.code == 0
    assert result.err == ""
    assert "rising on rising (US): 10 scans, " in result.out
    assert "[info] rising: 2 products (US)" in result.out
    assert "Product 1, Product 2" in result.out or "Product 2, Product 1" in result.out
    assert "me: 4 messages, 2.8 a week" in result.out
    assert "2 products fired 5 times; 5 ended, 0 fire at the end." in result.out
    shown = result.out.split("Most often told")[1].splitlines()
    assert shown[1].split()[:4] == ["Product", "1", "1", "4"]


@pytest.mark.usefixtures("history")
def test_only_the_days_asked_for(watcher: Command) -> None:
    """As JSON."""
    result = watcher("backtest", "rising", "--days", "3", "--json")
    data = json.loads(result.out)
    assert data["scans"] in (2, 3)  # the oldest of them lies on the edge
    assert data["fired"] == 2
    assert data["told"][0]["channel"] == "me"
    message = data["told"][0]["message"]
    assert message["rule"] == "rising"
    assert re.fullmatch(r"\[info\] rising: \d products? \(US\)", message["title"])
    assert message["items"][0]["why"][0]["condition"] == "rises 10% from last"


@pytest.mark.usefixtures("history")
def test_a_rule_that_tells_nobody(watcher: Command) -> None:
    """Is shown what a channel would have heard."""
    result = watcher("backtest", "never-read")
    assert "nobody: 4 messages" in result.out
    assert "The rule tells nobody" in result.out


@pytest.mark.usefixtures("history")
def test_several_rules_from_one_read(watcher: Command) -> None:
    """Each with its own sums, and what the channels would have heard of all."""
    result = watcher("backtest", "rising", "never-read")
    assert result.code == 0
    assert "2 rules: 10 scans, " in result.out
    (rising,) = (line.split() for line in result.out.splitlines() if line.startswith("rising"))
    assert rising == ["rising", "rising", "4", "2.8", "2", "5", "5", "0"]
    assert "me: 4 messages, 2.8 a week" in result.out
    assert "nobody: 4 messages, 2.8 a week" in result.out
    data = json.loads(watcher("backtest", "--all", "--json").out)
    begin, end = (
        re.search(r"scans, (.+) UTC to (.+) UTC", result.out) or pytest.fail("no times")
    ).groups()
    assert begin < end
    assert {each["rule"] for each in data["rules"]} >= {"rising", "never-read"}
    assert {each["name"]: each["messages"] for each in data["channels"]}["me"] == 4
    assert [told["rules"] for told in data["told"]].count(["rising"]) == 4
    span = ", ".join(result.out.splitlines()[0].split(", ")[1:])
    assert span in watcher("backtest", "rising").out


def test_some_rules_must_be_meant(watcher: Command) -> None:
    """Neither none, nor some and all."""
    for given in ((), ("rising", "--all")):
        result = watcher("backtest", *given)
        assert result.code == 2
        assert "name some rules, or say --all" in result.err


def test_what_can_not_be_tried(watcher: Command, history: Path, folder: Path) -> None:
    """Each with one line that says what to do."""
    assert 'no rule "risin", did you mean "rising"?' in watcher("backtest", "risin").err
    (folder / "rules.yaml").write_text(RULES, encoding="utf-8")
    result = watcher("backtest", "never-read")
    assert result.code == 1
    assert "no stored scan of the watch never-read" in result.err
    history.unlink()
    result = watcher("backtest", "rising")
    assert result.code == 1
    assert "watcher.db" in result.err
