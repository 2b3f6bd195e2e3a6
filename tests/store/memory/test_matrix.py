"""The past in memory says what the history says: of any history, asked by any of its scans."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.making import DAY, GMV, SALES, START, memory, scan
from watcher.model import LIST_DAY, LIST_SPARSE, Doubt, Ints, ListFacts, ScanState
from watcher.store.memory import matrix as matrix_module
from watcher.store.memory.matrix import Matrix
from watcher.store.memory.timeline import Timeline, Versions
from watcher.store.records import RANK, WindowQuery
from watcher.store.sqlite.database import Database

HOUR = 3_600
WATCHES = (("w", "US"), ("v", "US"), ("abroad", "GB"))
FIELDS = (SALES, GMV, RANK, LIST_DAY, LIST_SPARSE)
NEVER = 1 << 61

products = st.lists(st.integers(1, 9), unique=True, max_size=7)
scans = st.fixed_dictionaries(
    {
        "watch": st.sampled_from([0, 0, 0, 1, 1, 2]),
        "after": st.sampled_from([-2 * HOUR, 0, HOUR, 5 * HOUR, DAY, 3 * DAY]),
        "products": products,
        "values": st.integers(0, 3),
        "state": st.sampled_from([ScanState.COMPLETE] * 4 + [ScanState.PARTIAL, ScanState.FAILED]),
        "ranked": st.booleans(),
        "facts": st.booleans(),
        "suspect": st.sampled_from([False] * 4 + [True]),
        "jumps": st.sampled_from([0] * 4 + [1, 2, 5]),
        "pruned": st.sampled_from([False] * 6 + [True]),
    }
)
questions = st.fixed_dictionaries(
    {
        "first": st.integers(0, 8),
        "held": st.sampled_from([(SALES, GMV), (SALES,), ()]),
        "asked": st.lists(st.sampled_from(FIELDS), min_size=1, max_size=4, unique=True),
        "back": st.sampled_from([HOUR, DAY, 4 * DAY, 40 * DAY]),
        "own": st.booleans(),
        "doubted": st.booleans(),
        "places": st.sampled_from([1, 10, 10_000]),
    }
)


def record(store: Database, given: list[dict[str, Any]]) -> None:
    """A history of these scans; ``jumps`` is how many scans later one is believed, 5 is never."""
    at, had = START, set[tuple[str, int]]()
    for number, each in enumerate(given):
        at += each["after"]
        watch, region = WATCHES[each["watch"]]
        while (watch, at) in had:
            at += 1
        had.add((watch, at))
        values = {
            str(key): {SALES: (key + each["values"]) % 3, GMV: each["values"] * 1.5}
            for key in each["products"]
        }
        if each["state"] is ScanState.FAILED:
            values = {}
        made = scan(
            at, values, watch=watch, region=region, state=each["state"], ranked=each["ranked"]
        )
        facts = ListFacts(1 + number / 4, 0.5, bool(number % 2)) if each["facts"] else None
        doubt = Doubt("odd", at) if each["suspect"] else None
        recorded = store.history.record(replace(made, facts=facts, doubt=doubt))
        if each["jumps"]:
            store.jumps.doubt(recorded.scan_id)
            if each["jumps"] < 5:
                store.jumps.believe(recorded.scan_id, recorded.scan_id + each["jumps"])
    for number, each in enumerate(given, start=1):
        if each["pruned"]:
            store.execute("DELETE FROM scans WHERE id = ?", (number,))


def read(store: Database, first: int, fields: tuple[str, ...]) -> Matrix:
    """The whole history in memory, its numbers from the scan at a place on."""
    keys = np.array([key for (key,) in store.rows("SELECT id FROM products ORDER BY id")], np.int64)
    timeline = Timeline(store, ["US", "GB"], keys, {"w", "abroad"})
    versions = Versions(store, timeline, ["US", "GB"], keys, min(first, len(timeline)), fields)
    seen = np.zeros(int(keys.max(initial=0)) + 1, np.int64)
    for key, at in store.rows("SELECT id, first_seen FROM products"):
        seen[key] = at
    matrix = Matrix(store, timeline, versions, seen)
    matrix.jumps.until.update(dict(store.rows("SELECT scan, until FROM jumps")))
    return matrix


def listed(store: Database, scan_id: int) -> Ints:
    """Some of the keys of the region of a scan, in no order: listed, and not."""
    keys = store.rows(
        "SELECT p.id FROM products AS p JOIN scans AS s ON s.region = p.region "
        "WHERE s.id = ? ORDER BY p.id % 3, p.id DESC",
        (scan_id,),
    )
    return np.array([key for (key,) in keys], np.int64)


@pytest.fixture(scope="module", params=[1, 100])
def many(request: pytest.FixtureRequest) -> Iterator[int]:
    """From how many products on they are looked up in a list."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matrix_module, "_MANY", request.param)
        yield request.param


@pytest.mark.usefixtures("many")
@settings(max_examples=120, deadline=None)
@given(st.lists(scans, max_size=14), questions)
def test_it_says_what_the_history_says(
    given: list[dict[str, Any]], question: dict[str, Any]
) -> None:
    """Last values, those of a time ago, all of a time, lists, and when a watch was read."""
    with memory() as store:
        record(store, given)
        matrix = read(store, question["first"], question["held"])
        for scan_id, watch, region, at in store.rows("SELECT id, watch, region, at FROM scans"):
            keys = listed(store, scan_id)
            fields, since = question["asked"], at - question["back"]
            for here, there in (
                (
                    past.last(watch, scan_id, keys, fields, since, doubted=question["doubted"])
                    for past in (store.history, matrix)
                ),
                (
                    past.ago(watch, keys, at - HOUR, since, fields, scan_id=scan_id)
                    for past in (store.history, matrix)
                ),
            ):
                np.testing.assert_array_equal(here.at, there.at)
                known = here.at > 0
                np.testing.assert_array_equal(here.values[known], there.values[known])
            theirs, ours = (
                list(
                    past.windows(
                        WindowQuery(
                            watch, region, keys, (since, at), fields, scan_id, question["own"]
                        )
                    )
                )
                for past in (store.history, matrix)
            )
            assert [each.rows for each in theirs] == [each.rows for each in ours]
            for one, other in zip(theirs, ours, strict=True):
                np.testing.assert_array_equal(one.at, other.at)
                for name in fields:
                    np.testing.assert_array_equal(one.values[name], other.values[name])
            lists = [
                past.standing(watch, scan_id, question["places"])
                for past in (store.history, matrix)
            ]
            assert [
                each and (each.at, each.products.tolist(), each.ranks.tolist(), each.whole)
                for each in lists[:1]
            ] == [
                each and (each.at, each.products.tolist(), each.ranks.tolist(), each.whole)
                for each in lists[1:]
            ]
            assert store.history.recent(watch, scan_id, since) == matrix.recent(
                watch, scan_id, since
            )
            assert store.jumps.before(watch, scan_id) == matrix.jumps.before(watch, scan_id)
            assert store.jumps.is_doubted(scan_id) == matrix.jumps.is_doubted(scan_id)
