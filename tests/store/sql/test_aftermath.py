"""Which scan saw a product so many days later."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.store.making import DAY, START, scan
from watcher.model import Ints, Scan, ScanState
from watcher.store.sql.aftermath import Aftermath
from watcher.store.sqlite.database import Database
from watcher.units import HOUR

IDS = [f"{number}" for number in range(20)]


def listed(at: int, day: int, ids: list[str] = IDS, watch: str = "w") -> Scan:
    """A scan whose numbers are those of that day."""
    return scan(at, {key: 10 + day + int(key) for key in ids}, watch=watch)


def keys(database: Database) -> Ints:
    """The store's keys of all products."""
    return np.array([key for (key,) in database.rows("SELECT id FROM products ORDER BY id")])


def test_of_hourly_scans_one_or_two_a_day_are_asked(store: Database) -> None:
    """Those that found new numbers: here at 9 of each day."""
    for hour in range(10 * 24):
        store.history.record(listed(START + hour * HOUR, (hour + 15) // 24))
    past = Aftermath(store, "US", START)
    asked = list(past.within(START, START + 10 * DAY))
    assert len(asked) <= 20
    fresh = {START} | {START + 9 * HOUR + day * DAY for day in range(10)}
    assert {look.data for look in asked} == fresh
    newest = past.at("w", START + 9 * DAY + 8 * HOUR, 1)
    assert newest is not None
    assert (newest.at, newest.data) == (START + 9 * DAY + 8 * HOUR, START + 8 * DAY + 9 * HOUR)


def test_the_first_and_the_last_that_saw_a_product(store: Database) -> None:
    """Of any watch, or of one; by the time of the data."""
    for day in range(8):
        store.history.record(listed(START + day * DAY, day, IDS if day < 5 else IDS[:10]))
        store.history.record(listed(START + day * DAY + 60, day, IDS[15:], watch="other"))
    past, products = Aftermath(store, "US", START), keys(store)
    begin, end = (np.full(20, START + day * DAY) for day in (4, 8))
    first = past.first_seen(products, begin, end)
    assert set(((first.data - START) // DAY).tolist()) == {4}
    later = past.first_seen(products, begin + DAY, end)
    assert [int(mark > 0) for mark in later.marks] == [1] * 10 + [0] * 5 + [1] * 5
    own = past.first_seen(products, begin + DAY, end, "w")
    assert [int(mark > 0) for mark in own.marks] == [1] * 10 + [0] * 10
    assert own.ranks[:10].tolist() == list(range(1, 11))
    last = past.last_seen(products, begin - DAY, end)
    assert [int(each) for each in (last.data - START) // DAY] == [7] * 10 + [4] * 5 + [7] * 5
    numbers = past.numbers(products, last.marks, ["total_sale_7d_cnt"])[:, 0]
    assert numbers.tolist() == [17 + n for n in range(10)] + [14 + n for n in range(10, 15)] + [
        17 + n for n in range(15, 20)
    ]


def test_what_is_no_look(store: Database) -> None:
    """A scan that failed or whose counters had jumped; one that was cut off proves nothing."""
    store.history.record(listed(START, 0))
    store.history.record(scan(START + DAY, {}, state=ScanState.FAILED))
    store.history.record(replace(listed(START + 2 * DAY, 2), state=ScanState.PARTIAL))
    jumped = store.history.record(listed(START + 3 * DAY, 3))
    store.execute("INSERT INTO jumps (scan, until) VALUES (?, ?)", (jumped.scan_id, 99))
    looks = list(Aftermath(store, "US", START).within(START, START + 9 * DAY))
    assert [((look.at - START) // DAY, look.proves) for look in looks] == [(0, True), (2, False)]
    assert Aftermath(store, "US", START).at("w", START - 1, 1) is None
    assert Aftermath(store, "GB", START).at("w", START + DAY, 1) is None


def test_the_last_place(store: Database) -> None:
    """The most that one of the last ten has; nothing of a list without that number."""
    store.history.record(scan(START, {key: 100 - int(key) for key in IDS}))
    store.history.record(scan(START + DAY, {key: {"spu_avg_price": 1.0} for key in IDS}))
    first, second = Aftermath(store, "US", START).within(START, START + 2 * DAY)
    past = Aftermath(store, "US", START)
    assert past.last_place(first, "total_sale_7d_cnt") == 90
    assert np.isnan(past.last_place(second, "total_sale_7d_cnt"))


def test_a_scan_that_was_pruned_meanwhile(store: Database) -> None:
    """It is as if it had not been: whoever looks back has looked the scans up before."""
    for day in range(3):
        store.history.record(listed(START + day * DAY, day))
    past, products = Aftermath(store, "US", START), keys(store)
    store.execute("DELETE FROM scans WHERE id = 2")
    begin, end = (np.full(20, START + day * DAY) for day in (1, 3))
    seen = past.first_seen(products, begin, end)
    assert set(((seen.data - START) // DAY).tolist()) == {2}
