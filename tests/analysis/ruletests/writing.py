"""Rule tests written to files."""

from __future__ import annotations

from pathlib import Path

from watcher.analysis.ruletests.cases import Suite
from watcher.analysis.ruletests.reading import read_suite

RULES = """
channels: {me: {url: "${SLACK_URL}"}}
defaults: {region: US, notify: [me]}
metrics: {earnings: spu_avg_price * commission}
watches: {best: {sort: total_sale_7d_cnt desc, top: 20}, unsorted: {top: 20}}
rules:
  - name: turns
    watch: best
    when: {sales_trend_flag: {becomes: rising}}
  - name: rises
    watch: best
    when: {total_sale_7d_cnt: {rises: 50%, min_change: 10}}
    for: 24h
  - name: near-top
    watch: best
    when: {rank: {at_most: 2}}
  - name: named
    watch: unsorted
    when: {product_name: {contains: serum}}
"""
HEAD = """rules: rules.yaml
env: {SLACK_URL: "json://localhost"}
tests:
"""


def suite(folder: Path, tests: str, rules: str = RULES) -> Suite:
    """The suite of some tests, each indented by two spaces."""
    (folder / "rules.yaml").write_text(rules, encoding="utf-8")
    path = folder / "tests.yaml"
    path.write_text(HEAD + tests, encoding="utf-8")
    return read_suite(path)
