"""Values of the past, in every corner, and against a plain reference."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.making import DAY, GMV, SALES, START, memory, scan
from watcher.model import ScanState
from watcher.store.records import Baseline, Recorded
from watcher.store.sql.baselines import numbers_at
from watcher.store.sqlite.database import Database


def _last(store: Database, recorded: Recorded, watch: str = "w") -> list[tuple[float, int]]:
    return _pairs(store.history.last(watch, recorded.scan_id, recorded.products, [SALES]))


def _pairs(baseline: Baseline) -> list[tuple[float, int]]:
    """(value, seconds since START); -1 for NaN and for never."""
    values = np.nan_to_num(baseline.values[:, 0], nan=-1.0).tolist()
    ats = [at - START if at else -1 for at in baseline.at.tolist()]
    return list(zip(values, ats, strict=True))


def test_the_first_scan_has_no_last(store: Database) -> None:
    """Nothing is known before it."""
    assert _last(store, store.history.record(scan(START, {"1": 5}))) == [(-1, -1)]


def test_last_is_the_scan_before(store: Database) -> None:
    """Changed or not: an unchanged product was observed too."""
    store.history.record(scan(START, {"1": 5, "2": 7}))
    store.history.record(scan(START + 10, {"1": 6, "2": 7}))
    third = store.history.record(scan(START + 20, {"2": 8, "1": 6}))
    assert _last(store, third) == [(7, 10), (6, 10)]


def test_a_product_that_was_away(store: Database) -> None:
    """Its last observation is the one before it left, however long ago."""
    store.history.record(scan(START, {"1": 5, "2": 1}))
    for n in range(1, 40):
        store.history.record(scan(START + n, {"2": n}))
    store.history.record(scan(START + 40, {}, state=ScanState.FAILED))
    back = store.history.record(scan(START + 41, {"1": 9, "2": 40, "3": 1}))
    assert _last(store, back) == [(5, 0), (39, 39), (-1, -1)]


def test_another_watch_hides_nothing(store: Database) -> None:
    """B sees the change first; A's last observation is still the old value."""
    store.history.record(scan(START, {"1": 5}, watch="a"))
    other = store.history.record(scan(START + 10, {"1": 9}, watch="b"))
    own = store.history.record(scan(START + 20, {"1": 9}, watch="a"))
    assert own.changed == 0
    assert _last(store, own, "a") == [(5, 0)]
    assert _last(store, other, "b") == [(-1, -1)]


def test_two_watches_at_the_same_time(store: Database) -> None:
    """Cron lines share minutes: each watch's own observation is kept."""
    for watch, sales in (("a", 5), ("b", 6), ("c", 5)):
        store.history.record(scan(START, {"1": sales}, watch=watch))
    for watch, expected in (("a", 5), ("b", 6), ("c", 5)):
        later = store.history.record(scan(START + DAY, {"1": 6}, watch=watch))
        assert _last(store, later, watch) == [(expected, 0)]


def test_a_slow_scan_recorded_after_a_later_one(store: Database) -> None:
    """B began later and was recorded first: both keep what they saw."""
    store.history.record(scan(START, {"1": 1}, watch="a"))
    store.history.record(scan(START + 20, {"1": 1}, watch="b"))
    store.history.record(scan(START + 10, {"1": 2, "2": 7}, watch="a"))
    products = store.history.record(scan(START + 30, {"1": 3, "2": 8}, watch="b")).products
    assert _last(store, store.history.record(scan(START + 40, {"1": 3}, watch="a")), "a") == [
        (2, 10)
    ]
    at = {
        when: _pairs(store.history.ago("a", products, START + when, START, [SALES]))
        for when in (5, 15, 25)
    }
    assert at == {5: [(1, 0), (-1, -1)], 15: [(2, 10), (7, 10)], 25: [(1, 20), (7, 10)]}
    assert store.history.facts(products.tolist())[int(products[1])].first_seen == START + 10


def test_ago_has_a_window(store: Database) -> None:
    """Newest at or before the time, and not older than the window's begin: both ends count."""
    products = store.history.record(scan(START, {"1": 5})).products
    store.history.record(scan(START + 100, {"1": 6}))

    def ago(at: int, not_before: int) -> list[tuple[float, int]]:
        found = store.history.ago("w", products, START + at, START + not_before, [SALES])
        return _pairs(found)

    assert ago(-1, -50) == [(-1, -1)]
    assert ago(0, 0) == [(5, 0)]
    assert ago(99, 0) == [(5, 0)]
    assert ago(99, 1) == [(-1, -1)]
    assert ago(100, 1) == [(6, 100)]
    assert ago(1_000, 1) == [(6, 100)]


def test_an_unchanged_product_is_as_old_as_its_newest_scan(store: Database) -> None:
    """The row is old, the observation is not."""
    for n in range(5):
        products = store.history.record(scan(START + n * DAY, {"1": 5})).products
    found = store.history.ago("w", products, START + 4 * DAY, START + 3 * DAY, [SALES])
    assert _pairs(found) == [(5, 4 * DAY)]
    assert store.number("SELECT count(*) FROM observations") == 1


def test_ago_takes_any_watch_but_ranks_only_its_own(store: Database) -> None:
    """A rank in another list means another thing."""
    store.history.record(scan(START, {"2": 1, "1": 5}, watch="a"))
    products = store.history.record(scan(START + 10, {"1": 6}, watch="b")).products
    both = store.history.ago("a", products, START + 50, START, ["rank", SALES])
    assert both.values.tolist() == [[2, 6]]
    assert both.at.tolist() == [START + 10]
    alone = store.history.ago("a", products, START + 50, START, ["rank"])
    assert alone.values.tolist() == [[2]]
    assert alone.at.tolist() == [START]


def test_ranks_of_the_scan_before(store: Database) -> None:
    """Ranks come from the scan that the baseline comes from; a list without sort has none."""
    store.history.record(scan(START, {"3": 1, "1": 1, "2": 1}))
    store.history.record(scan(START + 1, {"1": 1, "2": 1}))
    third = store.history.record(scan(START + 2, {"2": 1, "3": 1, "4": 1}))
    ranks = store.history.last("w", third.scan_id, third.products, ["rank"])
    assert np.nan_to_num(ranks.values[:, 0], nan=-1).tolist() == [2, 1, -1]
    store.history.record(scan(START, {"1": 1}, watch="u", ranked=False))
    second = store.history.record(scan(START + 1, {"1": 1}, watch="u"))
    unranked = store.history.last("u", second.scan_id, second.products, ["rank", SALES])
    assert np.isnan(unranked.values[0, 0])
    assert unranked.values[0, 1] == 1


def test_several_fields_in_any_order(store: Database) -> None:
    """Columns stand as the fields were asked for; an absent value of an old scan is NaN."""
    store.history.record(scan(START, {"1": {SALES: 5, GMV: 19.99}, "2": {GMV: 3.5}}))
    second = store.history.record(scan(START + 1, {"2": 1, "1": 1}))
    found = store.history.last("w", second.scan_id, second.products, [GMV, "rank", SALES])
    assert np.array_equal(found.values, [[3.5, 2, np.nan], [19.99, 1, 5]], equal_nan=True)


def test_a_scan_or_product_unknown_has_no_baseline(store: Database) -> None:
    """Asking for what is not there is no error."""
    recorded = store.history.record(scan(START, {"1": 5}))
    products = np.array([999, int(recorded.products[0])])
    assert _pairs(store.history.last("w", 77, products, [SALES])) == [(-1, -1)] * 2
    assert _pairs(store.history.last("x", recorded.scan_id, products, [SALES])) == [(-1, -1)] * 2
    assert _pairs(store.history.last("w", recorded.scan_id, products, [SALES])) == [(-1, -1)] * 2
    nobody = np.zeros(0, np.int64)
    assert len(store.history.ago("w", nobody, START, START, [SALES]).at) == 0
    assert len(store.history.last("w", recorded.scan_id, nobody, [SALES]).at) == 0


@pytest.mark.sqlite
def test_no_statement_scans_the_observations(store: Database) -> None:
    """The planner may join in the wrong order and read the whole table: it must not."""
    store.history.record(scan(START, {str(n): n for n in range(100)}))
    statements: list[str] = []
    store.conn.set_trace_callback(statements.append)
    later = store.history.record(scan(START + DAY, {str(n): n + 1 for n in range(100)}))
    store.history.last("w", later.scan_id, later.products, [SALES, GMV])
    store.history.ago("w", later.products, START + 5, START, [SALES, "rank"])
    store.history.facts(later.products.tolist())
    store.conn.set_trace_callback(None)
    distinct = {sql for sql in statements if sql.startswith("SELECT")}
    plans = [row[3] for sql in distinct for row in store.rows(f"EXPLAIN QUERY PLAN {sql}")]
    # "SCAN p" would be products, "SCAN o" and "SCAN observations" the history.
    assert plans
    assert not [plan for plan in plans if plan.startswith(("SCAN o", "SCAN p"))]
    assert len(distinct) < 25


@dataclass
class Reference:
    """The same answers from lists of everything that was ever seen."""

    seen: list[tuple[int, int, str, dict[str, tuple[float, int]]]] = field(default_factory=list)

    def record(self, number: int, at: int, watch: str, sales: dict[str, float]) -> None:
        ranked = {key: (value, rank) for rank, (key, value) in enumerate(sales.items(), 1)}
        self.seen.append((at, number, watch, ranked))

    def last(self, watch: str, key: str) -> tuple[float, float, int] | None:
        for at, _, other, products in reversed(self.seen[:-1]):
            if other == watch and key in products:
                return (*products[key], at)
        return None

    def ago(self, watch: str, key: str, at: int, not_before: int) -> tuple[float, float, int]:
        value, rank, found = np.nan, np.nan, 0
        for when, _, other, products in sorted(self.seen, key=lambda scan: scan[:2]):
            if not_before <= when <= at and key in products:
                value, found = products[key][0], when
                if other == watch:
                    rank = products[key][1]
        return value, rank, found


SCANS = st.lists(
    st.tuples(
        st.sampled_from("ab"),
        st.integers(0, 3),
        st.dictionaries(st.sampled_from("12345"), st.integers(0, 2).map(float), max_size=5),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(SCANS, st.integers(0, 12), st.integers(0, 8))
def test_as_plain_lists_say(
    scans: list[tuple[str, int, dict[str, float]]], back: int, width: int
) -> None:
    """``last``, ``ago`` and ``first_seen`` agree with lists of all that was seen.

    Each watch's times rise strictly; the two watches' times mix, meet and overtake at will.
    """
    clock = {"a": START, "b": START}
    reference = Reference()
    fields = [SALES, "rank"]
    with memory() as store:
        for number, (watch, step, sales) in enumerate(scans):
            clock[watch] += step + 1
            at = clock[watch]
            state = ScanState.COMPLETE if sales else ScanState.FAILED
            recorded = store.history.record(scan(at, sales, watch=watch, state=state))
            reference.record(number, at, watch, sales)
            lasts = [reference.last(watch, key) for key in sales]
            found = store.history.last(watch, recorded.scan_id, recorded.products, fields)
            expected = np.array([last or (np.nan, np.nan, 0) for last in lasts]).reshape(-1, 3)
            assert np.array_equal(found.values, expected[:, :2], equal_nan=True)
            assert found.at.tolist() == expected[:, 2].tolist()
            assert recorded.first_seen.tolist() == [last is None for last in lasts]
            then = at - back
            agos = store.history.ago(watch, recorded.products, then, then - width, fields)
            pasts = [reference.ago(watch, key, then, then - width) for key in sales]
            expected = np.array(pasts).reshape(-1, 3)
            assert np.array_equal(agos.values, expected[:, :2], equal_nan=True)
            assert agos.at.tolist() == expected[:, 2].tolist()


def test_a_long_list_whose_scan_wrote_some_of_it(store: Database) -> None:
    """What a scan wrote is read at one go, what others wrote before it is looked up; one product
    that is asked for twice is told twice."""
    keys = [str(number) for number in range(600)]
    old = {key: float(place) for place, key in enumerate(keys)}
    new = {key: value + 1_000 * (place % 3 == 0) for place, (key, value) in enumerate(old.items())}
    other = dict.fromkeys(keys[:5], -1.0)
    scans = [store.history.record(scan(START, old)), store.history.record(scan(START + 10, new))]
    store.history.record(scan(START + 20, other, watch="b"))
    for recorded, wanted in zip(scans, (old, new), strict=True):
        listed, seen = store.history.everyone("w", recorded.scan_id)
        ids = listed.texts["product_id"]
        found = dict(zip(ids, listed.column(SALES).tolist(), strict=True))
        assert found == wanted
        twice = np.repeat(seen.products, 2)
        table = numbers_at(store, twice, np.full(1_200, START + 10 * (wanted is new)), [GMV, SALES])
        assert np.isnan(table[:, 0]).all()
        assert table[:, 1].tolist() == [wanted[str(key)] for key in ids for _ in range(2)]
