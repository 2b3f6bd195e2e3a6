"""All values of a time, for each scan that saw a product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from tests.store.making import DAY, GMV, SALES, START, scan
from watcher.model import Ints, ScanState
from watcher.store.records import WindowQuery
from watcher.store.sql import baselines, connection
from watcher.store.sqlite.database import Database

NOTHING = -1.0
EVERY = 1_000_000  # places: more than any list has


def values(
    store: Database, products: Ints, days: tuple[float, float], name: str = SALES, watch: str = "w"
) -> list[list[float]]:
    """A list for each product: a value for each scan in the time, -1 for none."""
    within = (START + int(days[0] * DAY), START + int(days[1] * DAY))
    found = [
        np.nan_to_num(window.values[name].T, nan=NOTHING)
        for window in store.history.windows(WindowQuery(watch, "US", products, within, [name]))
    ]
    return np.concatenate(found).tolist() if found else []


def record(store: Database, *days: Mapping[str, float]) -> Ints:
    """A scan a day; the keys of the last one's products."""
    for day, sales in enumerate(days):
        products = store.history.record(scan(START + day * DAY, sales)).products
    return products


def test_one_value_for_each_scan_that_saw_it(store: Database) -> None:
    """Changed or not; a scan that did not see the product gives none."""
    products = record(store, {"1": 5, "2": 7}, {"1": 5}, {"1": 6, "2": 7}, {"2": 8, "1": 6})
    assert values(store, products, (0, 9)) == [[7, NOTHING, 7, 8], [5, 5, 6, 6]]


def test_what_was_half_new_stands_for_no_day(store: Database) -> None:
    """It was read once more when all was new; while what jumped has the values of before."""
    products = record(store, {"1": 5}, {"1": 6}, {"1": 7}, {"1": 8})
    scans = [each.id for each in store.history.scans("w", limit=9)][::-1]
    store.jumps.doubt_half(scans[1])
    store.jumps.doubt(scans[3])
    query = WindowQuery("w", "US", products, (START, START + 9 * DAY), [SALES], scans[3] + 1)
    (window,) = store.history.windows(query)
    assert window.values[SALES][:, 0].tolist() == [5, 7, 7]
    assert window.at.tolist() == [START + day * DAY for day in (0, 2, 3)]


def test_the_begin_belongs_to_the_time_and_the_end_does_not(store: Database) -> None:
    """What was in force at the begin may have been written long before."""
    products = record(store, *[{"1": 5}] * 3, {"1": 6}, {"1": 7})
    assert values(store, products, (2, 4)) == [[5, 6]]
    assert values(store, products, (1.5, 3)) == [[5]]
    assert values(store, products, (4.5, 9)) == []


def test_any_watch_of_the_region(store: Database) -> None:
    """Ranks by this one only; another region's scans are not looked at."""
    record(store, {"1": 5}, {"1": 6})
    store.history.record(scan(START + DAY, {"1": 9}, region="DE", watch="de"))
    store.history.record(scan(START + 2 * DAY, {}, state=ScanState.FAILED))
    late = store.history.record(scan(START + DAY // 2, {"2": 1, "1": 7}, watch="b")).products
    assert values(store, late, (0, 9)) == [[NOTHING, NOTHING, 1], [5, 6, 7]]
    assert values(store, late, (0, 9), "rank") == [[NOTHING, NOTHING], [1, 1]]
    assert values(store, late, (0, 9), "rank", "b") == [[1], [2]]


def test_ranks_beside_numbers(store: Database) -> None:
    """Scans of other watches have numbers and no ranks; a list without sort has none."""
    products = record(store, {"2": 5, "1": 5}, {"1": 6})
    store.history.record(scan(START + 2 * DAY, {"1": 7}, watch="b"))
    store.history.record(scan(START + 3 * DAY, {"1": 7}, ranked=False))
    within = (START, START + 9 * DAY)
    (window,) = store.history.windows(
        WindowQuery("w", "US", products, within, ["rank", SALES, GMV])
    )
    assert np.nan_to_num(window.values["rank"][:, 0], nan=NOTHING).tolist() == [2, 1, -1, -1]
    assert window.values[SALES][:, 0].tolist() == [5, 6, 7, 7]
    assert np.isnan(window.values[GMV]).all()
    assert window.at.tolist() == [START + day * DAY for day in range(4)]


def test_products_unknown_and_none(store: Database) -> None:
    """No error."""
    record(store, {"1": 5})
    assert values(store, np.array([999, 1]), (0, 9)) == [[NOTHING], [5]]
    assert values(store, np.zeros(0, np.int64), (0, 9)) == []


@pytest.mark.parametrize("cells", [(7, 3), (1, 1), (1_000, 5), (12, 1_000)])
def test_in_parts_it_is_the_same(
    store: Database, monkeypatch: pytest.MonkeyPatch, cells: tuple[int, int]
) -> None:
    """However small the parts are that the memory allows."""
    days = [{str(n): float(n * day) for n in range(1, 8) if (n + day) % 3} for day in range(4)]
    record(store, *days)
    products = np.arange(7, 0, -1)
    whole = values(store, products, (0, 9))
    for name, size in zip(("_LISTED_CELLS", "_VALUE_CELLS"), cells, strict=True):
        monkeypatch.setattr(baselines, name, size)
    monkeypatch.setattr(connection, "_FETCHED", 2)
    assert values(store, products, (0, 9)) == whole
    assert len(whole) == 7


@pytest.mark.sqlite
def test_a_handful_of_statements_and_no_whole_table(store: Database) -> None:
    """However many products and scans; the planner must not join in the wrong order."""
    products = record(store, *[{str(n): n + day for n in range(100)} for day in range(20)])
    statements: list[str] = []
    store.conn.set_trace_callback(statements.append)
    values(store, products, (0, 30))
    store.history.standing("w", 99, 10)
    store.history.recent("w", 99, START)
    store.conn.set_trace_callback(None)
    plans = [row[3] for sql in statements for row in store.rows(f"EXPLAIN QUERY PLAN {sql}")]
    assert len(statements) == 5
    assert not [
        plan
        for plan in plans
        if plan.startswith(("SCAN o", "SCAN i", "SCAN s")) and plan[5:] not in ("jumps", "depths")
    ]


def test_the_last_complete_list(store: Database) -> None:
    """Of the same watch, before a scan; partial ones don't count, an empty one does."""
    first = store.history.record(scan(START, {"2": 1, "1": 1}))
    partial = store.history.record(scan(START + 1, {"1": 1}, state=ScanState.PARTIAL))
    store.history.record(scan(START + 2, {"1": 1}, watch="b"))
    empty = store.history.record(scan(START + 3, {}))
    assert store.history.standing("w", first.scan_id, EVERY) is None
    for scan_id in (partial.scan_id, empty.scan_id):
        assert _ranks(store, scan_id, [*first.products[::-1], 99]) == [2, 1, np.inf]
    assert _ranks(store, empty.scan_id + 1, first.products) == [np.inf, np.inf]


def test_a_list_without_ranks(store: Database) -> None:
    """Has no place for anybody, but knows who is not on it."""
    products = store.history.record(scan(START, {"1": 1}, ranked=False)).products
    listed, outside = _ranks(store, 9, [*products, 99])
    assert np.isnan(listed)
    assert outside == np.inf


def _ranks(store: Database, scan_id: int, products: Sequence[int] | Ints) -> list[float]:
    standing = store.history.standing("w", scan_id, EVERY)
    assert standing is not None
    ranks: list[float] = standing.ranks_of(np.array(products, np.int64)).tolist()
    return ranks
