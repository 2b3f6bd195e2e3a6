"""Files of rule tests: what is read, and every mistake with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.analysis.ruletests.writing import suite
from watcher.analysis.ruletests.reading import read_suite
from watcher.analysis.ruletests.series import ABSENT
from watcher.errors import RulesError

GOOD = """
  - name: one
    rule: turns
    start: 2026-03-01T06:00
    interval: 12h
    products:
      "1001": {product_name: Serum, sales_trend_flag: stable x2 rising, total_sale_7d_cnt: 5}
      b: {sales_trend_flag: stable}
    alerts:
      - {at: 24h, firing: "1001", told: [1001]}
      - {scan: 1}
"""


def problems(folder: Path, tests: str) -> str:
    """All problems of some tests."""
    with pytest.raises(RulesError) as caught:
        suite(folder, tests)
    return str(caught.value)


def test_a_test_is_read(tmp_path: Path) -> None:
    """Times, products, series and expectations."""
    (case,) = suite(tmp_path, GOOD).cases
    assert (case.name, case.line, case.size) == ("one", 5, 3)
    assert case.at(2) - case.at(0) == 86_400
    serum, other = case.actors
    assert serum.texts == {"product_name": ("Serum",)}
    assert serum.series["sales_trend_flag"] == (0, 0, 1)
    assert serum.series["total_sale_7d_cnt"] == (5,)
    assert other.length == 1
    first, second = case.expectations
    assert (first.scan, first.firing, first.told) == (2, frozenset(["1001"]), frozenset(["1001"]))
    assert (second.scan, second.firing, second.told) == (1, frozenset(), None)


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ("0x3", (0, 0, 0)),
        ("- - 5", (ABSENT, ABSENT, 5)),
        ("-x2 5 # absent twice", (ABSENT, ABSENT, 5)),
        ("- x2 5", (ABSENT, ABSENT, 5)),
        ("-", (ABSENT,)),
        ("'- 5'", (ABSENT, 5)),
        ("-5+10x3", (-5, 5, 15)),
        ("1e3", (1000,)),
        ("012", (12,)),
    ],
)
@pytest.mark.parametrize(
    "form", ["x:\n        total_sale_7d_cnt: {}", "x: {{total_sale_7d_cnt: {}}}"]
)
def test_series_need_no_quotes(
    tmp_path: Path, written: str, values: tuple[float | None, ...], form: str
) -> None:
    """What YAML would read as something else: hexadecimal, a list, a power."""
    product = form.format(written).replace("# absent twice}", "}")
    tests = f"""
  - name: a
    rule: rises
    products:
      {product}
    alerts: [{{at: 0}}]
"""
    (case,) = suite(tmp_path, tests).cases
    assert case.actors[0].series["total_sale_7d_cnt"] == values


@pytest.mark.parametrize("written", ["0x1F", "0o17", ".inf", "1_000", "22:22", "1e999"])
def test_what_yaml_would_turn_into_numbers(tmp_path: Path, written: str) -> None:
    """Is told as it is written, with its place; no number is made up."""
    products = f"products: {{x: {{total_sale_7d_cnt: {written}}}}}"
    (_, found) = problems(tmp_path, f"  - {{name: a, rule: rises, {products}}}").splitlines()
    assert f'tests.yaml:4:62: tests[0].products.x.total_sale_7d_cnt: "{written}" is' in found


def test_texts_stay_as_they_are_written(tmp_path: Path) -> None:
    """A name or id of hexadecimal digits, or one that begins with a dash."""
    text = (
        "  - {name: a, rule: rises, alerts: [{at: 0}],\n"
        "     products: {x: {product_name: 0x300, seller_id: 1e3, category_id: true}}}"
    )
    (case,) = suite(tmp_path, text).cases
    texts = case.actors[0].texts
    assert texts == {
        "product_name": ("0x300",), "seller_id": ("1e3",), "category_id": ("true",),
    }  # fmt: skip


def test_constant_series_last_to_the_last_expectation(tmp_path: Path) -> None:
    """A test without changes needs no counting."""
    text = "  - {name: a, rule: turns, products: {x: {rank: 1}}, alerts: [{at: 3d}]}"
    assert suite(tmp_path, text).cases[0].size == 4


def test_rules_without_a_name_are_those_of_one_watch(tmp_path: Path) -> None:
    """Rules of two watches can't be fed by one list."""
    text = "  - {name: a, products: {x: {rank: 1}}, alerts: [{at: 3d}]}"
    assert "must have the same watch, these have best, unsorted" in problems(tmp_path, text)
    text = "  - {name: a, rule: [turns, rises], products: {x: {rank: 1}}, alerts: [{at: 3d}]}"
    assert [rule.name for rule in suite(tmp_path, text).cases[0].rules] == ["turns", "rises"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: one", "nam: one", 'tests.yaml:5:5: tests[0]: unknown field "nam", did you mean'),
        ("rule: turns", "rule: turn", 'no rule "turn", did you mean "turns"?'),
        ("2026-03-01T06:00", "soon", '"soon" is no time: write 2026-01-01'),
        ("rule: turns", "rule: [turns, turns]", 'tests[0].rule: names "turns" twice'),
        ("interval: 12h", "interval: 0", "tests[0].interval: must be at least 1 second"),
        ("interval: 12h", "interval: 7h", "no scan is at that time: there is one at 0s, 7h"),
        ("stable x2 rising", "stable x2 risng", '"risng" is no value, did you mean "rising"?'),
        ("stable x2 rising", "{a: b}", "takes values as 100x3 120 _ 90, not a mapping"),
        ("total_sale_7d_cnt: 5", "total_sale_7d_cn: 5", 'unknown field "total_sale_7d_cn", did'),
        ("total_sale_7d_cnt: 5", "age_days: 5", "age_days is computed: give first_crawl_dt"),
        ("total_sale_7d_cnt: 5", "earnings: 5", "earnings is computed: give product_commission"),
        ("total_sale_7d_cnt: 5", "region: US", "region is that of the watch"),
        ("total_sale_7d_cnt: 5", "rank: 0", "a rank is a whole number from 1"),
        ("total_sale_7d_cnt: 5", "rank: 1 2", "has 2 values where the longest series of this"),
        ("[1001]", "[1002]", 'no product "1002" in this test, did you mean "1001"?'),
        ("{at: 24h,", "{", "needs a time, as at: 3d, or the number of a scan"),
        ("{at: 24h,", "{at: 24h, scan: 2,", "needs a time, as at: 3d, or the number of a scan"),
        ("{at: 24h,", "{at: 9d,", "is after the last of the 3 scans"),
        ("{scan: 1}", "{scan: 1.5}", "takes a whole number"),
        ("{scan: 1}", "{scan: -1}", "takes a number from 0, the first scan"),
        ("{scan: 1}", "3d", "write {at: 3d, firing: [...]}"),
    ],
)
def test_mistakes_are_told_with_their_place(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    """In words, and where it stands."""
    found = problems(tmp_path, GOOD.replace(old, new))
    assert message in found
    assert all("tests.yaml:" in line for line in found.splitlines())


def test_two_products_can_not_have_one_rank(tmp_path: Path) -> None:
    """A place of a list is one product's."""
    text = """
  - name: a
    rule: turns
    products: {x: {rank: 1 2}, y: {rank: 3 2}}
    alerts: [{scan: 1}]
"""
    assert 'tests[0].products.y.rank: has the rank 2 at scan 1, as "x" has' in problems(
        tmp_path, text
    )


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """In the order of the file."""
    found = problems(tmp_path, "  - {name: a, rule: turns}\n  - 5\n").splitlines()
    assert [line.split(": ", 2)[1] for line in found] == ["tests[0]", "tests[0]", "tests[1]"]


def test_files_that_can_not_be_read(tmp_path: Path) -> None:
    """No file, no YAML, no tests, no rules."""
    with pytest.raises(RulesError, match="can't be read"):
        read_suite(tmp_path / "none.yaml")
    path = tmp_path / "tests.yaml"
    for text, message in (
        ("a: [", "tests.yaml"),
        ("[]", "must be a mapping"),
        ("{tests: []}", "takes the rule file that is tested"),
        ("{rules: none.yaml, tests: []}", "none.yaml: there is no such file"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(RulesError, match=message):
            read_suite(path)


def test_the_environment_fills_in_what_env_does_not(tmp_path: Path) -> None:
    """The file's own values come first."""
    suite(tmp_path, GOOD)
    path = tmp_path / "tests.yaml"
    path.write_text(path.read_text("utf-8").replace("env:", "# env:"), encoding="utf-8")
    with pytest.raises(RulesError, match="SLACK_URL"):
        read_suite(path)
    assert read_suite(path, {"SLACK_URL": "json://localhost"}).cases


def test_series_of_texts_are_as_long_as_the_others(tmp_path: Path) -> None:
    """A text too few is found, at its line."""
    text = """
  - name: a
    rule: named
    products:
      x: {product_name: [A, B, C], total_sale_7d_cnt: 1 2}
    alerts: [{at: 0}]
"""
    assert "has 2 values where the longest series of this test has 3" in problems(tmp_path, text)
    text = text.replace("[A, B, C]", "[A, [B]]")
    assert "tests[0].products.x.product_name: takes texts, not a list" in problems(tmp_path, text)
