"""Rules on groups played once more: the past as it was, and tests of rules."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.analysis.ruletests.writing import suite
from tests.fakes.shelves import Row, Shelf, Shelves, book_of
from tests.store.making import DAY, START
from watcher.analysis.backtest import backtest
from watcher.analysis.readings import Reading
from watcher.analysis.replay import Replay
from watcher.analysis.ruletests.running import run_suite
from watcher.message import Message
from watcher.model import ScanState
from watcher.rules.files.loading import load_text
from watcher.store.sqlite.database import Database
from watcher.text.messages import title_of

RULES = {
    "sum": "gmv: {rises: 20%}",
    "ago": "gmv: {rises: 20%, from: 3d ago}, size: {at_least: 5}",
    "median": "mid: {falls: 10%, from: median 5d}",
    "kept": "rising: {rises: 2, from: median 4d}",
    "crosses": "hot: {crosses_above: 30%}",
    "record": "dearest: {highest: 4d}",
    "formula": "each: {changes: 20%, from: 2d ago}",
    "top": "top: {above: 40%}, kinds: {at_least: 2}",
    "products": "total_sale_7d_cnt: {above: 40}",
}


def random_shelf(rng: np.random.Generator) -> Shelf:
    """Some of sixty products of four sellers."""
    return {
        str(n): Row(
            f"{7495 + n % 4}",
            float(rng.lognormal(5, 0.3) * (1 + n % 3)),
            float(rng.integers(5, 9)),
            bool(rng.random() < 0.3),
            str(n % 5),
        )
        for n in range(60)
        if rng.random() < 0.85
    }


def said(message: Message) -> tuple[object, ...]:
    """What a message says, but for ids."""
    items = [
        (item.rule, item.kind, item.product_id, item.name, item.size, item.why, item.reason)
        for item in message.items
    ]
    return title_of(message), message.data_at, items, message.more, message.rest


@pytest.mark.parametrize("name", RULES)
def test_a_backtest_tells_what_was_told(store: Database, name: str) -> None:
    """Message for message, of random lists of which some broke off; and so when it is played from
    a later day on, but for what began before."""
    rules = book_of({name: RULES[name]}, more=", cooldown: 3d, resolved: true")
    if name == "products":
        rules = rules.replace("watch: shelves", "watch: best")
    world, rng = Shelves(store, rules), np.random.default_rng(5)
    for day in range(14):
        state = ScanState.PARTIAL if day in (6, 9) else ScanState.COMPLETE
        world.look(random_shelf(rng), state)
    found = backtest(store, world.book, world.book.rules[0], (START, START + 100 * DAY))
    assert [said(each.message) for each in found.told] == [*map(said, world.told())]
    assert found.fired > 0
    later = backtest(store, world.book, world.book.rules[0], (START + 8 * DAY, START + 100 * DAY))
    assert later.scans == 7
    sellers = {f"seller_id={7495 + n}" for n in range(4)}
    assert name == "products" or {each.product_id for each in later.often} <= sellers


def test_a_replay_keeps_the_evidence_of_groups(store: Database) -> None:
    """Who looks at it later sees what it fired on."""
    world, rng = Shelves(store, book_of({"r": RULES["top"]})), np.random.default_rng(2)
    for _ in range(4):
        world.look(random_shelf(rng))
    reading = Reading(store, world.book.rules, (START, START + 9 * DAY))
    with store.snapshot(), Replay(reading, world.book, world.book.rules) as replay:
        told = [each for played in replay.run() for each in played.told]
        played = replay.database.alerts.by_id({each.alert for each in told})
    stored = store.alerts.by_id({row.alert.id for row in store.alerts.list("r")})
    assert [each.evidence for each in played] == [each.evidence for each in stored]


SUITE = """
  - name: a shelf heats up
    rule: heats
    products:
{products}
    alerts:
      - {{at: 0d, firing: []}}
      - {{at: 1d, firing: ["seller_id=7495"], told: ["seller_id=7495"]}}
      - {{at: 2d, firing: []}}
"""


def test_tests_of_rules_name_groups(tmp_path: Path) -> None:
    """By what they are grouped by; and a test that is wrong says what was compared."""
    lines = "".join(
        f'      "{n}": {{total_sale_gmv_7d_amt: 100 150 150, seller_id: "{7495 + n // 12}"}}\n'
        if n < 12
        else f'      "{n}": {{total_sale_gmv_7d_amt: 100 101 102, seller_id: "{7495 + n // 12}"}}\n'
        for n in range(24)
    )
    rules = (
        'channels: {me: {url: "${SLACK_URL}"}}\ndefaults: {region: US, notify: [me]}\n'
        + book_of({"heats": "gmv: {rises: 30%}"})
    )
    good = SUITE.format(products=lines.rstrip())
    found = [str(each) for each in run_suite(suite(tmp_path, good, rules))]
    assert found == ["passed: a shelf heats up"]
    wrong = good.replace('1d, firing: ["seller_id=7495"]', '1d, firing: ["seller_id=7496"]')
    (text,) = [str(each) for each in run_suite(suite(tmp_path, wrong, rules))]
    assert "expected seller_id=7496, got seller_id=7495" in text
    assert "gmv 1,800, rises 30% from last: met (from 1,200" in text


def test_the_book_that_is_tried_may_be_new(store: Database) -> None:
    """Rules that the daemon never had are tried on what it has seen of products alone."""
    plain = "watches:\n  best: {sort: total_sale_7d_cnt desc, top: 1000, every: 24h}\nrules:\n"
    plain += "  - {name: r, watch: best, when: {total_sale_7d_cnt: {above: 1}}}\n"
    world, rng = Shelves(store, plain), np.random.default_rng(5)
    for _ in range(9):
        world.look(random_shelf(rng))
    head = world.head
    book = load_text(head + book_of({"r": RULES["kept"]}))
    found = backtest(store, book, book.rules[0], (START, START + 100 * DAY))
    assert (found.scans, found.fired > 0) == (9, True)
    assert not store.history.find("seller_id=7495")
