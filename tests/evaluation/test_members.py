"""Who is in which group of a list."""

from __future__ import annotations

import tracemalloc

import numpy as np

from watcher.evaluation.members import Members


def test_the_products_of_one_group_are_found_without_the_others() -> None:
    """Each alert names some of its group's products: of a list of a million only those are looked
    at."""
    size, groups = 100_000, 100
    of = np.random.default_rng(1).integers(-1, groups, size)
    sizes = np.bincount(of[of >= 0], minlength=groups)
    names = tuple(map(str, range(groups)))
    members = Members("seller_id", of, ("US",) * groups, names, sizes)
    for place in range(groups):
        assert members.of_group(place).tolist() == np.flatnonzero(of == place).tolist()
    tracemalloc.start()
    try:
        members.of_group(7)
        assert tracemalloc.get_traced_memory()[1] < size // 10
    finally:
        tracemalloc.stop()
