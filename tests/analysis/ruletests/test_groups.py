"""Rule tests of groups of products: how they are named, and how they go."""

from __future__ import annotations

from pathlib import Path

import pytest

from watcher.analysis.ruletests.reading import read_suite
from watcher.analysis.ruletests.running import run_suite
from watcher.errors import RulesError

RULES = """
defaults: {region: US, notify: [me]}
channels: {me: {url: "json://localhost"}}
sellers: {"7495": GlowLab}
watches: {best: {sort: total_sale_7d_cnt desc, top: 100}}
groups:
  shelves:
    of: best
    by: seller_id
    metrics:
      gmv: {sum: total_sale_gmv_7d_amt}
      rising: {count: {sales_trend_flag: rising}}
      each: gmv / size
  all: {of: best, by: watch, metrics: {sellers: {distinct: seller_id}}}
rules:
  - {name: heats-up, watch: shelves, when: {rising: {at_least: 3}}}
  - {name: more, watch: shelves, when: {rising: {rises: 2}}}
  - {name: grows, watch: shelves, when: {gmv: {rises: 30%}}}
  - {name: rich, watch: shelves, when: {each: {above: 100}, size: {at_least: 4}}}
  - {name: few, watch: all, when: {sellers: {at_most: 1}}}
  - {name: product, watch: best, when: {sales_trend_flag: rising}}
"""


def play(folder: Path, test: str) -> list[str]:
    """What each test of a file says."""
    (folder / "rules.yaml").write_text(RULES, "utf-8")
    path = folder / "rules.test.yaml"
    path.write_text(f"rules: rules.yaml\ntests:\n{test}", "utf-8")
    return [str(each) for each in run_suite(read_suite(path))]


def products(count: int, seller: str, given: str) -> str:
    """Lines of so many products of a seller."""
    lines = (f'      "{seller}{n:02}": {{seller_id: "{seller}", {given}}}' for n in range(count))
    return "\n".join(lines) + "\n"


def test_groups_fire_by_what_they_are_grouped_by(tmp_path: Path) -> None:
    """A group is named by its id, or by the user's name of it; products and groups of one file go
    side by side. Under three products it is none, and two complete scans without end it."""
    test = (
        "  - name: three of a seller turn\n    rule: [heats-up, few]\n    products:\n"
        + products(3, "7495", "sales_trend_flag: stable rising x3")
        + products(2, "8", "sales_trend_flag: rising - x3")
        + """
    alerts:
      - {at: 0}
      - {at: 1d, firing: ["seller_id=GlowLab", "watch=best"], told: [seller_id=7495, watch=best]}
      - {at: 3d, firing: ["seller_id=7495", "watch=best"], told: []}
  - name: a count against its own past, and a formula
    rule: [more, rich]
    products:
"""
        + products(4, "7495", "sales_trend_flag: stable rising, total_sale_gmv_7d_amt: 100 101")
        + """
    alerts:
      - {at: 1d, firing: [seller_id=7495]}
  - name: it goes with its products
    rule: heats-up
    products:
"""
        + products(3, "7495", "sales_trend_flag: rising x2 - x2")
        + """
    alerts:
      - {at: 1d, firing: [seller_id=7495]}
      - {at: 2d, firing: [seller_id=7495]}
      - {at: 3d}
  - name: a sum holds only what was there at both times
    rule: grows
    products:
"""
        + products(11, "7495", "total_sale_gmv_7d_amt: 100 x3 160")
        + products(9, "7495x", "total_sale_gmv_7d_amt: - x2 100 x2").replace('"7495x"', '"7495"')
        + """
    alerts:
      - {at: 2d}
      - {at: 3d, firing: [seller_id=7495]}
"""
    )
    assert [each.split(":")[0] for each in play(tmp_path, test)] == ["passed"] * 4


def test_a_difference_says_what_is_so_of_the_group(tmp_path: Path) -> None:
    """Its figures, with what they are held against; or that it is none."""
    test = (
        "  - name: wrong\n    rule: more\n    products:\n"
        + products(3, "7495", "sales_trend_flag: stable rising")
        + products(2, "8", "sales_trend_flag: rising x2")
        + "    alerts: [{at: 1d, firing: [seller_id=8]}]\n"
    )
    (said,) = play(tmp_path, test)
    assert "firing: expected seller_id=8, got seller_id=7495" in said
    assert "seller_id=7495  rising 3, rises 2 from last: met (from 0, 1d before)" in said
    assert "seller_id=8  fewer than 3 of its products in the list" in said


@pytest.mark.parametrize(
    ("rule", "written", "message"),
    [
        ("more", "seller_id=74", 'no group "seller_id=74" in this test, did you mean "seller_id=7'),
        ("more", "seller_id=Glow", "no seller's id, and no name in sellers"),
        ("more", "category_id=5", 'no group "category_id=5" in this test: it has seller_id=7495'),
        ("more", "9", 'no product "9" in this test'),
        ("product", "seller_id=7495", "it has none: name a rule on a group, and give products"),
        ("few", "watch=bst", 'no group "watch=bst" in this test, did you mean "watch=best"?'),
    ],
)
def test_names_that_a_test_has_not(tmp_path: Path, rule: str, written: str, message: str) -> None:
    """Said at their place."""
    test = f"  - name: t\n    rule: {rule}\n    products:\n" + products(3, "7495", "rank: _")
    test = test.replace(", rank: _", "")
    with pytest.raises(RulesError) as error:
        play(tmp_path, f'{test}    alerts: [{{at: 0, firing: ["{written}"]}}]\n')
    assert message in str(error.value.problems[0])
