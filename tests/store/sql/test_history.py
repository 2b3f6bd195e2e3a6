"""Products, series and scans for people."""

from __future__ import annotations

import pytest

from tests.store.making import DAY, GMV, SALES, START, scan
from watcher.fields import NUMERIC_NAMES
from watcher.model import ScanState
from watcher.store.sqlite.database import Database


def test_facts_are_the_newest_of_any_watch(store: Database) -> None:
    """Numbers by name, absent ones None, and when any watch saw the product last."""
    key = int(store.history.record(scan(START, {"1": {SALES: 5, GMV: 7.5}})).products[0])
    store.history.record(scan(START + 10, {"1": {SALES: 6}}, watch="b"))
    store.history.record(scan(START + 20, {"1": {SALES: 6}}))
    facts = store.history.facts([key, 999])
    assert set(facts) == {key}
    fact = facts[key]
    assert (fact.region, fact.product_id, fact.name) == ("US", "1", "Product 1")
    assert (fact.first_seen, fact.observed_at) == (START, START + 20)
    assert (fact.numbers[SALES], fact.numbers[GMV]) == (6.0, None)
    assert tuple(fact.numbers) == NUMERIC_NAMES


def test_facts_of_a_product_without_a_name(store: Database) -> None:
    """Its id stands for the name."""
    key = int(store.history.record(scan(START, {"17": 1}, names={"17": None})).products[0])
    assert store.history.facts([key])[key].name == "17"


def test_find_looks_in_each_region(store: Database) -> None:
    """One product id may be a product of several regions."""
    store.history.record(scan(START, {"1": 1}))
    store.history.record(scan(START, {"1": 2}, region="GB", watch="g"))
    assert [fact.region for fact in store.history.find("1")] == ["GB", "US"]
    assert [fact.numbers[SALES] for fact in store.history.find("1", "GB")] == [2.0]
    assert store.history.find("1", "DE") == []
    assert store.history.find("no such") == []


def test_series_is_a_line_of_steps(store: Database) -> None:
    """The value in force at the begin, each change, and the newest until it was last seen."""
    for day, sales in enumerate([5, 5, 6, 6, 9, 9, 9]):
        recorded = store.history.record(scan(START + day * DAY, {"1": sales}))
    key = int(recorded.products[0])
    at, values = store.history.series(key, [SALES, GMV], START + DAY)
    days = [(instant - START) // DAY for instant in at.tolist()]
    assert list(zip(days, values[:, 0].tolist(), strict=True)) == [(1, 5), (2, 6), (4, 9), (6, 9)]
    at, values = store.history.series(key, [SALES], START - DAY)
    assert (at[0], values[0, 0]) == (START, 5)
    at, values = store.history.series(999, [SALES], START)
    assert (len(at), values.shape) == (0, (0, 1))


def test_an_instant_that_no_scan_of_the_watch_has(store: Database) -> None:
    """The first from the one that is asked for on."""
    for at, watch in [(5, "a"), (6, "a"), (8, "a"), (7, "b")]:
        store.history.record(scan(START + at, {"1": 1}, watch=watch))
    asked = {at: store.history.free_instant("a", START + at) - START for at in range(4, 10)}
    assert asked == {4: 4, 5: 7, 6: 7, 7: 7, 8: 9, 9: 9}


def test_scans_newest_first(store: Database) -> None:
    """Of one watch or of all; the last of any state and the last complete one."""
    store.history.record(scan(START, {"1": 1, "2": 2}))
    store.history.record(scan(START + 1, {"1": 1}, watch="b"))
    store.history.record(scan(START + 2, {"1": 2}, state=ScanState.PARTIAL))
    assert [row.at - START for row in store.history.scans()] == [2, 1, 0]
    assert [row.at - START for row in store.history.scans("w")] == [2, 0]
    assert [row.at - START for row in store.history.scans(limit=1)] == [2]
    last, complete = store.history.last_scan("w"), store.history.last_complete("w")
    assert last is not None
    assert complete is not None
    assert (last.state, last.products, last.changed) == (ScanState.PARTIAL, 1, 1)
    assert (complete.products, complete.changed, complete.pages, complete.error) == (2, 2, 1, None)
    assert store.history.last_scan("unknown") is None


def test_the_view_is_for_people(store: Database) -> None:
    """Amounts in units and times as texts."""
    store.history.record(scan(START, {"1": {SALES: 5, GMV: 19.99}}))
    shown = store.one(f"SELECT at, product_id, {SALES}, {GMV} FROM observations_view")
    assert shown == ("2023-11-14T22:13:20Z", "1", 5, pytest.approx(19.99))
