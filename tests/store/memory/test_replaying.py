"""What of the stored scans is read for a replay."""

from __future__ import annotations

import numpy as np

from tests.store.making import DAY, GMV, SALES, START, scan
from watcher.fields import NUMERIC_NAMES
from watcher.model import ScanState
from watcher.store.memory.past_scans import Extent, PastScans
from watcher.store.sqlite.database import Database


def day(number: int, second: int = 0) -> int:
    """An instant of a day."""
    return START + number * DAY + second


def read(store: Database, since: int = 0) -> PastScans:
    """What is read of the watch ``w``, with the sales only."""
    regions = frozenset(["US"])
    return PastScans(store, Extent(frozenset(["w"]), regions, since, frozenset([SALES]), (GMV,)))


def test_a_scan_comes_back_as_it_was(store: Database) -> None:
    """Order, ranks, states, texts, and any number: the one that was read, and those that were
    not."""
    given = [
        scan(day(0), {"a": {SALES: 5, GMV: 7}, "b": 6}),
        scan(day(1), {"b": 6, "a": {SALES: 8, GMV: 9}}, state=ScanState.PARTIAL),
        scan(day(2), {}, state=ScanState.FAILED),
        scan(day(3), {"a": {SALES: 8, GMV: 9}, "c": 1}, names={"a": "Renamed"}),
    ]
    recorded = [store.history.record(each) for each in given]
    past = read(store).recalled()
    for place, (before, known) in enumerate(zip(given, recorded, strict=True)):
        past.move(place)
        after, seen = past.scan(place)
        assert [*after.texts["product_id"]] == [*before.product_ids]
        assert [*after.texts["product_name"]] == [*before.texts["product_name"]]
        assert after.ranks.tolist() == before.ranks.tolist()
        assert (after.at, after.state, after.finished) == (before.at, before.state, before.finished)
        assert after.proves_absence == before.proves_absence
        for name in NUMERIC_NAMES:
            columns = [each.column(name).tolist() for each in (before, after)]
            assert str(columns[0]) == str(columns[1])
            cells = [str(after.cell(name, row)) for row in range(len(after))]
            assert cells == [str(value) for value in columns[0]]
        assert seen.products.tolist() == known.products.tolist()
        assert seen.first_seen.tolist() == known.first_seen.tolist()
        assert (seen.scan_id, seen.changed) == (known.scan_id, known.changed)
        assert seen.had_complete == known.had_complete


def test_products_are_known_as_they_were(store: Database) -> None:
    """Names and numbers of the moment, whoever saw them; and when any watch saw them last."""
    store.history.record(scan(day(0), {"a": {SALES: 1, GMV: 2}}))
    store.history.record(scan(day(1), {"a": {SALES: 3, GMV: 4}}, watch="v", names={"a": "New"}))
    store.history.record(scan(day(2), {"b": 6}))
    past, seen = read(store).recalled(), []
    for place in range(3):
        past.move(place)
        facts = past.facts([1])[1]
        seen.append((facts.name, facts.numbers[GMV], facts.observed_at))
    assert seen == [("Product a", 2.0, day(0)), ("New", 4.0, day(1)), ("New", 4.0, day(1))]


def test_what_was_doubted_before_stays_so(store: Database) -> None:
    """A scan before the time is no baseline if it jumped; those within are judged anew."""
    for number in range(3):
        recorded = store.history.record(scan(day(number), {"a": 10 * number + 1}))
        if number:
            store.jumps.doubt(recorded.scan_id)
    past = read(store, day(2)).recalled()
    assert [past.jumps.is_doubted(scan_id) for scan_id in (1, 2, 3)] == [False, True, False]
    found = past.last("w", 3, past.scan(2)[1].products, [SALES])
    assert found.values.tolist() == [[1.0]]


def test_sightings_are_those_of_the_moment(store: Database) -> None:
    """The last scan of the watch that saw each product, and its newest, failed ones left out."""
    given: list[dict[str, float]] = [{"a": 1, "b": 2}, {"b": 3}, {}]
    for number, listed in enumerate(given):
        state = ScanState.COMPLETE if listed else ScanState.FAILED
        store.history.record(scan(day(number), listed, state=state))
    past = read(store).recalled()
    past.move(0)
    wanted = store.rows("SELECT id FROM products ORDER BY id")
    products = past.scan(0)[1].products
    assert [each.recorded.scan_id for each in past.sightings("w", products)] == [1]
    past.move(2)
    found = list(past.sightings("w", products))
    assert [(each.scan.id, each.recorded.products.tolist()) for each in found] == [
        (2, [wanted[1][0]]),
        (1, [wanted[0][0]]),
    ]
    newest = past.newest_sighting("w", products)
    assert newest is not None
    assert (newest.scan.id, newest.recorded.products.tolist()) == (2, [wanted[1][0]])
    assert past.newest_sighting("nobody", products) is None


def test_only_the_extent_is_read(store: Database) -> None:
    """From the first scan in the time on."""
    for number in range(4):
        store.history.record(scan(day(number), {"a": number}))
    assert read(store, since=day(2)).first == 2
    assert read(store, since=day(9)).first == 4


def test_a_past_begins_anew(store: Database) -> None:
    """One that was played leaves no trace in the next."""
    for number, name in enumerate(["Cup", "Mug"]):
        store.history.record(scan(day(number), {"a": 5}, names={"a": name}))
    scans = read(store)
    for _ in range(2):
        past, names = scans.recalled(), []
        for place in range(2):
            past.move(place)
            names.append(past.texts("product_name", np.array([1]))[0])
        assert names == ["Cup", "Mug"]


def test_last_complete_before(store: Database) -> None:
    """Of the watch, strictly before."""
    assert store.history.last_proof_before("w", day(9)) is None
    store.history.record(scan(day(0), {"a": 1}))
    store.history.record(scan(day(1), {"a": 1}, state=ScanState.PARTIAL))
    store.history.record(scan(day(2), {"a": 1}))
    assert store.history.last_proof_before("w", day(2)) == day(0)
    assert store.history.last_proof_before("other", day(2)) is None
