"""Values far from their own history."""

from math import log

import pytest

from tests.rules.tables import AT, FakeTable, complaints, condition, verdicts
from watcher.model import Verdict
from watcher.rules.conditions.base import Need, Spread, Usual
from watcher.rules.metrics import Catalogue
from watcher.text.evidence import condition_of, label_of
from watcher.units import DAY

METRIC = "review_count"


def table(*products: tuple[float | None, float | None, float | None]) -> FakeTable:
    """Products by their value, their usual value, and one standard deviation in logarithms."""
    values, usual, spreads = zip(*products, strict=True)
    return FakeTable(
        {METRIC: values},
        {
            f"{METRIC} from usual 28d": [None if one is None else log(1 + one) for one in usual],
            f"{METRIC} from spread 28d": spreads,
        },
    )


def test_far_either_way() -> None:
    """Three deviations above or below count, less does not; what is missing is no data."""
    far = table((799, 99, 0.5), (9, 99, 0.5), (300, 99, 0.5), (None, 99, 0.5), (5, None, None))
    assert verdicts({METRIC: {"unusual": 3}}, far) == "mmn??"
    assert verdicts({METRIC: {"unusual": 3, "over": "4w"}}, far) == "mmn??"


def test_just_so_far_counts() -> None:
    """Whatever binary fractions make of a score of exactly 3."""
    assert verdicts({METRIC: {"unusual": 3}}, table((799, 99, log(8) / 3))) == "m"


def test_no_logarithm() -> None:
    """A growth of -100% or less has none."""
    below = FakeTable(
        {"sales_growth": [-1, -2, 0]},
        {"sales_growth from usual 270d": [0, 0, 0], "sales_growth from spread 270d": [1, 1, 1]},
    )
    assert verdicts({"sales_growth": {"unusual": 1}}, below) == "??n"


def test_declares_what_it_needs() -> None:
    """The usual value and how far values lie from it, over 28 days by default."""
    metric = Catalogue()[METRIC]
    needs = condition({METRIC: {"unusual": 3}}).needs
    assert needs == (Need(metric, Usual(28 * DAY)), Need(metric, Spread(28 * DAY)))
    assert condition({METRIC: {"unusual": 3, "over": "28d"}}) == condition({METRIC: {"unusual": 3}})
    assert condition({METRIC: {"unusual": 3, "over": "8w"}}) != condition({METRIC: {"unusual": 3}})


def test_sums_of_several_days_look_back_further() -> None:
    """Nine windows if nothing is written; what such a rule is known by is as it was before."""
    metric = Catalogue()["total_sale_7d_cnt"]
    left_out = condition({metric.name: {"unusual": 3}})
    assert left_out.needs == (
        Need(metric, Usual(63 * DAY, 7)), Need(metric, Spread(63 * DAY, 7))
    )  # fmt: skip
    assert left_out.canonical() == "total_sale_7d_cnt unusual 3.0 over 2419200"
    assert condition({metric.name: {"unusual": 3, "over": "63d"}}) == left_out
    daily = condition({METRIC: {"unusual": 3, "over": "16d"}})
    assert daily.canonical() == "review_count unusual 3.0 over 1382400"
    for other in ("28d", "62d", "64d"):
        assert condition({metric.name: {"unusual": 3, "over": other}}) != left_out


def test_evidence_in_the_metrics_own_unit() -> None:
    """The usual value, not its logarithm, and the score beside it."""
    unusual = condition({METRIC: {"unusual": 3}})
    (evidence,) = unusual.evidence(table((799, 99, 0.5)), 0)
    assert label_of(evidence) == "reviews (usual 28d, z 4.2)"
    assert condition_of(evidence) == "unusual by 3 over 28d"
    assert (evidence.value, evidence.baseline) == (799, 99)
    assert evidence.baseline_at is not None
    assert evidence.baseline_at < AT
    (without,) = unusual.evidence(table((5, None, None)), 0)
    assert (label_of(without), without.baseline) == ("reviews (usual 28d)", None)
    assert without.verdict is Verdict.NO_DATA


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ({METRIC: {"unusual": 0}}, "takes how many standard deviations, above 0, as 3"),
        ({METRIC: {"unusual": -3}}, "for one way only stand rises or falls beside it"),
        ({METRIC: {"unusual": "30%"}}, "not a percentage"),
        ({METRIC: {"unusual": True}}, "takes a number, not true"),
        ({METRIC: {"unusual": 3, "over": "7d"}}, '"over: 7d" is too short: 14d is the least'),
        ({METRIC: {"unusual": 3, "over": 28}}, '"over" takes a time as 28d, not the number 28'),
        ({METRIC: {"unusual": 3, "over": "x"}}, '"x" is no duration'),
        ({METRIC: {"above": 3, "over": "28d"}}, '"over" only goes with unusual'),
        ({"sales_trend_flag": {"unusual": 3}}, "sales_trend_flag has no usual size"),
        ({"first_crawl_dt": {"unusual": 3}}, "first_crawl_dt has no usual size"),
    ],
)
def test_refuses(when: object, message: str) -> None:
    """What makes no sense."""
    (complaint,) = complaints(when)
    assert message in complaint
