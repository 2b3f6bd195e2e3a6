"""Evidence in words: what is stored are operators and values, or the words of earlier versions."""

from __future__ import annotations

import msgspec
import pytest

from watcher.evidence import Criterion, Evidence, Gap, GapKind
from watcher.model import Verdict
from watcher.rules.conditions.presence import DISAPPEARS, REAPPEARS
from watcher.rules.conditions.registry import NUMBER_BY_NAME, TEXT_BY_NAME
from watcher.text.evidence import PATTERNS, condition_of, gap_of, label_of, spelled
from watcher.units import DAY, HOUR

EARLIER = (
    '{"metric":"total_sale_7d_cnt","label":"7-day sales (median 14d)","unit":"count",'
    '"condition":"rises 30% from median 14d","verdict":"met","value":13.0,"baseline":10.0,'
    '"gap":"no value for 9 days"}'
)
NOW = Evidence(
    metric="total_sale_7d_cnt",
    label="7-day sales",
    unit="count",
    condition=Criterion("rises", (0.3,), percent=True, baseline="median", seconds=14 * DAY),
    verdict=Verdict.MET,
    value=13.0,
    baseline=10.0,
    gap=Gap(GapKind.NO_VALUE, 9 * DAY),
)


def test_words_of_earlier_versions_read_the_same() -> None:
    """An alert that fired before an update says what it said, and what fires after it too."""
    old = msgspec.json.decode(EARLIER, type=Evidence)
    assert (label_of(old), condition_of(old), gap_of(old)) == (
        "7-day sales (median 14d)",
        "rises 30% from median 14d",
        "no value for 9 days",
    )
    assert spelled(old) == old
    assert spelled(NOW) == old
    assert msgspec.json.encode(spelled(NOW)).decode() == EARLIER


def test_no_words_are_stored() -> None:
    """But the metric's own name: another language needs another table and no migration."""
    stored = msgspec.json.encode(NOW)
    assert msgspec.json.decode(stored, type=Evidence) == NOW
    for word in (b"from", b"no value", b"30%", b"days"):
        assert word not in stored


def test_every_operator_has_words() -> None:
    """And nothing else has."""
    assert set(PATTERNS) == {*NUMBER_BY_NAME, *TEXT_BY_NAME, "appears", REAPPEARS, DISAPPEARS}


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        (None, ""),
        (Gap(GapKind.NOT_LISTED, 9 * DAY), "not on the list for 9 days"),
        (Gap(GapKind.NOT_SEEN, 47 * HOUR), "not seen for 47 hours"),
        (Gap(GapKind.NO_VALUE, 90 * 60), "no value for 1h30m"),
    ],
)
def test_gaps(gap: Gap | None, words: str) -> None:
    """In days, of less than two of them in hours."""
    assert gap_of(msgspec.structs.replace(NOW, gap=gap)) == words


def test_a_condition_turned_round() -> None:
    """Once, or twice."""
    once = msgspec.structs.replace(NOW, condition=Criterion("at_least", (1.0,)), negations=1)
    assert condition_of(once) == "not: at least 1"
    assert condition_of(msgspec.structs.replace(once, negations=2)) == "not: not: at least 1"


def test_of_many_limits_the_first() -> None:
    """A condition stands in each alert: the others are only counted."""
    asked = Criterion("in", (1.0, 2.0), more=1_234)
    assert condition_of(msgspec.structs.replace(NOW, condition=asked)) == (
        "is one of 1, 2 and 1,234 more"
    )
