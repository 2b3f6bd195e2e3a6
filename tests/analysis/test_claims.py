"""What rules claim, and whether it still holds."""

from __future__ import annotations

import math

import pytest

from tests.fakes.selling import HEAD
from watcher.analysis.scores.claims import Measure, claim_of, still_holds
from watcher.evidence import Evidence
from watcher.model import Verdict
from watcher.rules.conditions.base import Condition
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rule

RISES = [
    "{sales_growth: {at_least: 50%}}",
    "{sales_surge: {at_least: 4}}",
    "{views_surge_ratio: {above: 2}}",
    "{creators_growth: {above: 0}}",
    "{sales_growth_z: {between: [3, 9]}}",
    "{total_sale_7d_cnt: {rises: 30%, from: 7d ago}}",
    "{creators_7d: {rises: 50%}}",
    "{total_sale_gmv_7d_amt: {crosses_above: 10k}}",
    "{rank: {climbs: 20}}",
    "{rank: {enters_top: 10}}",
    "{sales_trend_flag: {becomes: rising}}",
    "{sales_trend_flag: rising}",
    "{total_sale_7d_cnt: {at_least: 100}, sales_surge: {at_least: 2.5}}",
    "{spu_avg_price: {falls: 5%}, sales_growth: {at_least: 20%}}",
    "{any: [{rank: {climbs: 9}}, {appears: true}]}",
    # Sales that have not followed yet: a cap on a growth is no fall.
    "{views_growth: {at_least: 100%}, sales_growth: {below: 25%}}",
]
STATES = [
    ("{spu_avg_price: {falls: 10%, from: median 7d}}", "spu_avg_price"),
    ("{spu_avg_price: {below: 9}}", "spu_avg_price"),
    ("{total_sale_7d_cnt: {at_least: 100}}", "total_sale_7d_cnt"),
    ("{sales_growth: {at_most: -30%}}", "sales_growth"),
    ("{total_sale_7d_cnt: {falls: 40%, from: 7d ago}}", "total_sale_7d_cnt"),
    ("{rank: {drops: 20}}", "rank"),
    ("{sales_trend_flag: {becomes: falling}}", "sales_trend_flag"),
    # Creators pour in while each sells less: a warning, no find.
    ("{creators_growth: {at_least: 50%}, total_sale_7d_cnt: {falls: 20%}}", "creators_growth"),
    ("{views_surge_ratio: {below: 1}}", "views_surge_ratio"),
    ("{total_sale_1d_cnt: {unusual: 3.5}}", "total_sale_1d_cnt"),
    ("{appears: true, commission: {at_least: 10%}}", "commission"),
    ("{not: {sales_growth: {at_least: 50%}}, commission: {rises: 0.02}}", "commission"),
]
NONE = ["{appears: true}", "{product_name: {contains: red}}", "{rank: {leaves_top: 9}}"]


def rule_of(when: str) -> Rule:
    """A rule of these conditions."""
    text = f"{HEAD}rules:\n  - name: r\n    watch: {{sort: total_sale_7d_cnt desc}}\n"
    return load_text(f"{text}    when: {when}\n").rules[0]


@pytest.mark.parametrize("when", RISES)
def test_a_rise_is_claimed(when: str) -> None:
    """By any condition that speaks of one."""
    assert claim_of(rule_of(when)).measure is Measure.RISE


@pytest.mark.parametrize(("when", "metric"), STATES)
def test_a_state_is_claimed(when: str, metric: str) -> None:
    """The first condition that can be asked again stands for the rule."""
    claim = claim_of(rule_of(when))
    assert claim.measure is Measure.STATE
    assert claim.metric is not None
    assert claim.metric.name == metric


@pytest.mark.parametrize("when", NONE)
def test_nothing_that_can_be_measured(when: str) -> None:
    """What appears or is called so stays so; who left is not there to be asked."""
    assert claim_of(rule_of(when)).measure is Measure.NONE


def asked(when: str, value: float, then: float | None = None, base: float | None = None) -> object:
    """Whether the only condition still holds at a value, where its alert fired at another one."""
    condition: Condition = rule_of(when).when
    why = Evidence("m", "m", "count", "c", Verdict.MET, then, base)
    return still_holds(condition, why, value)


@pytest.mark.parametrize(
    ("when", "good", "bad"),
    [
        ("{spu_avg_price: {below: 9}}", 8.9, 9),
        ("{spu_avg_price: {at_most: 9}}", 9, 9.1),
        ("{spu_avg_price: {above: 9}}", 9.1, 9),
        ("{spu_avg_price: {at_least: 9}}", 9, 8.9),
        ("{spu_avg_price: {equals: 9}}", 9, 8),
        ("{spu_avg_price: {not_equals: 9}}", 8, 9),
        ("{spu_avg_price: {in: [8, 9]}}", 8, 7),
        ("{spu_avg_price: {not_in: [8, 9]}}", 7, 8),
        ("{spu_avg_price: {between: [8, 9]}}", 9, 9.1),
        ("{spu_avg_price: {crosses_above: 9}}", 9.1, 9),
        ("{spu_avg_price: {crosses_below: 9}}", 8.9, 9),
        ("{sales_trend_flag: {becomes: falling}}", 2, 1),
        ("{sales_trend_flag: {leaves: rising}}", 2, 1),
        ("{rank: {enters_top: 10}}", 10, 11),
    ],
)
def test_a_limit_holds_or_does_not(when: str, good: float, bad: float) -> None:
    """Whatever the alert fired at; without a value it can't be said."""
    assert asked(when, good) is True
    assert asked(when, bad) is False
    assert asked(when, math.nan) is None


@pytest.mark.parametrize(
    "when",
    ["{spu_avg_price: {falls: 10%}}", "{rank: {drops: 4}}", "{spu_avg_price: {unusual: 3}}",
     "{commission: {rises: 0.02}}", "{spu_avg_price: {changes: 10%}}"],
)  # fmt: skip
def test_half_of_a_move_is_kept_or_not(when: str) -> None:
    """Either way; without the old baseline it can't be said."""
    assert asked(when, 9.5, then=9, base=10) is True
    assert asked(when, 9.51, then=9, base=10) is False
    assert asked(when, 20, then=11, base=10) is True
    assert asked(when, 10.4, then=11, base=10) is False
    assert asked(when, 9, then=9) is None
    assert asked(when, 9, then=10, base=10) is None
    assert still_holds(rule_of(when).when, None, 9) is None
