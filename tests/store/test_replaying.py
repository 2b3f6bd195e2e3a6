"""Stored scans as scans again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.store.making import DAY, GMV, SALES, START, scan
from watcher.keyapi.fields import NUMERIC_INDEX
from watcher.model import Doubt, Scan, ScanState
from watcher.store.database import Database
from watcher.store.replaying import Extent, PastScans, last_complete_before


def day(number: int, second: int = 0) -> int:
    """An instant of a day."""
    return START + number * DAY + second


def replayed(store: Database, since: int = 0, *, others: bool = False) -> list[Scan]:
    """What is replayed of the watch ``w``, with the sales only."""
    past = PastScans(store, Extent("w", "US", since, (SALES,), others))
    scans = list(past.scans())
    assert len(scans) <= len(past)
    return scans


def sales(of: Scan) -> dict[str, float]:
    """Products and their 7-day sales."""
    return dict(zip(of.product_ids, of.numbers[:, NUMERIC_INDEX[SALES]].tolist(), strict=True))


def test_scans_come_back_as_they_were(store: Database) -> None:
    """Order, ranks, states, texts and the numbers asked for; of the others nothing."""
    given = [
        scan(day(0), {"a": {SALES: 5, GMV: 7}, "b": 6}),
        scan(day(1), {"b": 6, "a": 8}, state=ScanState.PARTIAL),
        scan(day(2), {}, state=ScanState.FAILED),
        scan(day(3), {"a": 8, "c": 1}),
    ]
    for each in given:
        store.history.record(each)
    found = replayed(store)
    for before, after in zip(given, found, strict=True):
        assert after.product_ids == before.product_ids
        assert after.ranks.tolist() == before.ranks.tolist()
        assert (after.at, after.state, after.error) == (before.at, before.state, before.error)
        assert sales(after) == sales(before)
        assert after.texts["product_name"] == before.texts["product_name"]
        assert np.isnan(after.numbers[:, NUMERIC_INDEX[GMV]]).all()


def test_what_was_wrong_with_a_scan_comes_back(store: Database) -> None:
    """Or a replay would take a cut list with problems for one whose first places are known."""
    given = replace(
        scan(day(0), {"a": 5}, state=ScanState.PARTIAL),
        problems=("page 1: a row can't be read",),
        interrupted=True,
    )
    store.history.record(given)
    (found,) = replayed(store)
    assert (found.problems, found.interrupted) == (given.problems, True)
    doubted = replace(scan(day(1), {"a": 5}), doubt=Doubt("a gap", day(1)))
    store.history.record(doubted)
    assert replayed(store)[-1].doubt == doubted.doubt


def test_what_other_watches_changed_in_between_is_carried_on(store: Database) -> None:
    """A scan that changed no row of its own still shows what was so."""
    store.history.record(scan(day(0), {"a": 5}))
    store.history.record(scan(day(0, 50), {"a": 9, "z": 1}, watch="other"))
    store.history.record(scan(day(1), {"a": 9}))
    store.history.record(scan(day(1, 50), {"a": 7}, watch="abroad", region="GB"))
    store.history.record(scan(day(2), {"a": 9}))
    assert [sales(each) for each in replayed(store)] == [{"a": 5}, {"a": 9}, {"a": 9}]


def test_other_watches_of_the_region_on_request(store: Database) -> None:
    """Of the products that the watch itself ever listed, and only of these."""
    store.history.record(scan(day(0), {"z": 5}, watch="other"))
    store.history.record(scan(day(1), {"a": 5}))
    store.history.record(scan(day(2), {"z": 1, "a": 6}, watch="other"))
    store.history.record(scan(day(2), {"a": 7}, watch="abroad", region="GB"))
    found = replayed(store, others=True)
    assert [(each.watch, sales(each)) for each in found] == [("w", {"a": 5}), ("other", {"a": 6})]


def test_of_the_time_before_only_the_last_sight_is_left(store: Database) -> None:
    """Each product once, as it was then, at the place it had."""
    store.history.record(scan(day(0), {"a": 1, "b": 2}))
    store.history.record(scan(day(1), {"c": 3, "a": 4}))
    store.history.record(scan(day(2), {"c": 5}))
    store.history.record(scan(day(3), {"b": 6}))
    found = replayed(store, since=day(3))
    assert [(each.at, sales(each), each.ranks.tolist()) for each in found] == [
        (day(0), {"b": 2}, [2]),
        (day(1), {"a": 4}, [2]),
        (day(2), {"c": 5}, [1]),
        (day(3), {"b": 6}, [1]),
    ]


def test_last_complete_before(store: Database) -> None:
    """Of the watch, strictly before."""
    assert last_complete_before(store, "w", day(9)) is None
    store.history.record(scan(day(0), {"a": 1}))
    store.history.record(scan(day(1), {"a": 1}, state=ScanState.PARTIAL))
    store.history.record(scan(day(2), {"a": 1}))
    assert last_complete_before(store, "w", day(2)) == day(0)
    assert last_complete_before(store, "other", day(2)) is None
