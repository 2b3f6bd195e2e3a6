"""Texts that change and products that come and go, over the past: replays, explanations, tests."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.evaluation.following import DOUBTED, FAILED, FULL, PARTIAL, Following
from tests.store.making import DAY, START
from watcher.analysis.backtest import backtests
from watcher.analysis.explain import explain
from watcher.analysis.ruletests.reading import read_suite
from watcher.analysis.ruletests.running import run_suite
from watcher.cli.explain import _leaf
from watcher.errors import RulesError
from watcher.evaluation.jumps import remember
from watcher.evidence import Evidence
from watcher.model import Verdict
from watcher.store.ports import Store

RULES = """
- {name: name, watch: w, when: {product_name: {changes: true}}}
- {name: words, watch: w, when: {description: {becomes: b}}}
- {name: variants, watch: w, when: {variants: {leaves: a}}}
- {name: rate, watch: w, when: {discount_rate: {falls: 10%, from: 3d ago}}}
- {name: count, watch: w, when: {variant_count: {changes: 1, from: median 5d}}}
- {name: back, watch: w, when: {reappears: true}}
- {name: gone, watch: w, when: {disappears: true, product_name: {contains: a}}}
"""
CHOICES = {"discount": ("10%", "30%", "50%", "-", None), "variants": ("a", "a\nb", "a\nb\nc", None)}
NAMES = [line.split()[2].rstrip(",") for line in RULES.strip().splitlines()]


def _day(
    chance: random.Random, usual: dict[str, dict[str, str | None]]
) -> dict[str, dict[str, str | None]]:
    """Some products with their texts; now and then another text, or none."""
    for texts in usual.values():
        for name in texts:
            if chance.random() < 0.3:
                texts[name] = chance.choice(CHOICES.get(name, ("a", "A ", "b", "c", None)))
    texts_of = {key: dict(texts) for key, texts in usual.items() if chance.random() < 0.6}
    for texts in texts_of.values():
        for name in texts:
            if chance.random() < 0.2:
                texts[name] = None
    return texts_of


@pytest.mark.parametrize("seed", range(4))
def test_a_replay_fires_as_the_daemon_did(store: Store, seed: int) -> None:
    """Each rule, at each scan, for the same products, with the same evidence."""
    chance, world = random.Random(seed), Following(store, RULES)
    texts = ("product_name", "description", "variants", "discount")
    usual = {str(key): dict.fromkeys(texts, "a") for key in range(8)}
    live: list[tuple[str, int, str]] = []
    whys: dict[tuple[str, int, str], tuple[Evidence, ...]] = {}
    for _ in range(30):
        kind = chance.choice([FULL] * 8 + [PARTIAL, DOUBTED, FAILED])
        outcome = world.scan(_day(chance, usual), kind)  # type: ignore[arg-type]
        for alert in world.alerts(outcome):
            (facts,) = store.history.facts([alert.product]).values()
            live.append((alert.rule, world.at, facts.product_id))
            whys[live[-1]] = alert.evidence
    assert {rule for rule, *_ in live} == {*NAMES}
    found = backtests(store, world.book, world.book.rules, (START, world.at + DAY))
    assert {each.rule: each.fired for each in found.rules} == {
        name: sum(rule == name for rule, *_ in live) for name in NAMES
    }
    told = {
        (sent.rules[0], sent.at - 5, item.product_id): item.why
        for sent in found.told
        for item in sent.message.items
        if item.kind == "firing"
    }
    assert len(told) > 20
    assert {key: why for key, why in told.items() if key in whys} == {
        key: whys[key] for key in told.keys() & whys.keys()
    }


def test_explained_at_a_scan_that_is_past(store: Store) -> None:
    """Of a product that left the list: its texts as they were then, whatever others saw later."""
    world = Following(store, "- {name: r, watch: w, when: {product_name: {changes: true}}}")
    world.scan({"1": {"product_name": "Cup"}})
    world.scan({"1": {"product_name": "Mug"}})
    other = Following(store, world.rules, watch="{sort: total_sale_30d_cnt desc}")
    other.at = world.at
    other.scan({"1": {"product_name": "Jar"}})
    world.scan({})
    (facts,) = store.history.find("1")
    explained = explain(store, world.book, world.book.rules[0], facts, world.at)
    evidence = explained.when.evidence
    assert evidence is not None
    assert (evidence.value, evidence.baseline) == ("Mug", "Cup")
    said = _leaf(explained.when, evidence, explained)
    assert said.startswith('name changes: "Mug", was "Cup" 1d before')


@pytest.mark.parametrize(
    ("looks", "verdict", "why"),
    [
        ("l", Verdict.NOT_MET, ""),
        ("lx", Verdict.NOT_MET, ""),
        ("lxx", Verdict.MET, "not on the list for 2 days"),
        ("lxxx", Verdict.NOT_MET, ""),
    ],
)
def test_who_is_gone_is_explained(store: Store, looks: str, verdict: Verdict, why: str) -> None:
    """Met at the scan that proves it, and at no other."""
    world = Following(store, "- {name: r, watch: w, when: {disappears: true}}")
    for look in looks:
        world.scan({"1": {}} if look == "l" else {})
    (facts,) = store.history.find("1")
    explained = explain(store, world.book, world.book.rules[0], facts, world.at)
    assert explained.when.verdict is verdict
    assert explained.when.evidence is not None
    assert why in _leaf(explained.when, explained.when.evidence, explained)


def test_no_data_is_explained(store: Store) -> None:
    """Each reason in words."""
    rules = "- {name: r, watch: w, when: {product_name: {changes: true}, reappears: true}}"
    world = Following(store, rules)
    remember(store, world.made({"1": {"product_name": "Cup"}}))
    (facts,) = store.history.find("1")
    explained = explain(store, world.book, world.book.rules[0], facts, world.at)
    text, list_ = (part.why for part in explained.when.parts)
    assert text == "no earlier text is known by this watch in the 14d before"
    assert list_ is not None
    assert list_.startswith("the watch had no two complete scans before this one")


SUITE = """
rules: rules.yaml
tests:
  - name: texts
    rule: r
    products:
      "1": {product_name: '"Night serum" "night  SERUM" "Day serum"'}
      "2": {description: [Good, good, Better]}
      "3": {variants: ["S; M", "m; s", "S; M; L"]}
      "4": {discount_rate: 10% 10% 30%}
      "5": {variant_count: 2 2 5}
      "6": {seller_id: [7, 7, 8]}
      "7": {product_name: [A, null, B]}
    alerts:
      - {scan: 1, firing: []}
      - {scan: 2, firing: ["1", "2", "3", "4", "5", "6", "7"]}
  - name: presence
    rule: p
    products:
      "1": {total_sale_7d_cnt: 10 - - 10}
      "2": {total_sale_7d_cnt: 10 10 - -}
      "3": {total_sale_7d_cnt: 10x4}
    alerts:
      - {scan: 1, firing: []}
      - {scan: 2, firing: ["1"]}
      - {scan: 3, firing: ["1", "2"]}
"""
TESTED = """
rules:
  - name: r
    watch: {region: US}
    notify: []
    when:
      any:
        - product_name: {changes: true}
        - description: {changes: true}
        - variants: {changes: true}
        - discount_rate: {rises: 0.1}
        - variant_count: {rises: 3}
        - seller_id: {becomes: "8"}
  - {name: p, watch: {region: US}, notify: [], when: {any: [{disappears: true}, {reappears: true}]}}
"""


def test_rule_tests_have_series_of_texts(tmp_path: Path) -> None:
    """And "-" is not listed."""
    (tmp_path / "rules.yaml").write_text(TESTED)
    (tmp_path / "tests.yaml").write_text(SUITE)
    assert [str(result) for result in run_suite(read_suite(tmp_path / "tests.yaml"))] == [
        "passed: texts",
        "passed: presence",
    ]


def test_a_wrong_expectation_shows_the_texts(tmp_path: Path) -> None:
    """With what was before, and of a product that is gone what it was."""
    (tmp_path / "rules.yaml").write_text(TESTED)
    wrong = SUITE.replace('"1", "2", "3", "4", "5", "6", "7"', '"1", "2"').replace(
        'firing: ["1"]', "firing: []"
    )
    (tmp_path / "tests.yaml").write_text(wrong)
    texts, presence = (str(result) for result in run_suite(read_suite(tmp_path / "tests.yaml")))
    assert "variants S; M; L, changes: met (from S; M, 1d before)" in texts
    assert "not in the list" in presence
    assert "list, is gone from it: met (not on the list for 2 days)" in presence


def test_a_number_and_its_text_are_one(tmp_path: Path) -> None:
    """A test gives one of the two."""
    (tmp_path / "rules.yaml").write_text(TESTED)
    given = '"4": {discount_rate: 10% 10% 30%, discount: 5%}'
    (tmp_path / "tests.yaml").write_text(SUITE.replace('"4": {discount_rate: 10% 10% 30%}', given))
    with pytest.raises(RulesError) as error:
        read_suite(tmp_path / "tests.yaml")
    (problem,) = error.value.problems
    assert "is read of discount, which this product gives too" in problem.message
