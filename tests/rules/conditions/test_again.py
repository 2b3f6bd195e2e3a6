"""What may stand in ``again``, and what is said of the rest."""

from __future__ import annotations

import pytest

from tests.rules.tables import problems_of
from watcher.rules.conditions.again import COMPARES
from watcher.rules.conditions.registry import NUMBER_OPERATORS, TEXT_OPERATORS, Takes
from watcher.rules.files.loading import load_text

_VALUES = {
    Takes.VALUE: "5", Takes.VALUES: "[5, 6]", Takes.RANGE: "[5, 6]", Takes.CHANGE: "5",
    Takes.PLACES: "5", Takes.SCORE: "5", Takes.TIME: "30d", Takes.RECORD: "30d",
    Takes.TEXT: "x", Takes.TEXTS: "[x]",
    Takes.TRUE: "true",
}  # fmt: skip


def file_of(again: str) -> str:
    """A rule file with one rule."""
    return (
        "rules:\n- name: r\n  watch: {region: US, sort: total_sale_7d_cnt desc}\n  notify: []\n"
        f"  when: {{spu_avg_price: {{below: 9}}}}\n  again: {again}\n"
    )


@pytest.mark.parametrize("operator", NUMBER_OPERATORS, ids=lambda each: each.name)
def test_every_operator(operator: object) -> None:
    """Those that compare with an earlier value; of each other one it is said what to write."""
    found = problems_of(file_of(f"{{rank: {{{operator.name}: {_VALUES[operator.takes]}}}}}"))  # type: ignore[attr-defined]
    if operator.name in COMPARES:  # type: ignore[attr-defined]
        assert found == []
    else:
        (problem,) = found
        assert problem.startswith("rules.yaml:6:")
        assert operator.name in problem  # type: ignore[attr-defined]
        assert "write" in problem or ", ".join(COMPARES) in problem


@pytest.mark.parametrize("operator", TEXT_OPERATORS, ids=lambda each: each.name)
def test_texts(operator: object) -> None:
    """Nothing is remembered of them."""
    (problem,) = problems_of(
        file_of(f"{{product_name: {{{operator.name}: {_VALUES[operator.takes]}}}}}")  # type: ignore[attr-defined]
    )
    assert "product_name is a text" in problem
    assert "in again stands what a number must do" in problem


@pytest.mark.parametrize("again", ["5%", "true", "{}", '""', "0"])
def test_what_is_no_condition(again: str) -> None:
    """The example is one that may stand there."""
    (problem,) = problems_of(file_of(again))
    assert problem.startswith("rules.yaml:6:10: rules[0].again: ")
    assert "as spu_avg_price: {falls: 5%}" in problem


@pytest.mark.parametrize(
    ("again", "said"),
    [
        ("{spu_avg_price: {below: 9}}", "write crosses_below: 9"),
        ("{spu_avg_price: {at_least: 9.5}}", "write crosses_above: 9.5"),
        ("{sales_trend_flag: rising}", "write becomes: rising"),
        ("{sales_trend_flag: {not_equals: rising}}", "write leaves: rising"),
        ("{rank: {enters_top: 10}}", "write crosses_below: 11"),
        ("{rank: {leaves_top: 10}}", "write crosses_above: 10"),
        ("{spu_avg_price: {falls: 5%, from: 7d ago}}", 'leave "from" out'),
        ("{spu_avg_price: {falls: 5%, from: median 14d}}", 'leave "from" out'),
        ("{not: {spu_avg_price: {falls: 5%}}}", '"not" has no place in again'),
        ("{any: [{rank: {climbs: 5}}, {not: {rank: {drops: 5}}}]}", '"not" has no place in again'),
        ("{any: [{spu_avg_price: {falls: 5%}}, {appears: true}]}", "what was told before"),
        ("{spu_avg_price: {lowest: 30d}}", "compares with nothing that was told before"),
        ("{spu_avg_prise: {falls: 5%}}", 'did you mean "spu_avg_price"?'),
        ("[]", 'needs "all:" or "any:"'),
    ],
)
def test_what_makes_no_sense(again: str, said: str) -> None:
    """With what to write in its place."""
    (problem,) = problems_of(file_of(again))
    assert problem.startswith("rules.yaml:6:")
    assert said in problem


def test_what_is_joined_may_be_joined_again() -> None:
    """Each condition counts by itself, however deep it stands."""
    deep = "{any: [{all: [{rank: {climbs: 5}}, {spu_avg_price: {falls: 5%}}]}, {rank: {drops: 9}}]}"
    assert problems_of(file_of(deep)) == []
    (problem,) = problems_of(file_of(deep.replace("climbs", "at_most")))
    assert "at_most compares with nothing that was told before" in problem


def test_it_is_no_part_of_what_the_rule_is() -> None:
    """To add it restarts nothing."""
    one, other = (
        load_text(file_of(f"{{spu_avg_price: {{falls: {amount}}}}}")).rules[0]
        for amount in ("5%", "9%")
    )
    assert one.fingerprint == other.fingerprint
    assert one.again != other.again
