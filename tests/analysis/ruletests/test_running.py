"""Rule tests played: what passes, and what a failing one says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.analysis.ruletests.writing import RULES, suite
from watcher.analysis.ruletests.cases import scene
from watcher.analysis.ruletests.running import Result, run_suite
from watcher.model import ScanState


def result(folder: Path, test: str) -> Result:
    """How one test goes."""
    (found,) = run_suite(suite(folder, test))
    return found


@pytest.mark.parametrize(
    "test",
    [
        """
  - name: fires when the trend turns, once
    rule: turns
    products: {"1": {sales_trend_flag: stable x3 rising x3}}
    alerts:
      - {at: 2d}
      - {at: 3d, firing: ["1"], told: ["1"]}
      - {at: 4d, told: []}
""",
        """
  - name: is pending first, then fires, and no data changes nothing
    rule: rises
    products: {"1": {total_sale_7d_cnt: 100 200 300 _ 310 -x2}}
    alerts:
      - {at: 1d, pending: ["1"]}
      - {at: 2d, firing: ["1"], told: ["1"]}
      - {at: 3d, firing: ["1"]}
      - {at: 4d, told: []}
""",
        """
  - name: leaves the list
    rule: near-top
    products: {"1": {rank: 1 - -}, "2": {rank: 2}}
    alerts:
      - {at: 0, firing: ["1", "2"]}
      - {at: 1d, firing: ["1", "2"]}
      - {at: 2d, firing: ["2"]}
""",
        """
  - name: texts, in a list without a sort
    rule: named
    products: {"1": {product_name: Night serum}, "2": {}}
    alerts: [{at: 0, firing: ["1"]}]
""",
        """
  - name: a text for each scan
    rule: named
    products:
      "1": {product_name: [Lamp, Night serum, _, -]}
      "2": {product_name: '"Day serum" x2 "Lamp" x2'}
      "3": {product_name: Serum, discount: 20% x2 - 35%}
    alerts:
      - {at: 0, firing: ["2", "3"]}
      - {at: 1d, firing: ["1", "2", "3"]}
      - {at: 2d, firing: ["1", "3"]}
      - {at: 3d, firing: ["1", "3"]}
""",
        """
  - name: several rules at once
    rule: [turns, near-top]
    products: {"1": {sales_trend_flag: 0 1}, "2": {}, "3": {sales_trend_flag: stable rising}}
    alerts: [{at: 1d, firing: ["1", "2", "3"]}]
""",
    ],
)
def test_what_is_so_passes(tmp_path: Path, test: str) -> None:
    """States and tellings at each time."""
    found = result(tmp_path, test)
    assert found.passed, str(found)
    assert str(found).startswith("passed: ")


def test_a_failing_test_shows_expected_against_got_and_the_values(tmp_path: Path) -> None:
    """With the conditions of the products concerned, and of no other."""
    found = result(
        tmp_path,
        """
  - name: wrong
    rule: turns
    products:
      a: {sales_trend_flag: stable rising rising}
      b: {sales_trend_flag: stable - -}
      c: {sales_trend_flag: stable rising rising}
    alerts: [{at: 1d, firing: [b, c], pending: [b], told: []}, {at: 2d, firing: [a]}]
""",
    )
    assert not found.passed
    assert str(found).splitlines() == [
        "failed: wrong",
        "line 11: scan 1, 1d after the start (2026-01-02 00:00 UTC)",
        "  firing: expected b, c, got a, c",
        "  pending: expected b, got nothing",
        "  told: expected nothing, got a, c",
        "  a  trend rising, becomes rising: met (from stable, 1d before)",
        "  b  not in the list",
        "  c  trend rising, becomes rising: met (from stable, 1d before)",
        "line 11: scan 2, 2d after the start (2026-01-03 00:00 UTC)",
        "  firing: expected a, got nothing",
        "  a  trend rising, becomes rising: not met (from rising, 1d before)",
    ]


def test_a_failing_test_names_rules_baselines_and_unrounded_values(tmp_path: Path) -> None:
    """Where there are several rules; and what is 2 only when rounded is not shown as 2."""
    rules = RULES.replace(
        "  - name: turns",
        """  - name: pays
    watch: best
    when: {earnings: {at_least: 2}}
  - name: above-usual
    watch: best
    when: {total_sale_7d_cnt: {rises: 10, from: median 4d}}
  - name: new
    watch: best
    when: {appears: true}
  - name: turns""",
    )
    test = """
  - name: wrong
    rule: [pays, above-usual, new]
    products:
      a: {total_sale_7d_cnt: 10 20 30 21, spu_avg_price: 19.99, product_commission_rate: 0.1}
    alerts: [{at: 3d, firing: [a]}]
"""
    (found,) = run_suite(suite(tmp_path, test, rules))
    assert str(found).splitlines()[3:] == [
        "  a  pays: earnings 1.999, at least 2: not met",
        (
            "     above-usual: 7-day sales 21, rises 10 from median 4d: not met "
            "(median 4d: 20, 3 days known)"
        ),
        "     new: list, appears for the first time: not met",
    ]


def test_scenes_are_in_the_order_of_the_ranks(tmp_path: Path) -> None:
    """Given ranks first of all; the others take the free places in the order of the file."""
    (case,) = suite(
        tmp_path,
        """
  - name: a
    rule: turns
    products: {a: {}, b: {rank: 1 -}, c: {}, d: {rank: _ 5}}
    alerts: [{at: 1d}]
""",
    ).cases
    first, second = scene(case, 0), scene(case, 1)
    assert first.state is ScanState.COMPLETE
    assert dict(zip(first.product_ids, first.ranks.tolist(), strict=True)) == {
        "b": 1, "a": 2, "c": 3, "d": 0,
    }  # fmt: skip
    assert second.product_ids == ("a", "c", "d")
    assert second.ranks.tolist() == [1, 2, 5]
    assert second.at - first.at == 86_400
    assert second.texts["region"] == ("US", "US", "US")
    assert np.isnan(second.numbers).all()


def test_channels_are_told_at_once(tmp_path: Path) -> None:
    """Quiet hours and digests are the channel's, and a rule test is about the rule."""
    rules = RULES.replace('url: "${SLACK_URL}"', 'url: "${SLACK_URL}", digest: "23:00"')
    test = """
  - name: told
    rule: near-top
    products: {"1": {rank: 1}}
    alerts: [{at: 0, firing: ["1"], told: ["1"]}]
"""
    (found,) = run_suite(suite(tmp_path, test, rules))
    assert found.passed, str(found)


OWN_RULES = """
channels: {me: {url: "${SLACK_URL}"}, boss: {url: "${SLACK_URL}"}}
defaults: {region: US, notify: [me, boss]}
sellers: {"7495981769829615944": GlowLab}
watches: {mine: {products: ["1729873073559015752"]}}
rules:
  - name: slides
    watch: mine
    when: {spu_avg_price: {below: 20}}
    again: {spu_avg_price: {falls: 5%}}
  - {name: sold-by, watch: mine, when: {seller_id: {becomes: GlowLab}}}
  - {name: reworded, watch: mine, when: {variants: {changes: true}}}
"""


def test_a_failing_test_says_how_far_again_is(tmp_path: Path) -> None:
    """Against what the channels were told with, once where that is the same."""
    test = """
  - name: wrong
    rule: slides
    products: {a: {spu_avg_price: 21 19 18.5 18 17.9}}
    alerts:
      - {at: 2d, firing: [a], told: [a]}
      - {at: 4d, firing: [a], told: [a]}
"""
    (found,) = run_suite(suite(tmp_path, test, OWN_RULES))
    lines = str(found).splitlines()
    told = "     again: price {}, falls 5% from what was last told: not met (from {}, 1d before)"
    assert [each for each in lines if "again" in each] == [
        told.format("18.50", "19"), told.format("17.90", "18"),
    ]  # fmt: skip


def test_sellers_go_by_their_names(tmp_path: Path) -> None:
    """In what a test gives, as in rules, and in what is said of it."""
    test = """
  - name: right
    rule: sold-by
    products:
      a: {seller_id: [A, GlowLab, GlowLab]}
      b: {seller_id: [A, "7495981769829615944", B]}
    alerts: [{at: 1d, firing: [a, b]}, {at: 2d}]
  - name: wrong
    rule: sold-by
    products: {a: {seller_id: A GlowLab}}
    alerts: [{at: 1d}]
"""
    right, wrong = run_suite(suite(tmp_path, test, OWN_RULES))
    assert right.passed
    name = "GlowLab (7495981769829615944)"
    assert f"seller {name}, becomes {name}: met (from A, 1d before)" in str(wrong)


def test_a_text_of_several_lines_stands_on_one(tmp_path: Path) -> None:
    """As a test writes it."""
    test = """
  - name: wrong
    rule: reworded
    products: {a: {variants: ["S; M", "S; M; L"]}}
    alerts: [{at: 1d}]
"""
    (found,) = run_suite(suite(tmp_path, test, OWN_RULES))
    assert "  a  variants S; M; L, changes: met (from S; M, 1d before)" in str(found).splitlines()
