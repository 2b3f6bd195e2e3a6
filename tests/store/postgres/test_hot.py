"""The hot ways of PostgreSQL say what SQLite says: of any history, asked by any of its scans."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.postgres import create_database
from tests.store.making import DAY, GMV, RATE, SALES, START, scan
from tests.store.postgres.stores import empty, months, opened
from watcher.fields import RATING
from watcher.model import LIST_DAY, Doubt, ListFacts, Scan, ScanState
from watcher.store.ports import Store
from watcher.store.postgres import history
from watcher.store.postgres.database import PostgresDatabase
from watcher.store.records import RANK, Baseline, WindowQuery
from watcher.store.sqlite.database import Database

HOUR = 3_600
FIELDS = (SALES, GMV, RATE, RATING, RANK, LIST_DAY)
NUMBERS = st.one_of(
    st.sampled_from([np.nan, 0.0, -0.0, np.inf, 2e15, 1e15, 19.99, 13.4567, 0.1 + 0.2]),
    st.integers(-5, 5).map(float),
    st.integers(0, 10**12).map(lambda cents: cents / 100),
    st.floats(-1e13, 1e13),
)
product = st.tuples(st.integers(1, 7), st.tuples(NUMBERS, NUMBERS, NUMBERS), st.integers(0, 2))
scans = st.fixed_dictionaries(
    {
        "watch": st.sampled_from([("w", "US"), ("w", "US"), ("v", "US"), ("abroad", "GB")]),
        "after": st.sampled_from([-2 * HOUR, 1, HOUR, DAY, 20 * DAY]),
        "products": st.lists(product, max_size=5, unique_by=lambda each: each[0]),
        "state": st.sampled_from([ScanState.COMPLETE] * 3 + [ScanState.PARTIAL]),
        "ranked": st.booleans(),
        "facts": st.booleans(),
        "suspect": st.sampled_from([False] * 3 + [True]),
        "jumps": st.sampled_from([0, 0, 0, 1, 5]),
    }
)


@pytest.fixture(scope="module")
def book(postgres_server: str) -> Iterator[PostgresDatabase]:
    """A book that each example empties."""
    with opened(create_database(postgres_server, "hot")) as store:
        yield store


def made(given: list[dict[str, Any]]) -> Iterator[tuple[Scan, int]]:
    """The scans, and how many scans later one that jumped is believed; 5 is never."""
    at, had = START, set[tuple[str, int]]()
    for number, each in enumerate(given):
        at += each["after"]
        watch, region = each["watch"]
        while (watch, at) in had:
            at += 1
        had.add((watch, at))
        products = {
            str(key): dict(zip((SALES, GMV, RATE), values, strict=True)) | {RATING: values[0]}
            for key, values, _ in each["products"]
        }
        names = {str(key): (None, "A", "B\0\ud800é")[name] for key, _, name in each["products"]}
        one = scan(
            at, products, watch=watch, region=region, state=each["state"],
            ranked=each["ranked"], names=names,
        )  # fmt: skip
        facts = ListFacts(1 + number / 4, 0.5, bool(number % 2)) if each["facts"] else None
        doubt = Doubt("odd", at) if each["suspect"] else None
        yield replace(one, facts=facts, doubt=doubt), each["jumps"]


def record(store: Store, given: list[dict[str, Any]]) -> list[object]:
    """Store the scans; what became of each."""
    told: list[object] = []
    for each, jumps in made(given):
        recorded = store.history.record(each)
        if jumps:
            store.jumps.doubt(recorded.scan_id)
            if jumps < 5:
                store.jumps.believe(recorded.scan_id, recorded.scan_id + jumps)
        told.append(
            (
                recorded.scan_id, recorded.products.tolist(), recorded.first_seen.tolist(),
                recorded.had_complete, recorded.changed,
            )
        )  # fmt: skip
    return told


def same(one: Baseline, other: Baseline) -> None:
    """Bit by bit."""
    np.testing.assert_array_equal(one.at, other.at)
    np.testing.assert_array_equal(one.values, other.values)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(scans, min_size=1, max_size=8),
    st.sampled_from([HOUR, DAY, 40 * DAY]),
    st.lists(st.sampled_from(FIELDS), min_size=1, max_size=4, unique=True),
    st.booleans(),
)
def test_both_engines_say_the_same(
    book: PostgresDatabase, given: list[dict[str, Any]], back: int, fields: list[str], own: bool
) -> None:
    """What was recorded, last values, those of a time ago, all of a time, facts and series."""
    empty(book)
    with Database.in_memory() as plain:
        stores: tuple[Database, PostgresDatabase] = (plain, book)
        assert record(plain, given) == record(book, given)
        keys = np.array(
            [key for (key,) in plain.rows("SELECT id FROM products ORDER BY id DESC")], np.int64
        )
        columns = "SELECT id, newest, digest, first_seen, last_changed, product_name FROM products"
        assert plain.rows(f"{columns} ORDER BY id") == book.rows(f"{columns} ORDER BY id")
        former = "SELECT until, product, texts FROM former_texts ORDER BY until, product"
        assert plain.rows(former) == book.rows(former)
        for scan_id, watch, region, at in plain.rows("SELECT id, watch, region, at FROM scans"):
            same(*(each.history.last(watch, scan_id, keys, fields, at - back) for each in stores))
            same(
                *(
                    each.history.ago(watch, keys, at - 1, at - back, fields, scan_id=scan_id)
                    for each in stores
                )
            )
            query = WindowQuery(watch, region, keys, (at - back, at + 1), fields, scan_id, own)
            one, other = ([*each.history.windows(query)] for each in stores)
            assert [each.rows for each in one] == [each.rows for each in other]
            for left, right in zip(one, other, strict=True):
                np.testing.assert_array_equal(left.at, right.at)
                for name in fields:
                    np.testing.assert_array_equal(left.values[name], right.values[name])
        assert plain.history.facts(keys.tolist()) == book.history.facts(keys.tolist())
        for key in keys.tolist():
            np.testing.assert_array_equal(
                plain.history.series(key, [SALES, GMV], START)[1],
                book.history.series(key, [SALES, GMV], START)[1],
            )


def test_what_is_recorded_goes_into_its_month(postgres_url: str) -> None:
    """At a month's turn, with a clock that is a year ahead, and by the mark: two watches may share
    a minute, so the second's numbers are of the next second, which is the next month's."""
    turn = 1_701_388_800  # 2023-12-01
    with opened(postgres_url) as store:
        for turned, at in enumerate((turn - 1, turn - 1, turn + 366 * DAY)):
            store.history.record(scan(at, {"1": turned, "2": 5}, watch=f"w{turned}"))
        assert months(store) == [
            "observations_2023_11", "observations_2023_12", "observations_2024_12",
        ]  # fmt: skip
        rows = store.rows("SELECT at - ?, product FROM observations ORDER BY id", (turn,))
        assert rows == [(-1, 1), (-1, 2), (0, 1), (366 * DAY, 1)]


def test_a_scan_that_fails_leaves_nothing(postgres_url: str) -> None:
    """Nor the month that was made for it."""
    with opened(postgres_url) as store:
        store.history.record(scan(START, {"1": 1.0}))
        with pytest.raises(ZeroDivisionError), store.atomic():  # noqa: PT012 - that is it
            store.history.record(scan(START + 40 * DAY, {"1": 2.0, "2": 3.0}))
            raise ZeroDivisionError
        assert months(store) == ["observations_2023_11"]
        again = store.history.record(scan(START + 40 * DAY, {"1": 2.0, "2": 3.0}))
        assert (again.scan_id, again.products.tolist(), again.changed) == (2, [1, 2], 2)


def test_of_many_products_all_rows_of_a_time_are_read(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of others are left out, whichever have larger keys."""
    with opened(postgres_url) as store:
        for day in range(4):
            store.history.record(scan(START + day * DAY, {str(n): n * day for n in range(9)}))
        products = np.array([5, 2, 7], np.int64)
        query = WindowQuery("w", "US", products, (START + DAY, START + 9 * DAY), [SALES])
        found = []
        for least in (1, 100):
            monkeypatch.setattr(history, "_MANY", least)
            (window,) = store.history.windows(query)
            found.append(window.values[SALES].T.tolist())
    assert found[0] == found[1] == [[4, 8, 12], [1, 2, 3], [6, 12, 18]]
