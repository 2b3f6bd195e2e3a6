"""The last complete list of each watch and day, as it is kept for sums."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from tests.fakes.shops import WATCHES, Shops
from tests.store.making import (
    DAY,
    GMV,
    SALES,
    START,
    contents,
    memory,
    raw,
    scan,
    statements,
)
from watcher.model import Floats, ScanState
from watcher.store.ports import Store
from watcher.store.sql.day_lists import rows_of

NOON = START - START % DAY + DAY // 2


def _kept(store: Store) -> list[tuple[int, str]]:
    return raw(store).rows(
        "SELECT s.at, s.watch FROM day_lists AS d JOIN scans AS s ON s.id = d.scan ORDER BY s.id"
    )


def _read(store: Store, scan_id: int, products: list[int]) -> tuple[list[int], Floats]:
    (found,) = dict(store.day_lists.read([scan_id], rows_of(np.array(products, np.int64)))).values()
    return found.rows.tolist(), found.numbers


def test_one_list_a_watch_and_day_is_kept() -> None:
    """That of the day's last complete scan, and until the next one that of the scan before it;
    neither of one that was cut off or failed nor of an empty one; days are those of UTC."""
    with memory() as store:
        for after, watch, state in (
            (0, "w", ScanState.COMPLETE), (3_600, "w", ScanState.COMPLETE),
            (3_700, "v", ScanState.COMPLETE), (7_200, "w", ScanState.PARTIAL),
            (7_300, "w", ScanState.FAILED), (DAY, "w", ScanState.COMPLETE),
            (2 * DAY - DAY // 2 - 1, "v", ScanState.COMPLETE),
            (2 * DAY - DAY // 2, "v", ScanState.COMPLETE),
        ):  # fmt: skip
            listed = {} if state is ScanState.FAILED else {"1": after}
            store.history.record(scan(NOON + after, listed, watch=watch, state=state))
        store.history.record(scan(NOON + 3 * DAY, {}, watch="w"))
        assert _kept(store) == [
            (NOON + 3_600, "w"), (NOON + 3_700, "v"), (NOON + DAY, "w"),
            (NOON + 2 * DAY - DAY // 2 - 1, "v"), (NOON + 2 * DAY - DAY // 2, "v"),
        ]  # fmt: skip
        store.history.record(scan(NOON + DAY + 60, {"1": 1}, watch="w"))
        assert (NOON + DAY, "w") in _kept(store)
        store.history.record(scan(NOON + DAY + 120, {"1": 1}, watch="w"))
        assert [at - NOON for at, watch in _kept(store) if watch == "w"] == [
            3_600, DAY + 60, DAY + 120,
        ]  # fmt: skip


def test_a_doubted_list_takes_no_other_ones_place() -> None:
    """What was read before it stands, on a list's first day, too; until one is believed again."""
    with memory() as store:
        first = store.history.record(scan(NOON, {"1": 5, "2": 5}))
        for hour in (1, 2):
            store.jumps.doubt(store.history.record(scan(NOON + hour * 3_600, {"1": 1})).scan_id)
        (stands,) = store.day_lists.newest(["w"], NOON + 3 * 3_600).values()
        assert (stands.scan, stands.size) == (first.scan_id, 2)
        last = store.history.record(scan(NOON + 3 * 3_600, {"1": 6}))
        store.history.record(scan(NOON + DAY, {"1": 6}))
        (stands,) = store.day_lists.newest(["w"], NOON + 4 * 3_600).values()
        assert stands.scan == last.scan_id
        assert [at - NOON for at, _ in _kept(store)] == [3 * 3_600, DAY]


def test_a_doubted_list_keeps_none_of_before_from_being_filled_in() -> None:
    """An older version kept none of a day whose next list, the first that was kept, is doubted."""
    with memory() as store:
        store.history.record(scan(NOON, {"1": 5, "2": 5}))
        raw(store).execute("DELETE FROM day_lists")
        store.jumps.doubt(store.history.record(scan(NOON + 3_600, {"1": 1})).scan_id)
        assert store.day_lists.fill()
        assert [at - NOON for at, _ in _kept(store)] == [0, 3_600]
        assert not store.day_lists.fill()
        (stands,) = store.day_lists.newest(["w"], NOON + DAY).values()
        assert stands.at == NOON


def test_times_at_which_a_list_was_known() -> None:
    """The newest of before, for some days."""
    with memory() as store:
        for after, watch in ((3_600, "w"), (3_700, "v"), (DAY, "w")):
            store.history.record(scan(NOON + after, {"1": after}, watch=watch))
        looks = store.day_lists.at_times(
            "w", [NOON, NOON + 3_600, NOON + DAY - 1, NOON + 8 * DAY, NOON + 9 * DAY]
        )
        at = [None if look is None else look.at - NOON for look in looks]
        assert at == [None, 3_600, 3_600, DAY, None]
        newest = store.day_lists.newest(["w", "v", "nobody"], NOON + DAY)
        assert {watch: look.at - NOON for watch, look in newest.items()} == {"w": DAY, "v": 3_700}
        assert store.day_lists.newest(["w"], NOON + 99 * DAY) == {}
        assert [*store.day_lists.newest(["w"], NOON + 99 * DAY, NOON + 99 * DAY)] == ["w"]


def test_a_list_is_read_as_it_was() -> None:
    """Whatever its numbers are, in whatever order it came; of products that are asked for only."""
    with memory() as store:
        store.history.record(scan(NOON - DAY, {str(n): 1 for n in range(300)}, watch="v"))
        values = {
            "250": {SALES: 70_000.0, GMV: 12_345_678_901.25}, "7": {SALES: 0.0, GMV: 0.01},
            "400": {}, "40": {SALES: 3.0, GMV: -5.0},
        }  # fmt: skip
        recorded = store.history.record(scan(NOON, values))
        keys = dict(zip(values, recorded.products.tolist(), strict=True))
        wanted = [keys["7"], keys["250"], 99_999, keys["400"]]
        rows, numbers = _read(store, recorded.scan_id, wanted)
        assert sorted(rows) == [0, 1, 3]
        by = dict(zip(rows, numbers.T.tolist(), strict=True))
        assert by[0] == [0, 0.01]
        assert by[1] == [70_000, 12_345_678_901.25]
        assert np.isnan(by[3]).all()
        _, numbers = _read(store, recorded.scan_id, [keys["40"]])
        assert numbers[0].tolist() == [3]
        assert np.isnan(numbers[1, 0])  # nothing is sold for less than nothing
        (products,) = dict(store.day_lists.products([recorded.scan_id])).values()
        assert products.tolist() == sorted(keys.values())
        assert dict(store.day_lists.read([77], rows_of(np.array([1])))) == {}
        rows, numbers = _read(store, recorded.scan_id, [])
        assert (rows, numbers.shape) == ([], (2, 0))


def test_a_list_goes_with_its_scan(store: Store) -> None:
    """What is pruned is no part of a sum."""
    for day in range(5):
        store.history.record(scan(NOON + day * DAY, {"1": day}))
    while store.pruner.step(NOON + 3 * DAY, NOON).more:
        pass
    assert _kept(store) == [(NOON + 3 * DAY, "w"), (NOON + 4 * DAY, "w")]


@pytest.mark.parametrize("seed", range(5))
def test_what_was_not_kept_is_filled_in(seed: int) -> None:
    """As it would have been kept; nothing twice, and nothing that is there already."""
    with memory() as store:
        shops = Shops(store, Random(seed))
        shops.live()
        before: dict[int, bytes] = dict(contents(store)["day_lists"])
        stood = {each.id for watch in WATCHES for each in shops.last_of_days(watch)}
        assert len(stood) > 9
        assert stood <= before.keys()
        assert not store.day_lists.fill()
        kept = {max(before)} if seed % 2 else set()
        raw(store).execute("DELETE FROM day_lists WHERE scan <> ?", (max(kept, default=0),))
        steps = 0
        while store.day_lists.fill():
            steps += 1
        assert contents(store)["day_lists"] == sorted(
            (scan, before[scan]) for scan in stood | kept
        )  # fmt: skip
        assert steps == len(stood - kept)


@pytest.mark.sqlite
def test_no_statement_reads_all_of_a_large_table() -> None:
    """Of a seller among others: by indexes, whatever else is stored."""
    with memory() as store:
        for day in range(3):
            made = scan(NOON + day * DAY, {str(n): n + day for n in range(60)})
            sellers = tuple(str(n % 6) for n in range(60))
            store.history.record(replace(made, texts={**made.texts, "seller_id": sellers}))
        raw(store).execute("ANALYZE")
        with statements(store) as heard:
            assortment = store.assortments.of("US", "seller_id", "3")
            assert len(assortment.products) == 10
            store.assortments.places("3")
            store.assortments.found("seller_id")
            store.assortments.numbers(assortment.products, [SALES])
            store.assortments.parts("US", "seller_id", "3", "category_id")
            looks = store.day_lists.at_times("w", [NOON, NOON + DAY])
            scans = [look.scan for look in looks if look is not None]
            assert len(scans) == 2
            assert len(dict(store.day_lists.read(scans, rows_of(assortment.products)))) == 2
            store.day_lists.newest(["w"], NOON)
            dict(store.assortments.ranks(scans))
        asked = [each for each in heard if each.startswith("SELECT")]
        plans = [row[3] for sql in asked for row in raw(store).rows(f"EXPLAIN QUERY PLAN {sql}")]
        large = _scanned(plans)
        assert large == [], large
        assert any("products_of_seller_id" in plan for plan in plans)


def _scanned(plans: list[str]) -> list[str]:
    """The steps that go through a large table, but for an index that covers what is asked."""
    tables = {"o", "observations", "products", "p", "scans", "s", "day_lists", "d"}
    steps = (plan for plan in plans if plan.startswith("SCAN") and plan.split()[1] in tables)
    return [plan for plan in steps if "COVERING INDEX" not in plan]
