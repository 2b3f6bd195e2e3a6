"""The rows of a list, put together from pages in any order."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from watcher.keyapi import rows
from watcher.keyapi.answer import Page, decode
from watcher.keyapi.fields import NUMERIC_INDEX
from watcher.keyapi.rows import Rows


def page(*ids: int) -> Page:
    """A page of these products, each with its own sales and a long text."""
    data = [{"product_id": str(each), "total_sale_cnt": each, "skus": "[]"} for each in ids]
    return decode(msgspec.json.encode({"code": 0, "data": data}))


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
    found.put(1, decode(b'{"code": 0, "data": [%s]}' % b", ".join([b'{"product_id": "9"}'] * 10)))
    found.put(2, page(*range(11, 21)))
    assert list(found.long_texts) == ["11", "12", "13"]


def test_a_list_without_a_product_has_no_rows() -> None:
    """An empty page, or none at all."""
    found = Rows(10, lambda _: False)
    found.put(1, page())
    joined = found.join()
    assert (joined.product_ids, len(joined.numbers), len(joined.positions)) == ((), 0, 0)
