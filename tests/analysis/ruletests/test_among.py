"""Rule tests of rules that hold a product against others of its list."""

from __future__ import annotations

from pathlib import Path

from watcher.analysis.ruletests.reading import read_suite
from watcher.analysis.ruletests.running import run_suite

RULES = """
channels: {me: {url: "json://h"}}
defaults: {region: US, notify: me}
watches: {w: {sort: total_sale_7d_cnt desc}}
metrics: {low: {min: spu_avg_price, among: category_l3_id, where: {is_s_shop: 1}}}
rules:
- {name: top, watch: w, when: {review_count: {highest: 5%, among: category_l3_id}}}
- {name: undercut, watch: w, when: {is_s_shop: 0, spu_avg_price: {below: 90%, of: low}}}
"""
TESTS = """
rules: rules.yaml
tests:
- name: the highest of twenty
  rule: top
  products:
OTHERS
    a: {review_count: 84, category_l3_id: x}
    b: {review_count: 900, category_l3_id: y}
  alerts: [{at: 0, firing: FIRING}]
- name: below the lowest
  rule: undercut
  products:
    mine: {spu_avg_price: 19.9, category_l3_id: x, is_s_shop: 1}
    rival: {spu_avg_price: 17.1 18, category_l3_id: x, is_s_shop: 0}
    other: {spu_avg_price: 1, category_l3_id: y, is_s_shop: 0}
  alerts: [{at: 0, firing: [rival]}, {at: 1d, firing: []}]
"""


def results(folder: Path, firing: str) -> list[str]:
    """What each test says of itself."""
    others = "\n".join(
        f"    p{row}: {{review_count: {row}, category_l3_id: x}}" for row in range(19)
    )
    (folder / "rules.yaml").write_text(RULES, "utf-8")
    tests = folder / "rules.test.yaml"
    tests.write_text(TESTS.replace("OTHERS", others).replace("FIRING", firing), "utf-8")
    return [str(each) for each in run_suite(read_suite(tests, {}))]


def test_peers_and_figures(tmp_path: Path) -> None:
    """Each of a test's products is one of the list."""
    assert results(tmp_path, "[a]") == ["passed: the highest of twenty", "passed: below the lowest"]


def test_a_failing_test_says_where_it_stands(tmp_path: Path) -> None:
    """The place among the peers, and why there is none."""
    found = results(tmp_path, "[b]")[0]
    assert "a  reviews 84, highest 5% among category_l3_id: met (top 5% of 20 peers" in found
    assert "b  reviews 900, highest 5% among category_l3_id: no data" in found
