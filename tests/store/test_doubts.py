"""Complete scans that prove no absence, for all that asks about who was on the list."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.store.making import DAY, SALES, START, scan
from watcher.model import LONGEST_LIST, Doubt, Scan, ScanState
from watcher.store.memory.past_scans import Extent, PastScans
from watcher.store.records import Recorded
from watcher.store.sqlite.database import Database


def listed(day: int, *products: str, doubted: bool = False, believed: bool = False) -> Scan:
    """A complete scan of a day."""
    found = scan(START + day * DAY, dict.fromkeys(products, 1.0 + day))
    doubt = Doubt("a gap", START, 1, believed) if doubted or believed else None
    return replace(found, doubt=doubt)


def places(store: Database, seen: Recorded, keys: dict[str, int]) -> dict[str, float] | None:
    """Where the list before a scan had them."""
    standing = store.history.standing("w", seen.scan_id, LONGEST_LIST)
    if standing is None:
        return None
    found = standing.ranks_of(np.array([*keys.values()]))
    return dict(zip(keys, found.tolist(), strict=True))


def test_the_list_before_is_put_together(store: Database) -> None:
    """Who is missing on doubted lists stands where the scan before has them."""
    first = store.history.record(listed(0, "a", "b", "c", "d"))
    keys = dict(zip("abcd", first.products.tolist(), strict=True))
    store.history.record(listed(1, "b", "a", "d", doubted=True))
    store.history.record(scan(START + 2 * DAY, {"d": 1}, state=ScanState.PARTIAL))
    store.history.record(listed(3, "x", "a", doubted=True))
    after = store.history.record(listed(4, "a"))
    assert places(store, after, keys) == {"a": 2, "b": 1, "c": 3, "d": 3}
    standing = store.history.standing("w", after.scan_id, LONGEST_LIST)
    assert standing is not None
    assert standing.at == START + 3 * DAY
    assert len(standing.products) == 5
    after = store.history.record(listed(5, "a"))
    assert places(store, after, keys) == {"a": 1, "b": np.inf, "c": np.inf, "d": np.inf}


def test_what_is_believed_is_the_list(store: Database) -> None:
    """And nothing before it counts."""
    first = store.history.record(listed(0, "a", "b"))
    keys = dict(zip("ab", first.products.tolist(), strict=True))
    store.history.record(listed(1, "a", believed=True))
    after = store.history.record(listed(2, "a"))
    assert places(store, after, keys) == {"a": 1, "b": np.inf}


def test_nothing_is_known_before_the_first_proof(store: Database) -> None:
    """Neither who was outside of the list, nor who is new on it."""
    store.history.record(listed(0, "a", doubted=True))
    second = store.history.record(listed(1, "a", "b"))
    assert not second.had_complete
    assert store.history.standing("w", second.scan_id, LONGEST_LIST) is None
    third = store.history.record(listed(2, "a", "b", "c"))
    assert third.had_complete
    assert third.first_seen.tolist() == [False, False, True]
    seen = store.history.sighting("w", int(third.products[2]))
    assert seen is not None
    assert seen.recorded.had_complete
    seen_then = store.history.sighting("w", int(second.products[1]))
    assert seen_then is not None


def test_a_sighting_knows_what_was_known_then(store: Database) -> None:
    """Only a doubted scan came before it."""
    store.history.record(listed(0, "a", doubted=True))
    seen = store.history.record(listed(1, "b"))
    found = store.history.sighting("w", int(seen.products[0]))
    assert found is not None
    assert not found.recorded.had_complete
    assert found.row.proves_absence


def test_pages_that_are_expected(store: Database) -> None:
    """The most of the newest scan and of the newest proof: a fault makes no list shorter."""
    assert store.history.expected_pages("w") == 0
    pages = [(0, False, 20), (1, True, 3), (2, True, 25), (3, True, 2), (4, False, 1)]
    expected = [20, 20, 25, 20, 1]
    for (day, doubted, count), found in zip(pages, expected, strict=True):
        store.history.record(replace(listed(day, "a", doubted=doubted), pages=count))
        assert store.history.expected_pages("w") == found


def test_places_over_time_leave_doubts_out(store: Database) -> None:
    """That a product is missing from such a scan is no place outside of the list."""
    key = int(store.history.record(listed(0, "b", "a")).products[1])
    store.history.record(listed(1, "b", doubted=True))
    store.history.record(listed(2, "b"))
    store.history.record(listed(3, "b", believed=True))
    assert list(store.history.ranks("w", key, 0)) == [
        (START, 2), (START + 2 * DAY, None), (START + 3 * DAY, None),
    ]  # fmt: skip


def test_a_replay_doubts_the_same(store: Database) -> None:
    """A backtest must not end what was not ended."""
    given = [listed(0, "a", "b"), listed(1, "a", doubted=True), listed(2, "a", believed=True)]
    for each in given:
        store.history.record(each)
    extent = Extent(frozenset("w"), frozenset(["US"]), 0, frozenset([SALES]))
    past = PastScans(store, extent).recalled()
    found = [past.scan(place)[0] for place in range(3)]
    assert [each.proves_absence for each in found] == [True, False, True]
    assert store.history.last_proof_before("w", START + 2 * DAY) == START


def test_the_last_proof_is_not_pruned(store: Database) -> None:
    """Though a newer complete scan is kept, it may prove nothing; doubts go with their scans."""
    for day in range(6):
        store.history.record(listed(day, "a", doubted=day not in (0, 2)))
    while store.pruner.step(START + 100 * DAY, 0, rows=7).more:
        pass
    kept = [row[0] for row in store.rows("SELECT at FROM scans ORDER BY id")]
    assert kept == [START + 2 * DAY, START + 5 * DAY]
    assert store.number("SELECT count(*) FROM doubts") == 1
    proof = store.history.last_proof("w")
    assert proof is not None
    assert proof.at == START + 2 * DAY
