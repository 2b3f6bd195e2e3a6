"""How far a metric moved."""

import pytest

from tests.rules.tables import THEN, FakeTable, complaints, condition, verdicts
from watcher.model import Verdict
from watcher.rules.conditions.base import Ago, Last, Statistic
from watcher.text.evidence import condition_of, label_of

METRIC = "total_sale_gmv_7d_amt"


def moves(*pairs: tuple[float | None, float | None]) -> FakeTable:
    """A table of products that went from one value to another."""
    return FakeTable({METRIC: [now for _, now in pairs]}, {METRIC: [then for then, _ in pairs]})


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ({"rises": 10}, "mnn??"),
        ({"falls": 10}, "nmn??"),
        ({"changes": 10}, "mmn??"),
        ({"rises": "10%"}, "mnn??"),
        ({"falls": "10%"}, "nmn??"),
        ({"changes": "10%"}, "mmn??"),
        ({"rises": "5%", "min_change": 11}, "nnn??"),
        ({"rises": "5%", "min_change": 10}, "mnn??"),
        ({"rises": 10, "from": "7d ago"}, "mnn??"),
        ({"rises": 10, "from": "median 14d"}, "mnn??"),
        ({"falls": "10%", "from": "max 30d"}, "nmn??"),
    ],
)
def test_moves(operator: dict[str, object], expected: str) -> None:
    """By a number and by a percentage, either way, with a floor; no baseline is no data."""
    table = moves((100, 110), (100, 90), (100, 101), (None, 100), (100, None))
    assert verdicts({METRIC: operator}, table) == expected


def test_percentage_of_zero() -> None:
    """Has no value; with a floor, the floor alone decides."""
    table = moves((0, 0), (0, 400), (0, 600))
    assert verdicts({METRIC: {"rises": "30%"}}, table) == "???"
    assert verdicts({METRIC: {"rises": "30%", "min_change": 500}}, table) == "nnm"
    assert verdicts({METRIC: {"falls": "30%", "min_change": 500}}, table) == "nnn"
    assert verdicts({METRIC: {"rises": 500}}, table) == "nnm"


def test_percentage_of_a_negative_baseline() -> None:
    """Of its size: from -0.5 to -0.2 is a rise of 60%."""
    table = FakeTable({"sales_growth": [-0.2, -0.6]}, {"sales_growth": [-0.5, -0.5]})
    assert verdicts({"sales_growth": {"rises": "50%"}}, table) == "mn"


@pytest.mark.parametrize("percent", range(1, 100))
def test_exactly_so_much_counts(percent: int) -> None:
    """A rise of exactly p% is one, whatever binary fractions make of it."""
    then = 10.1
    now = round(then * (100 + percent) / 100, 4)
    assert verdicts({METRIC: {"rises": f"{percent}%"}}, moves((then, now))) == "m"


def test_declares_its_baseline() -> None:
    """The default is the last observation."""
    last = condition({METRIC: {"rises": 1}})
    week = condition({METRIC: {"rises": 1, "from": "7d ago"}})
    mean = condition({METRIC: {"rises": 1, "from": "mean 7d"}})
    froms = [need.from_ for need in (*last.needs, *week.needs, *mean.needs)]
    assert froms == [Last(), Ago(604_800), Statistic("mean", 604_800)]
    assert len({last, week, mean}) == 3


def test_evidence_has_the_baseline() -> None:
    """With the instant at which it was observed."""
    table = moves((100, 130), (None, 5))
    (evidence,) = condition({METRIC: {"rises": "30%", "min_change": 5}}).evidence(table, 0)
    assert condition_of(evidence) == "rises 30% from last, by 5 at least"
    assert (evidence.baseline, evidence.value, evidence.baseline_at) == (100, 130, THEN)
    assert evidence.verdict is Verdict.MET
    (without,) = condition({METRIC: {"rises": "30%"}}).evidence(table, 1)
    assert (without.baseline, without.baseline_at) == (None, None)


def test_evidence_says_which_statistic() -> None:
    """Or its baseline would pass for a value that was once seen."""
    (evidence,) = condition({METRIC: {"falls": 5, "from": "min 5w"}}).evidence(moves((9, 2)), 0)
    assert label_of(evidence) == "7-day GMV (min 35d)"
    assert condition_of(evidence) == "falls 5 from min 35d"


@pytest.mark.parametrize(
    ("operator", "message"),
    [
        ({"rises": 0}, "takes how much, above 0"),
        ({"rises": -5}, 'there is "falls"'),
        ({"rises": True}, "takes how much, as 100 or 30%"),
        ({"rises": 5, "min_change": 0}, '"min_change" must be above 0'),
        ({"rises": 5, "from": "7d"}, 'did you mean "7d ago"?'),
        ({"rises": 5, "from": "median"}, '"from: median" needs a time, as "median 14d"'),
        ({"rises": 5, "from": "median 0d"}, '"from: median 0d" has no time in it'),
        ({"rises": 5, "from": "median 2"}, '"2" is no duration'),
        ({"rises": 5, "from": "avg 7d"}, 'did you mean "mean 7d"?'),
        ({"rises": 5, "from": "mode 7d"}, 'or a statistic as "median 14d"'),
        ({"rises": 5, "from": "0d ago"}, "is now"),
        ({"rises": 5, "from": "yesterday"}, '"yesterday" is no baseline'),
        ({"rises": 5, "from": 7}, '"from" takes "last" or a time as "7d ago", not the number 7'),
        ({"rises": 5, "from": "7y ago"}, '"7y" is no duration'),
        (
            {"above": 5, "from": "7d ago"},
            '"from" only goes with rises, falls, changes, climbs, drops',
        ),
        ({"becomes": 5, "min_change": 1}, '"min_change" only goes with rises, falls, changes'),
        ({"rises": "5%", "min_change": "5%"}, '"min_change" takes an absolute amount'),
    ],
)
def test_refuses(operator: dict[str, object], message: str) -> None:
    """What makes no sense."""
    (complaint,) = complaints({METRIC: operator})
    assert message in complaint


@pytest.mark.parametrize(
    ("option", "value"), [("from", "yesterday"), ("min_change", -5), ("min_change", "x")]
)
def test_an_option_is_blamed_itself(option: str, value: object) -> None:
    """Not the operator that it stands beside."""
    (complaint,) = complaints({METRIC: {"rises": 5, option: value}})
    assert complaint.startswith(f"{METRIC}.{option}: ")


def test_a_fraction_may_move_by_points() -> None:
    """A move of commission itself is told in points, one of its value in percent."""
    moved = condition({"commission": {"rises": "10%", "min_change": "2%"}})
    assert "rises 10% from last, by 2 points at least" in str(moved)
    assert "falls 2 points from last" in str(condition({"commission": {"falls": 0.02}}))
