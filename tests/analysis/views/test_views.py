"""Views of lists against plain Python: whom the filters pick, in which order, on which page."""

from __future__ import annotations

import math
from urllib.parse import urlencode

import pytest

from tests.analysis.views.drawing import FILTERS, SORTS, drawn, ids, shelf_of, shown
from tests.fakes.listed import Shelf
from watcher.analysis.views.asked import SIZE
from watcher.analysis.views.held import HeldLists
from watcher.store.ports import Store


@pytest.mark.parametrize("seed", range(4))
def test_views_against_plain_python(store: Store, seed: int) -> None:
    """Filters, orders and pages at random, on a list with holes in it."""
    shelf, oracle = shelf_of(store, seed, 130)
    lists, some = HeldLists(), 0
    for values, tests, sort, descending in drawn(seed, 60):
        order = f"-{sort}" if descending else sort
        query = urlencode([*values, ("sort", order)])
        expected = oracle.expected(tests, sort, descending=descending)
        found = shown(shelf, query, every=True, lists=lists)
        assert ids(found) == expected, query
        assert found.found == len(expected)
        some += 0 < len(expected) < len(shelf.days[-1])
        pages = max(1, math.ceil(len(expected) / SIZE))
        for page in (1, pages, pages + 7):
            leaf = shown(shelf, f"{query}&page={page}", lists=lists)
            at = min(page, pages)
            assert (leaf.page, leaf.pages) == (at, pages)
            assert ids(leaf) == expected[(at - 1) * SIZE : at * SIZE]
    assert some > 15  # that picked some, and not all


@pytest.mark.parametrize("place", range(len(FILTERS)))
def test_each_filter_alone(store: Store, place: int) -> None:
    """It picks some of the list, and those that plain Python picks."""
    shelf, oracle = shelf_of(store, 11, 110)
    name, text, test = FILTERS[place]
    found = shown(shelf, urlencode([(name, text)]), every=True)
    assert ids(found) == oracle.expected([test], "rank", descending=False)
    assert 0 < found.found < found.size


def test_cells(store: Store) -> None:
    """Each column has what was seen; of a change there is what it began from."""
    shelf, oracle = shelf_of(store, 3, 40)
    names = [name for name in SORTS if name != "product_name"]
    found = shown(shelf, f"cols={','.join(names)}", every=True)
    for row in found.rows:
        today = shelf.days[-1][row.product_id]
        assert row.name == (today["product_name"] or row.product_id)
        assert row.seller_id == (today["seller_id"] or "")
        assert len(row.rules) == oracle.alerts.get(row.product_id, 0)
        for name, cell in zip(names, row.cells, strict=True):
            expected = oracle.value(row.product_id, name)
            if isinstance(expected, float):
                assert cell.value == pytest.approx(expected, abs=1e-9), name
            else:
                assert cell.value == expected, name
        fresh = row.product_id not in shelf.days[0]
        assert row.fresh is fresh


def test_who_has_no_value_is_last_both_ways(store: Store) -> None:
    """And equals stay in the list's order."""
    shelf = Shelf(store)
    shelf.scan(
        {
            "1": {"spu_avg_price": 3.0},
            "2": {},
            "3": {"spu_avg_price": 1.0},
            "4": {"spu_avg_price": 3.0},
            "5": {},
        }
    )
    assert ids(shown(shelf, "sort=spu_avg_price")) == ["3", "1", "4", "2", "5"]
    assert ids(shown(shelf, "sort=-spu_avg_price")) == ["1", "4", "3", "2", "5"]
    assert ids(shown(shelf, "sort=-rank")) == ["5", "4", "3", "2", "1"]
    found = shown(shelf, "min.spu_avg_price=1")
    assert (ids(found), found.unknown) == (["1", "3", "4"], 2)


def test_an_empty_list_and_none(store: Store) -> None:
    """A list that nobody is on is a list; one that was never read is none."""
    shelf = Shelf(store)
    assert HeldLists().of(store, shelf.book, shelf.list) is None
    shelf.scan({})
    found = shown(shelf, "sort=-spu_avg_price&q=x&page=4")
    assert (found.size, found.found, found.page, found.pages, found.rows) == (0, 0, 1, 1, ())
