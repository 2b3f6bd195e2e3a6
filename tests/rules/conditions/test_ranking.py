"""Places in the list."""

from math import inf

import pytest

from tests.rules.tables import THEN, FakeTable, complaints, condition, verdicts
from watcher.model import Verdict
from watcher.rules.conditions.base import Ago, Last, LastList, Statistic
from watcher.text.evidence import condition_of
from watcher.units import DAY

MOVED = FakeTable({"rank": [5, 15, 9, None, 3]}, {"rank": [10, 10, 10, 10, None]})
# In, still in, out, in from below the depth, out below it, never there, unknown before.
TOP = FakeTable(
    {"rank": [10, 1, 11, 2, None, None, 3]},
    {"rank": [11, 10, 10, inf, 4, 40, None]},
    fallen=[False, False, False, False, True, True, False],
)


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ({"climbs": 5}, "mnn??"),
        ({"drops": 5}, "nmn??"),
        ({"climbs": 1}, "mnm??"),
        ({"climbs": 5, "from": "7d ago"}, "mnn??"),
        ({"drops": "5", "from": "median 14d"}, "nmn??"),
    ],
)
def test_climbs_and_drops(operator: object, expected: str) -> None:
    """To climb is to come nearer to 1; no rank before or now is no data."""
    assert verdicts({"rank": operator}, MOVED) == expected


def test_enters_and_leaves_the_top() -> None:
    """Below the scanned depth is outside; without a complete scan before there is no data."""
    assert verdicts({"rank": {"enters_top": 10}}, TOP) == "mnnmnn?"
    assert verdicts({"rank": {"leaves_top": 10}}, TOP) == "nnmnmn?"


def test_who_was_only_on_a_list_that_was_cut_off_left_nothing() -> None:
    """Whatever condition beside it asks for that list: no data; its own list decides."""
    table = FakeTable({"rank": [None, None]}, {"rank": [inf, 4]}, fallen=[True, True])
    assert verdicts({"rank": {"leaves_top": 10}}, table) == "?m"
    assert verdicts({"rank": {"enters_top": 10}}, table) == "nn"


def test_only_these_know_who_fell() -> None:
    """Below the depth there is no rank that could be compared."""
    assert verdicts({"rank": {"above": 5}}, TOP) == "mnmn??n"
    assert verdicts({"rank": {"drops": 5}}, TOP)[4:6] == "??"


def test_declare_their_baselines() -> None:
    """Of the last observation, of a time, of the last complete list."""
    written: list[dict[str, object]] = [
        {"climbs": 5},
        {"climbs": 5, "from": "7d ago"},
        {"drops": 5, "from": "mean 7d"},
        {"enters_top": 5},
    ]
    froms = [need.from_ for one in written for need in condition({"rank": one}).needs]
    assert froms == [Last(), Ago(7 * DAY), Statistic("mean", 7 * DAY), LastList(5)]


def test_to_climb_is_to_fall_as_a_number() -> None:
    """Equal by meaning."""
    assert condition({"rank": {"climbs": 5}}) == condition({"rank": {"falls": 5}})
    assert condition({"rank": {"enters_top": 5}}) != condition({"rank": {"leaves_top": 5}})
    assert condition({"rank": {"enters_top": 5}}) != condition({"rank": {"enters_top": 6}})


def test_evidence_of_a_move() -> None:
    """In places."""
    (evidence,) = condition({"rank": {"climbs": 5, "from": "7d ago"}}).evidence(MOVED, 0)
    assert condition_of(evidence) == "climbs 5 places from 7d ago"
    assert (evidence.baseline, evidence.value, evidence.baseline_at) == (10, 5, THEN)
    assert str(condition({"rank": {"drops": 1}})) == "drops 1 place from last"


def test_evidence_of_the_top() -> None:
    """Who is not on a list is outside, which is more than no value."""
    enters = condition({"rank": {"enters_top": 10}})
    leaves = condition({"rank": {"leaves_top": 10}})
    shown = [*enters.evidence(TOP, 0), *enters.evidence(TOP, 3), *leaves.evidence(TOP, 4)]
    assert [(one.baseline, one.value) for one in shown] == [
        (11, 10),
        ("outside", 2),
        (4, "outside"),
    ]
    assert [condition_of(one) for one in shown] == [
        "enters the top 10",
        "enters the top 10",
        "leaves the top 10",
    ]
    (unknown,) = enters.evidence(TOP, 6)
    assert (unknown.verdict, unknown.baseline) == (Verdict.NO_DATA, None)


@pytest.mark.parametrize(
    ("operator", "message"),
    [
        ({"climbs": 0}, "takes a number of places, as 10"),
        ({"climbs": "10%"}, "takes a number of places, as 10"),
        ({"enters_top": 2.5}, "takes a number of places, as 10"),
        ({"leaves_top": -1}, "takes a number of places, as 10"),
        ({"drops": [1]}, "takes a number, not a list"),
        ({"climbs": 5, "from": "soon"}, '"soon" is no baseline'),
        ({"enters_top": 5, "from": "7d ago"}, '"from" only goes with rises'),
    ],
)
def test_refuses(operator: object, message: str) -> None:
    """What makes no sense."""
    (complaint,) = complaints({"rank": operator})
    assert message in complaint
