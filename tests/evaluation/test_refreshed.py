"""Whether a scan's data is all new, and of which data day it is."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tests.store.making import DAY, START, scan
from watcher.data_days import APART, DataDay, LookResult, RefreshLook
from watcher.evaluation.refreshed import (
    is_fresh,
    is_next,
    is_partly,
    note_data_day,
    quiet_until,
    usual,
)
from watcher.model import Instant, ScanState
from watcher.schedule import Refresh
from watcher.store.ports import Store
from watcher.store.sql.refreshes import Reference, ScanDay, Share
from watcher.units import HOUR

FIRST = START // DAY


@dataclass
class Region:
    """A watch of ten products that is read with the refresh."""

    store: Store
    numbers: list[float] = field(default_factory=lambda: [1.0] * 10)

    def scan(self, at: Instant, moved: int, products: str = "abcdefghij") -> ScanDay:
        """A scan at which the first so many products have other numbers; what is noted of it."""
        self.numbers = [value + (place < moved) for place, value in enumerate(self.numbers)]
        made = scan(START + at, dict(zip(products, self.numbers, strict=False)))
        recorded = self.store.history.record(made)
        half = note_data_day(self.store, Refresh("US"), made, recorded)
        assert self.store.jumps.is_half(recorded.scan_id) is half
        noted = self.store.refreshes.days_of(made.watch, 1)[0]
        assert noted.half is half
        return noted

    def begin(self, number: int, quiet: Instant, began: Instant) -> None:
        """A look found a data day."""
        at = START + began
        self.store.refreshes.begin_day("US", DataDay(FIRST + number, at, START + quiet, at))

    def days(self) -> list[tuple[int, Instant, Instant]]:
        """The data days, when the old data was seen last, and when they began."""
        rows = self.store.refreshes.data_days("US").rows
        return [(row.day - FIRST, row.quiet - START, row.began - START) for row in rows]


@pytest.fixture
def region(store: Store) -> Region:
    """Its first scan is made."""
    found = Region(store)
    assert found.scan(0, 0).since is None
    return found


def test_a_scan_finds_the_next_day(region: Region) -> None:
    """Where half of all moved, and it is no more the refresh of before."""
    assert region.scan(APART - 1, 10).day == FIRST
    assert region.scan(DAY, 4).day == FIRST
    noted = region.scan(DAY + HOUR, 6)
    assert (noted.day, noted.since, noted.all_, noted.half) == (
        FIRST + 1, FIRST, Share(10, 6), False,
    )  # fmt: skip
    assert region.days() == [(0, 0, 0), (1, DAY, DAY + HOUR)]


def test_one_more_scan_of_a_day_is_not_half_new(region: Region) -> None:
    """What did not move had moved before."""
    assert not region.scan(HOUR, 0).half


@pytest.mark.parametrize(("moved", "half"), [(4, True), (5, False)])
def test_half_of_all_is_enough_at_first(region: Region, moved: int, half: bool) -> None:
    """As long as nothing is learned."""
    region.begin(1, DAY - HOUR, DAY)
    assert region.scan(DAY + HOUR, moved).half is half


def test_more_is_asked_for_where_more_is_usual(region: Region) -> None:
    """A little more than half of it. It is read again once, against the last whole one."""
    region.scan(DAY, 10)
    region.begin(2, 2 * DAY - HOUR, 2 * DAY)
    half = region.scan(2 * DAY + HOUR, 6)
    assert (half.day, half.since, half.half) == (FIRST + 2, FIRST + 1, True)
    again = region.scan(2 * DAY + 4 * HOUR, 1)
    assert (again.day, again.since, again.all_, again.half) == (
        FIRST + 2, FIRST + 1, Share(10, 6), False,
    )  # fmt: skip


def test_whom_nobody_knows_says_nothing(region: Region) -> None:
    """Of other products than before one can't tell."""
    region.begin(1, DAY - HOUR, DAY)
    noted = region.scan(DAY + HOUR, 10, "klmnopqrst")
    assert (noted.day, noted.all_, noted.half) == (FIRST + 1, Share(), False)


def test_what_was_read_between_two_looks_may_have_been_new(region: Region) -> None:
    """Then nothing moves any more."""
    region.scan(DAY - HOUR, 0)
    region.begin(1, DAY - 3 * HOUR, DAY)
    assert not region.scan(DAY + HOUR, 0).half


def test_page_one_is_told_apart(store: Store) -> None:
    """Ten of twelve products."""
    twelve = Region(store, [1.0] * 12)
    twelve.scan(0, 0, "abcdefghijkl")
    noted = twelve.scan(DAY, 11, "abcdefghijkl")
    assert (noted.all_, noted.first) == (Share(12, 11), Share(10, 10))


def test_an_empty_watch_begins_anew(region: Region) -> None:
    """A scan that failed is held against nothing, and nothing against it."""
    made = scan(START + HOUR, {}, state=ScanState.FAILED)
    recorded = region.store.history.record(made)
    assert not note_data_day(region.store, Refresh("US"), made, recorded)
    assert region.scan(DAY, 9).all_ == Share(10, 9)


@pytest.mark.parametrize(
    ("looks", "reads", "expected"),
    [
        ([], [], 0),
        ([(3, "quiet"), (5, "quiet"), (7, "failed"), (9, "quiet")], [], 5),
        ([(3, "quiet")], [4], 4),
        ([(3, "quiet")], [2], 3),
        ([(3, "quiet")], [9], 3),
    ],
)
def test_when_the_old_data_was_seen_last(
    region: Region, looks: list[tuple[int, str]], reads: list[int], expected: int
) -> None:
    """By a look, or a scan, of before hour 8."""
    for hour, result in looks:
        look = RefreshLook(START + hour * HOUR, "w", LookResult(result), 10)
        region.store.refreshes.note_look("US", look)
    for hour in reads:
        region.scan(hour * HOUR, 0)
    last = region.store.refreshes.data_days("US").last
    assert last is not None
    quiet = quiet_until(region.store, "US", last, START + 8 * HOUR)
    assert quiet == START + expected * HOUR


@pytest.mark.parametrize(
    ("against", "at", "expected"),
    [(0, APART, True), (-1, APART, False), (0, APART - 1, False), (5, 2 * APART, True)],
)
def test_what_is_a_refresh_after_the_last(against: int, at: int, expected: bool) -> None:
    """It moved since that one's data was read, and not so soon."""
    last = DataDay(5, START, START, START)
    reference = Reference(1, START + against, 1, 5)
    assert is_next(last, reference, START + at) is expected


@pytest.mark.parametrize(
    ("known", "moved", "usually", "found"),
    [
        (10, 5, None, "fresh"),
        (10, 4, None, "partly"),
        (10, 2, None, "partly"),
        (20, 1, None, "quiet"),
        (10, 3, 0.6, "fresh"),
        (10, 2, 0.6, "partly"),
        (7, 3, 0.9, "partly"),
        (4, 1, 0.5, "fresh"),
        (5, 1, 0.1, "quiet"),
        (5, 2, 0.1, "fresh"),
        (0, 0, 0.5, "quiet"),
    ],
)
def test_how_much_is_new(known: int, moved: int, usually: float | None, found: str) -> None:
    """Half of what is usual, and of many products more than one."""
    share = Share(known, moved)
    assert is_fresh(share, usually) is (found == "fresh")
    assert is_partly(share, usually) is (found != "quiet")


def test_what_is_usual() -> None:
    """The middle of what moved from one data day to the next, all at once."""
    told = [(5, None, 0, False), (6, 5, 8, False), (6, 6, 0, False), (7, 6, 2, True)]
    rows = [
        ScanDay(number, "w", "US", day, since, Share(10, moved), Share(5, moved // 2), half)
        for number, (day, since, moved, half) in enumerate(told)
    ]
    assert usual(rows[:1]) is None
    assert usual(rows) == 0.8
    assert usual(rows, first=True) == 0.8
    assert usual([*rows, ScanDay(9, "w", "US", 8, 7, Share(), Share())]) == 0.8


def test_a_list_that_hardly_moves_is_half_of_nothing(region: Region) -> None:
    """Where one of ten products moves on most days, none on another is chance."""
    for day in range(1, 8):
        region.begin(day, (day - 1) * DAY + HOUR, day * DAY)
        noted = region.scan(day * DAY + 60, 1 if day < 7 else 0)
        if noted.half and day < 7:
            noted = region.scan(day * DAY + 3 * HOUR, 0)
    assert (noted.day - FIRST, noted.all_.moved, noted.half) == (7, 0, False)
    assert noted.since == FIRST + 6
