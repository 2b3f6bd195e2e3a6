"""Packed columns."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from watcher.store.packing import LastSeen, PackedList, pack, positions, unpack, unpack_low

INT64 = st.integers(-(2**63), 2**63 - 1)


@given(st.lists(st.tuples(INT64, INT64), max_size=50))
def test_unpack_undoes_pack(rows: list[tuple[int, int]]) -> None:
    """Any columns come back as they were, empty ones too."""
    columns = np.array(rows, np.int64).reshape(len(rows), 2).T
    assert np.array_equal(unpack(pack(*columns), 2, len(rows)), columns)


@given(st.lists(st.tuples(st.integers(0, 2**24 - 1), INT64), max_size=50), st.integers(3, 4))
def test_low_bytes_are_enough_for_small_values(rows: list[tuple[int, int]], width: int) -> None:
    """A column of small values comes back as it was, whatever stands beside it."""
    columns = np.array(rows, np.int64).reshape(len(rows), 2).T
    low = unpack_low(pack(*columns), 2, len(rows), width)
    assert np.array_equal(low[0], columns[0])


@given(
    st.lists(st.sampled_from([0, 1, 255, 256, 257, 65_535, 65_536, 16_777_215]), unique=True),
    st.integers(0, 2**24 - 1),
)
def test_a_list_knows_what_it_holds(products: list[int], other: int) -> None:
    """Byte by byte as a whole: no two products are taken for one another."""
    size = len(products)
    keys = np.array(products, np.int64)
    blob = PackedList(keys, np.arange(1, size + 1), np.zeros(size, np.int64)).pack(1)
    asked = [0, 1, 255, 256, 257, 511, 65_535, 65_536, 65_792, 16_777_215, other]
    assert PackedList.holds(asked, blob, size, 2**24 - 1) == [each in products for each in asked]


@given(st.lists(st.integers(-(2**40), 2**40)))
def test_products_come_back_as_they_were(values: list[int]) -> None:
    """Keys are stored as differences, which is undone."""
    seen = LastSeen(np.array(values, np.int64), np.arange(len(values)))
    again = LastSeen.unpack(seen.pack(), len(values))
    assert np.array_equal(again.products, seen.products)
    assert np.array_equal(again.scans, seen.scans)


@given(st.lists(st.integers(0, 30), unique=True), st.lists(st.integers(0, 30)))
def test_positions_as_a_dict_says(haystack: list[int], needles: list[int]) -> None:
    """Each needle's place, or -1."""
    places = {value: place for place, value in enumerate(haystack)}
    found = positions(np.array(haystack, np.int64), np.array(needles, np.int64))
    assert found.tolist() == [places.get(needle, -1) for needle in needles]


def test_small_numbers_pack_small() -> None:
    """A list of 10,000 products in a shuffled order takes under 2.5 bytes a product."""
    keys = np.random.default_rng(1).permutation(10_000).astype(np.int64)
    ranks, ages = np.arange(1, 10_001), np.ones(10_000, np.int64)
    assert len(pack(keys, np.diff(ranks, prepend=0), ages)) < 25_000
