"""Whether what the source says still changes, and what it said of fields before."""

from __future__ import annotations

from tests.store.making import DAY, GMV, SALES, START, scan
from watcher.model import ScanState
from watcher.store.records import LastChange
from watcher.store.sqlite.database import Database


def test_the_last_change(store: Database) -> None:
    """Of products that were known; new ones are no change, and another region is another."""
    assert store.history.last_change("US", 0) is None
    first = store.history.record(scan(START, {"1": 5, "2": 6}))
    assert store.history.last_change("US", 0) == LastChange(first.scan_id, START)
    store.history.record(scan(START + DAY, {"1": 5, "2": 6, "3": 7}))
    store.history.record(scan(START + DAY, {"1": 9}, region="GB", watch="g"))
    store.history.record(scan(START + 2 * DAY, {"1": 10}, region="GB", watch="g"))
    assert store.history.last_change("US", 0) == LastChange(first.scan_id, START)
    moved = store.history.record(scan(START + 3 * DAY, {"1": 5, "2": 7}))
    store.history.record(scan(START + 4 * DAY, {"1": 5, "2": 7}))
    assert store.history.last_change("US", 0) == LastChange(moved.scan_id, START + 3 * DAY)


def test_days_scanned(store: Database) -> None:
    """Days, not scans; of scans that saw enough and did not fail."""
    first = store.history.record(scan(START, {"1": 5, "2": 6}))
    for hours in (1, 2, 24, 25, 48):
        store.history.record(scan(START + hours * 3_600, {"1": 5, "2": 6}))
    store.history.record(scan(START + 3 * DAY, {"1": 5}))
    store.history.record(scan(START + 4 * DAY, {}, state=ScanState.FAILED))
    assert store.history.days_scanned("US", first.scan_id, 2) == 3
    assert store.history.days_scanned("GB", first.scan_id, 2) == 0


def test_had_values(store: Database) -> None:
    """Numbers of the newest observation, texts whenever they were given."""
    store.history.record(scan(START, {"1": {SALES: 5, GMV: 1}, "2": {SALES: 6}}))
    store.history.record(scan(START + DAY, {"1": {GMV: 2}}, names={"1": None}))
    asked = store.history.had_values("US", ["1", "2", "3"], [SALES, GMV], ["product_name"])
    assert asked == (2, {SALES: 1, GMV: 1, "product_name": 2})
    assert store.history.had_values("GB", ["1"], [SALES], []) == (0, {SALES: 0})
