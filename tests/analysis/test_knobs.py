"""The numbers of a rule that can be turned, and the line to paste."""

from __future__ import annotations

import pytest

from tests.fakes.selling import HEAD
from watcher.analysis.scores.knobs import Knob, knobs, like, written
from watcher.rules.conditions.registry import NUMBER_BY_NAME
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rule

SORTED = "{sort: total_sale_7d_cnt desc}"
# What each operator takes, the number that it is turned at, and whether more of it tells less.
OPERATORS: dict[str, tuple[str, str, float, int]] = {
    "above": ("total_sale_7d_cnt: {above: 100}", "above", 100, 1),
    "at_least": ("sales_growth: {at_least: 50%}", "at_least", 0.5, 1),
    "below": ("spu_avg_price: {below: 9.5}", "below", 9.5, -1),
    "at_most": ("age_days: {at_most: 2w}", "at_most", 14, -1),
    "rises": ("total_sale_7d_cnt: {rises: 20%}", "rises", 0.2, 1),
    "falls": ("spu_avg_price: {falls: 3, from: median 7d}", "falls", 3, 1),
    "changes": ("spu_avg_price: {changes: 10%}", "changes", 0.1, 1),
    "crosses_above": ("total_sale_7d_cnt: {crosses_above: 10k}", "crosses_above", 10_000, 1),
    "crosses_below": ("total_sale_7d_cnt: {crosses_below: 50}", "crosses_below", 50, -1),
    "climbs": ("rank: {climbs: 20}", "climbs", 20, 1),
    "drops": ("rank: {drops: 20, from: mean 7d}", "drops", 20, 1),
    "enters_top": ("rank: {enters_top: 10}", "enters_top", 10, -1),
    "unusual": ("total_sale_1d_cnt: {unusual: 3.5, over: 28d}", "unusual", 3.5, 1),
}
# A value, a name or a range is no threshold; who leaves a top is below any.
OTHERS = {"equals", "not_equals", "in", "not_in", "between", "becomes", "leaves", "leaves_top"}
OTHERS |= {"lowest", "highest", "unchanged"}


def rule_of(when: str) -> Rule:
    """A rule of these conditions."""
    text = f"{HEAD}rules:\n  - name: r\n    watch: {SORTED}\n    when:\n      {when}\n"
    return load_text(text).rules[0]


def test_every_operator_can_be_turned_or_not() -> None:
    """A new one is one of the two."""
    assert set(NUMBER_BY_NAME) == set(OPERATORS) | OTHERS


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_a_threshold_is_found_and_turned(name: str) -> None:
    """The rule with another value is the one that the line with that value makes."""
    when, operator, value, stricter = OPERATORS[name]
    rule = rule_of(when)
    (knob,) = knobs(rule)
    assert (knob.operator, knob.value, knob.stricter) == (operator, value, stricter)
    ladder = knob.ladder()
    assert value in ladder
    assert ladder == sorted(set(ladder), reverse=stricter < 0)
    at = written(rule, knob)
    assert at is not None
    assert at.text == when
    assert at.line == rule.line + 3
    for each in (ladder[0], ladder[len(ladder) // 3], knob.value, ladder[-1]):
        assert knob.turned(rule, each).when.key == rule_of(at.with_value(each)).when.key


def test_only_that_part_of_the_rule_is_turned() -> None:
    """Another condition of equal meaning, and ``until``, stay."""
    rule = rule_of(
        "all: [{sales_growth: {at_least: 50%}}, {any: [{sales_growth: {at_least: 50%}}, "
        "{total_sale_7d_cnt: {above: 5}}]}]\n    until: {sales_growth: {below: 10%}}"
    )
    first, second, third = knobs(rule)
    assert (second.value, third.value) == (0.5, 5)
    turned = first.turned(rule, 0.7)
    assert [knob.value for knob in knobs(turned)] == [0.7, 0.5, 5]
    assert [knob.value for knob in knobs(second.turned(rule, 0.7))] == [0.5, 0.7, 5]
    assert turned.until == rule.until
    assert turned.order_by != rule.order_by


@pytest.mark.parametrize(
    "when",
    ["{appears: true}", "{sales_trend_flag: rising}", "{not: {spu_avg_price: {above: 5}}}",
     "{product_name: {contains: red}}", "{first_crawl_dt: {at_least: 2026-01-01}}",
     "{spu_avg_price: {between: [1, 2]}}"],
)  # fmt: skip
def test_what_has_no_threshold(when: str) -> None:
    """Names, days, texts, ranges; and what a rule says is not so."""
    text = f"{HEAD}rules:\n  - name: r\n    watch: {SORTED}\n    when: {when}\n"
    assert knobs(load_text(text).rules[0]) == []


# ruff: noqa: E501 - a rule as it is written is one text
WRITTEN = [
    ("{name: r, watch: W, when: {sales_growth: {at_least: 50%}}}", 1,
     "- {name: r, watch: W, when: {sales_growth: {at_least: 70%}}}"),
    ("name: r\n    watch: W\n    when: {sales_growth: {at_least: 50%}}  # half as much", 3,
     "when: {sales_growth: {at_least: 70%}}  # half as much"),
    ("name: r\n    watch: W\n    when:\n      sales_growth:\n        # so much\n        at_least: 50%", 4,
     "sales_growth:\n  # so much\n  at_least: 70%"),
    ("name: r\n    watch: W\n    until: {sales_growth: {at_least: 50%}}\n    when: {sales_growth: {at_least: '50%'}}", 4,
     "when: {sales_growth: {at_least: '70%'}}"),
    ('name: r\n    watch: W\n    description: "at_least: 50%"\n    when:\n      all:\n        - "sales_growth": {"at_least": 0.5}', 6,
     '- "sales_growth": {"at_least": 0.7}'),
    ("name: r\n    watch: W\n    description: Don't wait, 'tis new\n    when:\n      # sales_growth: {at_least: 50%} is much\n      sales_growth: {at_least: 50%}  # at_least: 50%", 6,
     "sales_growth: {at_least: 70%}  # at_least: 50%"),
    ("name: r\n    watch: W\n    description: \"when: sales_growth: {at_least: 50%}\"\n    when: {sales_growth: {at_least: 50%}}", 4,
     "when: {sales_growth: {at_least: 70%}}"),
    ("name: r\n    watch: W\n    description: 'when: sales_growth: {at_least: 50%}'\n    when: {'sales_growth': {'at_least': '50%'}}", 4,
     "when: {'sales_growth': {'at_least': '70%'}}"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "line", "pasted"), WRITTEN)
def test_the_line_to_paste_is_the_files(rule: str, line: int, pasted: str) -> None:
    """With all that stands beside the number, whatever the manner; and its place."""
    head = HEAD + "rules:\n"
    made = load_text(f"{head}  - {rule.replace('W', SORTED)}\n").rules[0]
    (knob, *_) = knobs(made)
    at = written(made, knob)
    assert at is not None
    assert at.with_value(0.7) == pasted.replace("W", SORTED)
    assert at.line == head.count("\n") + line


def test_what_is_not_found_as_it_is_meant_is_not_pasted() -> None:
    """An anchor's value stands elsewhere."""
    text = (
        f"{HEAD}rules:\n  - {{name: a, watch: {SORTED}, when: &x {{sales_growth: "
        f"{{at_least: 50%}}}}}}\n  - {{name: b, watch: {SORTED}, when: *x}}\n"
    )
    rule = load_text(text).rules[1]
    assert written(rule, knobs(rule)[0]) is None


@pytest.mark.parametrize(
    ("token", "value", "text"),
    [
        ("50%", 0.455, "45.5%"), ("10k", 12_000, "12k"), ("10k", 900, "900"), ("2K", 1_500, "1.5K"),
        ("1.5m", 2_300_000, "2.3m"), ("'4'", 3.1, "'3.1'"), ("4", 12_345, "12345"),
        ('"50%"', 2, '"200%"'), ("2w", 20, "20d"), ("0", -0.0, "0"),
    ],
)  # fmt: skip
def test_a_value_in_the_files_manner(token: str, value: float, text: str) -> None:
    """Percent, thousands, quotes, days."""
    assert like(token, value) == text


def test_whole_things_get_whole_numbers() -> None:
    """Half a product and a tenth of a place are none."""
    (count,) = knobs(rule_of("total_sale_7d_cnt: {at_least: 7}"))
    assert all(value == int(value) and value >= 1 for value in count.ladder())
    (share,) = knobs(rule_of("total_sale_7d_cnt: {rises: 7%}"))
    assert min(share.ladder()) < 0.001


@pytest.mark.parametrize(
    ("value", "low", "high"), [("-30%", -30_000, 0), ("0%", -1e5, 1e5), ("50%", 5e-6, 50_000)]
)
def test_a_ladder_stays_on_its_side_of_nothing(value: str, low: float, high: float) -> None:
    """A fall stays one; what is 0 may go either way."""
    knob: Knob = knobs(rule_of(f"sales_growth: {{at_most: {value}}}"))[0]
    assert low <= min(knob.ladder()) <= max(knob.ladder()) <= high
    assert len(knob.ladder()) > 200
