"""Data days, looks and the shares of what moved, as the store keeps them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tests.store.making import DAY, GMV, SALES, START, scan
from watcher.data_days import DataDay, LookResult, RefreshLook
from watcher.store.ports import Store
from watcher.store.records import AFTER_ALL
from watcher.store.sql.refreshes import KEPT, ScanDay, Share
from watcher.store.sqlite.database import Database

TODAY = DataDay(5, START, START - 60, START + 30)


def test_a_day_is_noted_once(store: Store) -> None:
    """Two daemons, or a try once more, leave the first as it is; each region has its own."""
    refreshes = store.refreshes
    assert refreshes.data_days("US").last is None
    refreshes.begin_day("US", TODAY)
    refreshes.begin_day("US", DataDay(5, START + 9, START, START + 9))
    refreshes.begin_day("", DataDay(4, START, START, START))
    assert refreshes.data_days("US").rows == (TODAY,)
    assert store.history.data_days("US").last == TODAY
    assert refreshes.data_days("").last == DataDay(4, START, START, START)


def test_looks_are_kept_in_order(store: Store) -> None:
    """With what went wrong; old ones are forgotten."""
    looks = [
        RefreshLook(START, "w", LookResult.QUIET, 10, 0),
        RefreshLook(START + 60, "w", LookResult.FAILED, requests=3, error="too many requests"),
        RefreshLook(START + 61 * DAY, "w", LookResult.FRESH, 10, 9),
    ]
    for each in looks[:2]:
        store.refreshes.note_look("US", each)
    assert list(store.refreshes.looks("US", 0)) == looks[:2]
    assert list(store.refreshes.looks("US", START)) == looks[:2]
    assert list(store.refreshes.looks("US", START + 1)) == looks[1:2]
    store.refreshes.note_look("US", looks[2])
    assert list(store.refreshes.looks("US", 0)) == looks[2:]
    assert not store.refreshes.looks("GB", 0)


def test_a_scan_has_its_day(store: Store) -> None:
    """The newest first; without the scan it is gone, too."""
    recorded = [store.history.record(scan(START + day * DAY, {"1": day})) for day in range(2)]
    noted = [
        ScanDay(recorded[0].scan_id, "w", "US", 5),
        ScanDay(recorded[1].scan_id, "w", "US", 6, 5, Share(1, 1), Share(1, 0), half=True),
    ]
    for each in noted:
        store.refreshes.note_scan(each)
    assert list(store.refreshes.days_of("w", 5)) == noted[::-1]
    assert store.refreshes.last_read("US", 6, START) == START + DAY
    assert store.refreshes.last_read("US", 5, START - 1) == 0  # it could not tell
    newest = store.refreshes.reference("w", AFTER_ALL, halves=True)
    whole = store.refreshes.reference("w", AFTER_ALL)
    assert newest is not None
    assert whole is not None
    assert (newest.scan, newest.half, newest.day) == (recorded[1].scan_id, True, 6)
    assert (whole.scan, whole.at, whole.day) == (recorded[0].scan_id, START, 5)
    assert store.refreshes.reference("other", AFTER_ALL) is None
    store.history.record(scan(START + 2 * DAY, {}))
    empty = store.refreshes.reference("w", AFTER_ALL, halves=True)
    assert empty == newest, "of nothing one can't tell what moved"


def test_a_share_is_held_against_the_watchs_own_scan(store: Store) -> None:
    """Whatever others read since; who is new is not known, and an absent value says nothing."""
    before: dict[str, float | Mapping[str, float]] = {
        "1": {SALES: 5, GMV: 19.9}, "2": {SALES: 7}, "3": {SALES: 9},
    }  # fmt: skip
    store.history.record(scan(START, before))
    store.history.record(scan(START + 60, {"1": 6, "2": 8, "4": 1}, watch="other"))
    against = store.refreshes.reference("w", AFTER_ALL)
    assert against is not None
    ids = ["1", "2", "3", "4", "5"]
    one = {SALES: 1.0}
    now = scan(
        START + 90, {"1": {SALES: 5, GMV: 19.9}, "2": {SALES: 8}, "3": {}, "4": one, "5": one}
    )
    keys = store.refreshes.keys("US", ids)
    assert (keys > 0).tolist() == [True, True, True, True, False]
    assert store.refreshes.share(against, keys, now.numbers) == Share(3, 1)
    assert store.refreshes.share(against, np.zeros(5, np.int64), now.numbers) == Share()


def test_half_new_data_is_no_baseline_and_no_jump(store: Store) -> None:
    """Later scans look past it; those that ask for jumps do not hear of it."""
    ids = [store.history.record(scan(START + n * DAY, {"1": n + 1})).scan_id for n in range(3)]
    store.jumps.doubt_half(ids[1])
    assert store.jumps.is_half(ids[1])
    assert store.jumps.is_doubted(ids[1])
    assert not store.jumps.is_half(ids[0])
    assert not store.jumps.before("w", ids[2])
    assert not store.jumps.outcomes(["w"], 0)
    found = store.history.last("w", ids[2], np.array([1]), [SALES])
    assert found.at.tolist() == [START]
    store.jumps.doubt_half(ids[2])
    assert not store.jumps.waits(["w"])


def test_old_days_are_forgotten(store: Database) -> None:
    """Nobody reads more than so many."""
    for day in range(KEPT + 3):
        began = (day + 1) * DAY
        store.refreshes.begin_day("US", DataDay(day, began, began - 60, began))
    store.refreshes.begin_day("GB", DataDay(0, DAY, DAY - 60, DAY))
    days = store.refreshes.data_days
    assert (len(days("US")), days("US").rows[0].day, len(days("GB"))) == (KEPT, 3, 1)
    assert store.number("SELECT count(*) FROM data_days") == KEPT + 1
