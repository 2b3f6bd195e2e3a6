"""One product as a watch saw it."""

from __future__ import annotations

import pytest

from tests.store.making import DAY, GMV, SALES, START, scan
from watcher.model import ScanState
from watcher.store.records import Sighting
from watcher.store.sqlite.database import Database


def test_a_sighting_is_the_scan_cut_to_the_product(store: Database) -> None:
    """With its rank, its numbers of that time, its texts."""
    store.history.record(scan(START, {"1": 5, "2": 6}))
    seen = store.history.record(scan(START + DAY, {"2": {SALES: 7, GMV: 12.34}, "1": 8}))
    store.history.record(scan(START + 2 * DAY, {"1": 9}))
    found = store.history.sighting("w", int(seen.products[0]))
    assert found is not None
    assert (found.scan.id, found.row.at, found.row.state) == (2, START + DAY, ScanState.COMPLETE)
    assert tuple(found.row.texts["product_id"]) == ("2",)
    assert found.row.ranks.tolist() == [1]
    assert found.row.texts["product_name"] == ("Product 2",)
    assert found.row.cell(SALES, 0) == 7
    assert found.row.cell(GMV, 0) == 12.34
    assert found.recorded.products.tolist() == [seen.products[0]]
    assert not found.recorded.first_seen[0]
    assert found.recorded.had_complete


def test_what_another_watch_saw_later_plays_no_part(store: Database) -> None:
    """The numbers are those in force at this watch's scan."""
    seen = store.history.record(scan(START, {"1": 5}))
    store.history.record(scan(START + DAY, {"1": 6}, watch="other"))
    found = store.history.sighting("w", int(seen.products[0]))
    assert found is not None
    assert found.row.cell(SALES, 0) == 5
    assert found.recorded.first_seen[0]
    assert not found.recorded.had_complete


def test_who_was_never_seen_has_no_sighting(store: Database) -> None:
    """By this watch, or where there is no watch, or where its scan is pruned."""
    assert store.history.sighting("w", 1) is None
    seen = store.history.record(scan(START, {"1": 5}, watch="other"))
    store.history.record(scan(START, {"2": 5}))
    product = int(seen.products[0])
    assert store.history.sighting("w", product) is None
    store.execute("DELETE FROM scans WHERE watch = 'other'")
    assert store.history.sighting("other", product) is None


def test_the_newest_scan_is_none_that_failed(store: Database) -> None:
    """One that was cut off counts."""
    assert store.history.newest_scan("w") is None
    store.history.record(scan(START, {"1": 5}, state=ScanState.PARTIAL))
    store.history.record(scan(START + DAY, {}, state=ScanState.FAILED))
    newest = store.history.newest_scan("w")
    assert newest is not None
    assert (newest.at, newest.state) == (START, ScanState.PARTIAL)


def test_an_absence_has_no_row(store: Database) -> None:
    """It is the scan, with nobody on its list."""
    store.history.record(scan(START, {"1": 5}))
    newest = store.history.newest_scan("w")
    assert newest is not None
    none = Sighting.absent(newest)
    assert len(none.row) == 0
    assert len(none.row.column(SALES)) == 0
    assert none.recorded.scan_id == newest.id


@pytest.mark.parametrize(
    ("part", "region", "ids"),
    [
        ("CUP", None, ["1", "3"]),
        ("straße", None, ["2"]),
        ("STRASSE", None, ["2"]),
        ("cup", "GB", ["3"]),
        ("%", None, []),
    ],
)
def test_products_by_a_part_of_their_name(
    store: Database, part: str, region: str | None, ids: list[str]
) -> None:
    """In any letters, and without wildcards."""
    store.history.record(scan(START, {"1": 1, "2": 2}, names={"1": "Red cup", "2": "Straße"}))
    store.history.record(scan(START, {"3": 1}, watch="gb", region="GB", names={"3": "Cup"}))
    assert [key for _, key, _ in store.history.named(part, region, 9)] == ids
    assert len(store.history.named(part, region, 1)) <= 1


def test_ranks_over_time(store: Database) -> None:
    """None where a complete list had it not; a scan that was cut off says nothing of that."""
    seen = store.history.record(scan(START, {"1": 5, "2": 4}))
    store.history.record(scan(START + DAY, {"1": 5}))
    store.history.record(scan(START + 2 * DAY, {"1": 5}, state=ScanState.PARTIAL))
    store.history.record(scan(START + 3 * DAY, {"2": 6, "1": 5}))
    product = int(seen.products[1])
    assert list(store.history.ranks("w", product, START)) == [
        (START, 2),
        (START + DAY, None),
        (START + 3 * DAY, 1),
    ]
    assert list(store.history.ranks("w", product, START + 3 * DAY)) == [(START + 3 * DAY, 1)]
    assert list(store.history.ranks("other", product, 0)) == []
