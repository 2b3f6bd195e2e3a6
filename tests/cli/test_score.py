"""``watcher score`` and ``watcher tune``, as one runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.running import Command
from tests.fakes.selling import Shop, steps
from watcher.daemon.clock import FastClock, keep_clock
from watcher.rules.files.loading import load
from watcher.store.sqlite.database import Database

RULES = """rules:
  - name: rising
    watch: WATCH
    when:
      sales_growth: {at_least: 150%}    # two and a half times
  - {name: cheap, watch: WATCH, when: {spu_avg_price: {below: 9}}}
  - {name: fresh, watch: WATCH, when: {appears: true}}
  - {name: silent, watch: WATCH, when: {total_sale_7d_cnt: {above: 1m}}}
"""
FLAT = {f"flat {number}": steps((200, 10)) for number in range(12)}


@pytest.fixture
def shop(folder: Path) -> Shop:
    """Told of: one that went on, one that fell back twice, a price that rose again."""
    path = folder / "watcher.db"
    with Database.open(path) as database:
        up, down = steps((50, 10), (150, 40)), steps((50, 10), (3, 60), (147, 10))
        shop = Shop(database, RULES, {"up": up, "down": down, **FLAT})
        (folder / "rules.yaml").write_text(shop.text, "utf-8")
        shop.book = load([folder / "rules.yaml"], {})
        shop.read(range(40, 53), more={"up": {"spu_avg_price": 8}})
        shop.read(range(53, 80), more={"up": {"spu_avg_price": 10}})
        shop.tell("up", 52, "rising", channels=["me", "boss"])
        shop.tell("down", 52, "rising", resolved=60)
        shop.tell("down", 53, "rising", resolved=61)
        shop.tell("up", 50, "cheap")
        shop.tell("up", 60, "fresh")
    keep_clock(path, FastClock(shop.morning(80), speed=1))
    return shop


@pytest.mark.usefixtures("shop")
def test_the_scores_of_all(watcher: Command) -> None:
    """By what they claim, the noisiest first; who told nothing; the noisiest products."""
    result = watcher("score")
    assert (result.code, result.err) == (0, "")
    lines = [line.split("  ") for line in result.out.splitlines()]
    rows = {line[0]: [each.strip() for each in line[1:] if each.strip()] for line in lines}
    assert "5 alerts told; me: 5 messages, 0.9 a week; boss: 1 message, 0.2 a week" in result.out
    assert rows["rising"] == ["0.5", "3", "1", "2", "33%", "0", "0"]
    assert rows["cheap"] == ["0.2", "1", "0", "1", "0%", "0", "0"]
    assert rows["fresh"] == ["0.2", "1"]
    assert "Told nothing: silent" in result.out
    assert rows["Product down"] == ["down", "2", "0", "2"]


@pytest.mark.usefixtures("shop")
def test_the_score_of_one(watcher: Command) -> None:
    """In words; and a guard by what it claims."""
    out = watcher("score", "rising").out
    assert "3 alerts told of 2 products; me: 3 messages, 0.5 a week; boss: 1 message" in out
    assert "1 went on: 33%" in out
    assert "2 fell back" in out
    guard = watcher("score", "cheap").out
    assert "It claims no rise. Held: 14 days later it was still so: price below 9." in guard
    assert "  1 undone" in guard
    assert "1 of 1 undone within 4 days (100%)" in guard
    assert "nothing that could be measured" in watcher("score", "fresh").out
    assert "silent has told nothing" in watcher("score", "silent").out


@pytest.mark.usefixtures("shop")
def test_the_scores_for_programs(watcher: Command) -> None:
    """The same as JSON."""
    data = json.loads(watcher("score", "--json").out)
    assert data["tally"] == {
        "told": 5, "went_on": 1, "fell_back": 3, "too_young": 0, "unknown": 1,
    }  # fmt: skip
    first = data["rules"][0]
    assert (first["rule"], first["measure"], first["share"]) == ("rising", "rise", 1 / 3)
    assert data["products"][0]["product_id"] == "down"
    assert json.loads(watcher("score", "rising", "--days", "5", "--json").out)["tally"]["told"] == 0


@pytest.mark.usefixtures("shop")
def test_the_threshold_to_paste(watcher: Command, folder: Path) -> None:
    """In the manner of the file; in its place it is right as it is."""
    result = watcher("tune", "rising", "--per-week", "0.2")
    assert (result.code, result.err) == (0, "")
    assert "rising on rising: sales_growth at_least, over 40 scans" in result.out
    assert "as it is now" in result.out
    place, line = result.out.splitlines()[-2:]
    assert place == "rules.yaml:10:"
    assert line.startswith("  sales_growth: {at_least: ")
    assert line.endswith("%}    # two and a half times")
    data = json.loads(watcher("tune", "rising", "--per-week", "0.2", "--json").out)
    assert data["line"] == line.strip()
    text = (folder / "rules.yaml").read_text("utf-8").split("\n")
    text[9] = f"    {line}"
    (folder / "rules.yaml").write_text("\n".join(text), "utf-8")
    again = watcher("tune", "rising", "--per-week", "0.2")
    assert "is right as it is" in again.out
    assert "rules.yaml:10" not in again.out


@pytest.mark.usefixtures("shop")
def test_what_can_not_be_done(watcher: Command) -> None:
    """Names that are near, a rule without a number, wrong usage; each with its exit code."""
    for arguments, code, said in (
        (("score", "risng"), 1, 'no rule "risng", did you mean "rising"?'),
        (("tune", "risng"), 1, 'did you mean "rising"?'),
        (("tune", "fresh"), 1, "fresh has no threshold to tune"),
        (("tune", "rising", "--metric", "rank"), 1, "there are sales_growth"),
        (("tune", "rising", "--days", "1"), 1, "span less than a day"),
        (("tune", "rising", "--per-week", "0"), 2, "0.1"),
        (("tune", "rising", "--per-week", "nan"), 2, "nan is no number"),
        (("tune",), 2, "Missing argument 'RULE'"),
        (("score", "--db", "no.db"), 1, "no.db: no such database"),
    ):
        result = watcher(*arguments)
        assert (result.code, said in result.err) == (code, True), (arguments, result)


@pytest.mark.usefixtures("shop")
def test_what_is_not_reached_is_said(watcher: Command) -> None:
    """With what comes nearest."""
    out = watcher("tune", "rising", "--per-week", "500").out
    assert "Not reached: at most" in out
    assert "a week would have been told" in out
