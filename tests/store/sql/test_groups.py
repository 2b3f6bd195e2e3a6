"""Groups of products: rows beside the products, and the figures of each scan."""

from dataclasses import replace

import numpy as np

from tests.store.making import DAY, START, memory, scan, with_products
from watcher.model import ScanState
from watcher.store.records import AFTER_ALL, GroupFigures
from watcher.store.sql.extracts import Choice


def test_a_group_is_a_subject_beside_products_and_no_product() -> None:
    """Its key stays, it has the columns that silences go by, and no list of products has it."""
    with memory() as store:
        products = with_products(store, 3)
        wanted = [("US", "7495"), ("US", "8"), ("GB", "7495")]
        keys = store.groups.keys("seller_id", wanted, START)
        assert len({*products, *keys.tolist()}) == 6
        assert store.groups.keys("seller_id", wanted[::-1], START + DAY).tolist() == [*keys][::-1]
        (list_key,) = store.groups.keys("watch", [("US", "a=b")], START).tolist()
        assert store.groups.keys("category_l3_id", [("US", "7495")], START)[0] not in keys
        facts = store.history.facts([*keys.tolist(), list_key, products[0]])
        shown = [(e.product_id, e.region, e.grouped_by, e.seller_id) for e in facts.values()]
        assert shown == [
            ("seller_id=7495", "US", "seller_id", "7495"),
            ("seller_id=8", "US", "seller_id", "8"),
            ("seller_id=7495", "GB", "seller_id", "7495"),
            ("watch=a=b", "US", "watch", None),
            ("1", "US", "", None),
        ]
        assert [each.region for each in store.history.find("seller_id=7495")] == ["GB", "US"]
        assert [each.product_id for each in store.history.some_products(9)] == ["3", "2", "1"]
        assert store.history.categories() == [(None, None, None)]
        assert store.history.named("7495", None, 9) == []
        # A new product's key comes after those of the groups, and is its own.
        (late,) = store.history.record(scan(START + DAY, {"99": 1})).products.tolist()
        assert late not in keys


def test_what_was_said_of_groups_at_a_scan_is_kept() -> None:
    """By watch and time, the newest first; without what a later scan doubts; whatever other figures
    come to be kept of the same scan."""
    with memory() as store:
        ids = [
            store.history.record(scan(START + day * DAY, {"1": day})).scan_id for day in range(4)
        ]
        one, two = store.groups.keys("seller_id", [("US", "1"), ("US", "2")], START).tolist()
        for day, scan_id in enumerate(ids):
            values = {"count(x)": np.array([day, np.nan]), "size()": np.array([5.0, 4.0])}
            figures = GroupFigures(scan_id, 0, np.array([one, two]), values)
            store.groups.note(scan_id, "seller_id", figures)
        more = GroupFigures(ids[1], 0, np.array([two]), {"max(y)": np.array([7.5])})
        store.groups.note(ids[1], "seller_id", more)
        store.jumps.doubt(ids[2])

        def kept(scan_id: int, first: int, last: int) -> list[int]:
            within = START + first * DAY, START + last * DAY
            return [
                each.scan_id for each in store.groups.figures("w", "seller_id", scan_id, within)
            ]

        assert kept(ids[3], 0, 3) == [ids[1], ids[0]]
        assert kept(ids[1], 0, 3) == [ids[0]]
        assert kept(AFTER_ALL, 1, 1) == [ids[1]]
        (found,) = store.groups.figures("w", "seller_id", ids[3], (START + DAY, START + DAY))
        wanted = np.array([two, 999, one])
        np.testing.assert_array_equal(found.of("max(y)", wanted), [7.5, np.nan, np.nan])
        np.testing.assert_array_equal(found.of("size()", wanted), [4, np.nan, 5])
        np.testing.assert_array_equal(found.of("never(z)", wanted), [np.nan] * 3)
        at, past = store.groups.series("w", "seller_id", one, START + DAY)
        assert at.tolist() == [START + day * DAY for day in (1, 2, 3)]
        np.testing.assert_array_equal(past["count(x)"], [1, 2, 3])
        np.testing.assert_array_equal(past["max(y)"], [np.nan] * 3)
        assert store.groups.newest_with("w", "seller_id", two) == ids[3]
        assert store.groups.newest_with("w", "seller_id", 999) is None
        assert [*store.groups.figures("w", "watch", AFTER_ALL, (0, START + 9 * DAY))] == []


def test_the_newest_list_says_who_is_in_a_group() -> None:
    """And how many groups there are: none of a failed scan's, nor of a list that has none."""
    with memory() as store:
        lists: list[dict[str, float]] = [{"1": 1, "2": 2}, {"4": 4, "3": 3, "1": 1}]
        for day, listed in enumerate(lists):
            made = scan(START + day * DAY, listed)
            texts = {**made.texts, "seller_id": tuple("AB"[each == "3"] for each in listed)}
            scan_id = store.history.record(replace(made, texts=texts)).scan_id
            keys = store.groups.keys("seller_id", [("US", "A"), ("US", "B")], START)[: 2 - day]
            figures = GroupFigures(scan_id, 0, keys, {"size()": np.ones(len(keys))})
            store.groups.note(scan_id, "seller_id", figures)
        store.history.record(scan(START + 2 * DAY, {}, state=ScanState.FAILED))
        (of_all,) = store.groups.keys("watch", [("US", "w")], START).tolist()

        def members(group: int) -> list[str]:
            products = store.groups.members("w", group).tolist()
            known = store.history.facts(products)
            return [known[each].product_id for each in products]

        one, two = store.groups.keys("seller_id", [("US", "A"), ("US", "B")], START).tolist()
        assert (members(one), members(two)) == (["4", "1"], ["3"])
        assert members(of_all) == ["4", "3", "1"]
        assert store.groups.members("other", one).tolist() == []
        assert store.groups.newest_size("w", "seller_id") == 1
        assert store.groups.newest_size("w", "watch") == 0
        assert store.groups.newest_size("other", "seller_id") == 0
        days = Choice(since=START + DAY, until=START + 2 * DAY)
        assert [row[0] for part in store.extracts.figures(days).parts for row in part] == [
            START + DAY
        ]
