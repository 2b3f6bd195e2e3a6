"""When a product was looked for and not seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.store.making import DAY, START, scan
from watcher.model import Doubt, ScanState
from watcher.store.records import Absence
from watcher.store.sqlite.database import Database

STATES = {"c": ScanState.COMPLETE, "p": ScanState.PARTIAL, "f": ScanState.FAILED}


def record(store: Database, *scans: str, watch: str = "w") -> None:
    """A scan a day: its state, and the products that it listed (``c12``); ``.`` is none at all."""
    for day, told in enumerate(scans, start=1):
        if told != ".":
            listed, at = dict.fromkeys(told[1:], 5.0), START + day * DAY
            store.history.record(scan(at, listed, watch=watch, state=STATES[told[0]]))


def found(store: Database, product_id: str = "1", since: int = 0) -> list[tuple[int, int, int]]:
    """Days of what was seen last, first missing, and back; 0 for a time before."""
    (facts,) = store.history.find(product_id)
    absences = store.history.absences([facts.product], since)[facts.product]
    return [tuple(max(at - START, 0) // DAY for at in (each.seen, each.missing, each.back))  # type: ignore[misc]
            for each in absences]  # fmt: skip


@pytest.mark.parametrize(
    ("scans", "absent"),
    [
        ("c1 c1 c1", []),
        ("c1 c2 c1", [(1, 2, 3)]),
        ("c1 c2 c c2 c1 c2 c1", [(1, 2, 5), (5, 6, 7)]),
        ("c1 p2 c1", []),  # cut off: it may have come later in the list
        ("c1 f c1", []),
        ("c1 . . c1", []),  # nobody looked
        ("c1 p2 c2 f c1", [(1, 3, 5)]),
        ("c1 c2 p1 c1", [(1, 2, 3)]),  # a part of a list shows that it is there
        ("c1 c2 c2", []),  # it has not come back
        ("c2 c2 c1", [(0, 1, 3)]),
    ],
)
def test_between_two_sightings(store: Database, scans: str, absent: list[object]) -> None:
    """A complete list without it, and only that."""
    record(store, *scans.split())
    assert found(store) == absent


def test_one_watch_sees_what_another_does_not(store: Database) -> None:
    """A product that leaves one list and stays on another was seen all the time."""
    record(store, *"c1 c2 c2 c2 c1".split())
    record(store, *"c1 c1 c1 c1 c1".split(), watch="other")
    assert found(store) == []
    record(store, *". . . . . . . c2 . c1".split(), watch="other")
    record(store, *". . . . . . . . c2 c1".split())
    assert found(store) == [(5, 8, 10)]


def test_a_short_run_within_a_long_one(store: Database) -> None:
    """The long one goes on after it."""
    record(store, *"c1 c1 c1 c1 c1 c1 c1 c1 c1".split())
    record(store, *". c1 c1 . c2 . . c1".split(), watch="other")
    assert found(store) == []


def test_a_gap_of_hours_is_one(store: Database) -> None:
    """Which another list may fill."""
    for hour, listed in ((0, "1"), (6, "2"), (12, "1")):
        at = START + hour * 3_600
        store.history.record(scan(at, dict.fromkeys(listed, 5.0)))
        store.history.record(scan(at, {"1": 5.0}, watch="other"))
    assert found(store) == []


def test_two_lists_of_the_same_time(store: Database) -> None:
    """One has it and one has not: it was seen."""
    record(store, *"c1 . c2".split())
    record(store, *". . c1".split(), watch="other")
    assert found(store) == []


def test_a_watch_that_never_listed_it_says_nothing(store: Database) -> None:
    """Its list is another one."""
    record(store, *"c1 . c1".split())
    record(store, *"c2 c2 c2".split(), watch="other")
    assert found(store) == []


def test_since_a_time(store: Database) -> None:
    """What ended before is left out; what goes on then began before."""
    record(store, *"c1 c2 c1 c2 c2 c1".split())
    assert found(store, since=START + 3 * DAY) == [(3, 4, 6)]
    assert found(store, since=START + 5 * DAY) == [(0, 5, 6)]
    assert found(store, since=START + 6 * DAY) == []


def test_several_products_at_once(store: Database) -> None:
    """Each has its own; a product that no watch ever saw has none."""
    record(store, *"c12 c1 c12 c2 c12".split())
    keys = [store.history.find(each)[0].product for each in ("1", "2")]
    absences = store.history.absences([*keys, 999], 0)
    days = [START + day * DAY for day in range(6)]
    assert absences[keys[0]] == (Absence(days[3], days[4], days[5]),)
    assert absences[keys[1]] == (Absence(days[1], days[2], days[3]),)
    assert absences[999] == ()
    assert store.history.absences([], 0) == {}


def test_a_doubted_list_proves_nothing(store: Database) -> None:
    """One that was read with a gap may have had it in the gap."""
    record(store, "c1")
    missing = scan(START + 2 * DAY, {"2": 5.0})
    store.history.record(replace(missing, doubt=Doubt("a gap", missing.at)))
    record(store, ".", ".", "c1")
    assert found(store) == []
