"""The user's own numbers in rule tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.analysis.ruletests.writing import HEAD, suite
from watcher.analysis.ruletests.running import run_suite
from watcher.errors import RulesError

RULES = """
channels: {me: {url: "${SLACK_URL}"}}
defaults: {region: US, notify: [me]}
facts: {file: products.csv}
metrics: {margin: spu_avg_price - cost}
watches: {mine: {sort: total_sale_7d_cnt desc, top: 20}}
rules:
  - {name: at, watch: mine, when: {spu_avg_price: {at_most: target}, note: {contains: best}}}
  - {name: low, watch: mine, when: {margin: {below: 2}}}
"""
CSV = "product_id,target,cost,note\n1,10,5,my best\n2,10,5,\n"
CASE = """
  - name: at its target
    rule: at
    products:
      "1": {spu_avg_price: 12 10}
      "2": {spu_avg_price: 12 10}
      "3": {spu_avg_price: 12 10, target: 11.50, note: best too}
      "4": {spu_avg_price: 12 10}
    facts: {"4": {target: 12, note: best of all}}
    alerts:
      - {at: 0d, firing: ["4"]}
      - {at: 1d, firing: ["1", "3", "4"]}
"""


def test_numbers_of_the_file_and_of_the_test(tmp_path: Path) -> None:
    """A product's own line, or facts: beside the products, in place of what the file has."""
    (tmp_path / "products.csv").write_text(CSV, "utf-8")
    found = suite(tmp_path, CASE, RULES)
    assert [str(each) for each in run_suite(found)] == ["passed: at its target"]


def test_a_file_of_the_tests_own(tmp_path: Path) -> None:
    """It stands in for the rules' file, which need not be there."""
    (tmp_path / "test.csv").write_text(CSV.replace("2,10,5,", "2,10,5,best"), "utf-8")
    with pytest.raises(RulesError, match="there is no such file"):
        suite(tmp_path, CASE, RULES)
    tests = CASE.replace('["1", "3"', '["1", "2", "3"')
    (tmp_path / "tests.yaml").write_text("facts: test.csv\n" + HEAD + tests, "utf-8")
    from watcher.analysis.ruletests.reading import read_suite

    assert all(each.passed for each in run_suite(read_suite(tmp_path / "tests.yaml")))


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("{targt: 5}", 'no column "targt", did you mean "target"?'),
        ("{target: dear}", '"dear" is no number'),
        ("{target: [1, 2]}", "takes one value for all scans, not a list"),
    ],
)
def test_what_does_not_fit(tmp_path: Path, given: str, wanted: str) -> None:
    """With its place."""
    (tmp_path / "products.csv").write_text(CSV, "utf-8")
    with pytest.raises(RulesError) as caught:
        suite(tmp_path, CASE.replace("{target: 12, note: best of all}", given), RULES)
    assert wanted in str(caught.value)
    assert "tests.yaml:" in str(caught.value)


def test_a_computed_metric_names_its_parts(tmp_path: Path) -> None:
    """Those of one's own among them."""
    (tmp_path / "products.csv").write_text(CSV, "utf-8")
    case = CASE.replace('"4": {spu_avg_price: 12 10}', '"4": {margin: 12 10}')
    with pytest.raises(RulesError, match="margin is computed: give spu_avg_price, cost"):
        suite(tmp_path, case, RULES)
