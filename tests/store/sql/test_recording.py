"""A scan into the store."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.store import making
from tests.store.making import DAY, GMV, SALES, START, scan
from watcher.model import LongTexts, ScanState
from watcher.store.sqlite.database import Database


def _rows(store: Database) -> int:
    return store.number("SELECT count(*) FROM observations")


def test_only_changed_products_get_a_row(store: Database) -> None:
    """Three products, one of which moves: three rows and then one."""
    first = store.history.record(scan(START, {"1": 10, "2": 20, "3": 30}))
    second = store.history.record(scan(START + DAY, {"1": 10, "2": 21, "3": 30}))
    third = store.history.record(scan(START + 2 * DAY, {"3": 30, "2": 21, "1": 10}))
    assert (first.changed, second.changed, third.changed) == (3, 1, 0)
    assert _rows(store) == 4


def test_keys_align_with_the_scan(store: Database) -> None:
    """The same product keeps its key, wherever it stands in the list."""
    first = store.history.record(scan(START, {"a": 1, "b": 2, "c": 3})).products
    second = store.history.record(scan(START + 1, {"c": 3, "d": 4, "a": 1})).products
    assert second.tolist()[0::2] == [first[2], first[0]]
    assert second[1] not in first


def test_a_product_is_another_in_another_region(store: Database) -> None:
    """Region and id together name a product."""
    here = store.history.record(scan(START, {"1": 1})).products
    there = store.history.record(scan(START, {"1": 1}, region="GB", watch="g")).products
    assert here[0] != there[0]


def test_first_seen_is_by_watch(store: Database) -> None:
    """A product that another watch knows is still new to this one; one that returns is not."""
    store.history.record(scan(START, {"1": 1}, watch="other"))
    first = store.history.record(scan(START + 1, {"1": 1, "2": 2}))
    store.history.record(scan(START + 2, {"2": 2}))
    third = store.history.record(scan(START + 3, {"1": 1, "3": 3}))
    assert first.first_seen.tolist() == [True, True]
    assert third.first_seen.tolist() == [False, True]


def test_had_complete_looks_back(store: Database) -> None:
    """Only a complete scan of the same watch before this one counts."""
    states = [ScanState.FAILED, ScanState.PARTIAL, ScanState.COMPLETE, ScanState.FAILED]
    store.history.record(scan(START, {"1": 1}, watch="other"))
    had = [
        store.history.record(
            scan(START + n, {} if state is ScanState.FAILED else {"1": 1}, state=state)
        ).had_complete
        for n, state in enumerate(states)
    ]
    assert had == [False, False, False, True]


def test_a_failed_scan_is_remembered(store: Database) -> None:
    """Without products, but with its error, so that the timer and the page know of it."""
    recorded = store.history.record(scan(START, {}, state=ScanState.FAILED))
    assert recorded.products.tolist() == []
    last = store.history.last_scan("w")
    assert last is not None
    assert (last.state, last.error, last.products) == (ScanState.FAILED, "cut", 0)
    assert store.history.last_complete("w") is None


def test_a_value_that_goes_absent_is_a_change(store: Database) -> None:
    """And the same absence once more is none."""
    counts = [
        store.history.record(scan(START + n, {"1": values})).changed
        for n, values in enumerate([{SALES: 1.0, GMV: 2.0}, {SALES: 1.0}, {SALES: 1.0}])
    ]
    assert counts == [1, 1, 0]


def test_names_are_updated_and_absent_ones_kept(store: Database) -> None:
    """A new name replaces the old one, no name does not; no change touches nothing."""
    key = int(store.history.record(scan(START, {"1": 1}, names={"1": "Old"})).products[0])
    for at, name, expected in ((1, "New", "New"), (2, None, "New"), (3, "\ud83c\x00!", "?\ufffd!")):
        store.history.record(scan(START + at, {"1": 1}, names={"1": name}))
        assert store.history.facts([key])[key].name == expected
    store.history.record(scan(START + 9, {"1": 1}, names={"1": "\ud83c\x00!"}))
    assert store.number("SELECT last_changed FROM products") == START + 3


def test_long_texts_only_when_their_meaning_changed(store: Database) -> None:
    """Another token in an address writes nothing; that they were read is noted."""
    versions = ["https://a.b/1?t=1", "https://a.b/1?t=2", "https://a.b/2?t=1"]
    changed = []
    for day, cover in enumerate(versions):
        texts = LongTexts(cover_url=cover, skus='[{"real_price":{"currency":"USD"}}]')
        recorded = store.history.record(scan(START + day * DAY, {"1": 1}, texts={"1": texts}))
        changed.append(store.number("SELECT changed FROM product_texts"))
    key = int(recorded.products[0])
    assert changed == [START, START, START + 2 * DAY]
    stored = store.history.long_texts(key)
    assert stored is not None
    assert stored.cover_url == versions[2]
    assert store.history.facts([key])[key].currency == "USD"
    assert store.history.known_texts("US") == {"1"}
    assert store.history.known_texts("US", since=START + 3 * DAY) == set()
    assert store.history.known_texts("GB") == set()


def test_a_currency_once_known_stays(store: Database) -> None:
    """Broken variants take nothing away."""
    good, bad = LongTexts(skus='[{"real_price":{"currency":"USD"}}]'), LongTexts(skus="broken")
    for at, texts in enumerate((good, bad, LongTexts())):
        recorded = store.history.record(scan(START + at, {"1": 1}, texts={"1": texts}))
    key = int(recorded.products[0])
    assert store.history.facts([key])[key].currency == "USD"


def test_a_scan_is_all_or_nothing(store: Database) -> None:
    """A scan that breaks half-way leaves nothing behind."""
    store.history.record(scan(START, {"1": 1}))
    before = making.contents(store)
    broken = scan(START + 1, {"1": 2, "2": 2})
    broken.ranks.resize(1, refcheck=False)
    with pytest.raises(ValueError, match="same shape"):
        store.history.record(broken)
    assert making.contents(store) == before


def test_joins_an_open_transaction(store: Database) -> None:
    """What is recorded inside a transaction goes when that is rolled back."""

    def evaluate() -> None:
        with store.atomic():
            store.history.record(scan(START, {"1": 1}))
            raise KeyError

    with pytest.raises(KeyError):
        evaluate()
    assert store.history.scans() == []
    assert _rows(store) == 0


def test_observations_are_a_run_of_rows(store: Database) -> None:
    """``first_row`` and ``rows`` of a scan are the rows that it wrote."""
    store.history.record(scan(START, {"1": 1, "2": 2}))
    store.history.record(scan(START + 1, {"1": 1, "2": 3}))
    runs = store.rows("SELECT first_row, rows FROM scans ORDER BY id")
    assert runs == [(1, 2), (3, 1)]


def test_the_index_refuses_two_rows_at_one_time(store: Database) -> None:
    """A product listed twice in one scan is a fault of the reader's and stores nothing."""
    store.history.record(scan(START, {"1": 1}))
    with pytest.raises(making.REFUSED):
        store.execute(
            "INSERT INTO observations (id, product, at) "
            "SELECT id + 1, product, at FROM observations"
        )


def test_texts_that_did_not_change_were_read_all_the_same(store: Database) -> None:
    """When they are due to be read anew follows from when they last were, not from a change."""
    same = LongTexts(desc_detail="a cup")
    store.history.record(scan(START, {"1": 1, "2": 1}, texts={"1": same, "2": same}))
    store.history.record(scan(START + DAY, {"1": 1, "2": 1}, texts={"1": same}))
    assert store.history.known_texts("US") == {"1", "2"}
    assert store.history.known_texts("US", START + 1) == {"1"}
    assert store.history.known_texts("US", START + DAY) == {"1"}
    assert store.history.known_texts("US", START + DAY + 1) == set()
    assert store.history.known_texts("GB") == set()


def test_a_discount_that_is_not_given_has_ended(store: Database) -> None:
    """A name that is not given stays: an answer may leave it out."""
    for number, (name, discount) in enumerate([("Cup", "20%"), (None, None), ("Mug", "5%")]):
        made = scan(START + number * DAY, {"1": 1}, names={"1": name})
        store.history.record(replace(made, texts={**made.texts, "discount": (discount,)}))
        stored = store.one("SELECT product_name, discount FROM products")
        assert stored == (name or "Cup", discount)
