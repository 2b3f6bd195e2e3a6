"""The rows of a list, put together from pages in any order."""

from __future__ import annotations

import tracemalloc

import msgspec
import numpy as np
import pytest

from watcher.fields import NUMERIC_INDEX, NUMERIC_NAMES
from watcher.source import rows
from watcher.source.decoding import Page, decoder_of
from watcher.source.endpoints import PRODUCT_LIST
from watcher.source.rows import Rows


def page(*ids: int) -> Page:
    """A page of these products, each with its own sales and a long text."""
    data = [{"product_id": str(each), "total_sale_cnt": each, "skus": "[]"} for each in ids]
    return decoder_of(PRODUCT_LIST).decode(msgspec.json.encode({"code": 0, "data": data}))


def test_blocks_are_joined_in_the_order_of_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever page came first; a product that is listed twice stands at its first place."""
    monkeypatch.setattr(rows, "_BLOCK_PAGES", 1)
    found = Rows(25, lambda _: False)
    found.put(3, page(*range(21, 31)))
    found.put(1, page(*range(1, 11)))
    found.put(2, page(*range(11, 20), 3))
    joined = found.join()
    kept = [*range(1, 20), *range(21, 26)]
    assert joined.product_ids == tuple(map(str, kept))
    assert joined.positions.tolist() == kept
    assert np.array_equal(joined.numbers[:, NUMERIC_INDEX["total_sale_cnt"]], kept)
    assert joined.texts["product_id"] == joined.product_ids


@pytest.mark.parametrize("blank", ["", "   ", "\t\n", "\u200b\u00a0\u3000", "\u202e"])
def test_texts_of_which_nothing_is_seen_are_none(blank: str) -> None:
    """As the name of a product, which nobody could click; what has one visible letter stays."""
    data = [
        {"product_id": "1", "product_name": blank, "seller_id": blank, "category_id": blank},
        {"product_id": "2", "product_name": f"{blank}面", "seller_id": "7"},
    ]
    found = Rows(10, lambda _: False)
    found.put(1, decoder_of(PRODUCT_LIST).decode(msgspec.json.encode({"code": 0, "data": data})))
    texts = found.join().texts
    assert texts["product_id"] == ("1", "2")
    assert texts["product_name"] == (None, f"{blank}面")
    assert texts["seller_id"] == (None, "7")
    assert texts["category_id"] == (None, None)


@pytest.mark.parametrize("moved", [1, 7, 1_000])
def test_numbers_close_up_where_they_are(monkeypatch: pytest.MonkeyPatch, moved: int) -> None:
    """Over places that are empty, whatever is moved at a time; the rest of the memory is free."""
    monkeypatch.setattr(rows, "_MOVED", moved)
    found = Rows(100, lambda _: False)
    found.put(2, page(*range(11, 20), 3))
    found.put(4, page(31, 15, *range(33, 41)))
    found.put(1, page(*range(1, 11)))
    joined = found.join()
    kept = [*range(1, 20), 31, *range(33, 41)]
    assert joined.product_ids == tuple(map(str, kept))
    assert np.array_equal(joined.numbers[:, NUMERIC_INDEX["total_sale_cnt"]], kept)
    assert (joined.numbers.base, len(joined.numbers)) == (None, len(kept))


def test_a_list_is_not_held_twice() -> None:
    """While its numbers are put together: they are most of what a scan takes."""
    found = Rows(10_000, lambda _: False)
    for number in range(1_000):
        found.put(number + 1, page(*range(10 * number, 10 * number + 10)))
    numbers = 10_000 * len(NUMERIC_NAMES) * 8
    tracemalloc.start()
    try:
        joined = found.join()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert joined.numbers.nbytes == numbers
    assert most < numbers


def test_a_scan_reads_so_many_long_texts_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long list that is new would fill the memory with them."""
    monkeypatch.setattr(rows, "MOST_TEXTS", 3)
    found = Rows(10, lambda product: product != "1")
    found.put(1, page(*range(1, 11)))
    assert list(found.long_texts) == ["2", "3", "4"]


def test_products_without_long_texts_take_nobody_s_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are wanted at every scan, for there is nothing to store: others come all the same."""
    monkeypatch.setattr(rows, "MOST_TEXTS", 3)
    found = Rows(20, lambda _: True)
    found.put(
        1,
        decoder_of(PRODUCT_LIST).decode(
            b'{"code": 0, "data": [%s]}' % b", ".join([b'{"product_id": "9"}'] * 10)
        ),
    )
    found.put(2, page(*range(11, 21)))
    assert list(found.long_texts) == ["11", "12", "13"]


def test_a_list_without_a_product_has_no_rows() -> None:
    """An empty page, or none at all."""
    found = Rows(10, lambda _: False)
    found.put(1, page())
    joined = found.join()
    assert (joined.product_ids, len(joined.numbers), len(joined.positions)) == ((), 0, 0)
