"""No test is lost in the order among workers, and the slow ones come first."""

from __future__ import annotations

import pytest

from tests.ordering import is_slow, spread


@pytest.mark.parametrize("workers", [1, 2, 4, 7])
@pytest.mark.parametrize(("slow", "others"), [(0, 0), (3, 0), (0, 9), (1, 30), (11, 2), (9, 40)])
def test_each_worker_begins_with_its_share(slow: int, others: int, workers: int) -> None:
    """Each test once; each worker's part but the last's begins with its slow ones."""
    first = [f"slow {number}" for number in range(slow)]
    rest = [f"fast {number}" for number in range(others)]
    made = spread(first, rest, workers)
    assert sorted(made) == sorted([*first, *rest])
    assert [each for each in made if each in rest] == rest
    begin = 0
    for worker in range(workers):
        end = begin + (len(made) - begin) // (workers - worker)
        part = made[begin:end]
        waiting = [each for each in part if each in first]
        assert part[: len(waiting)] == waiting
        if slow + others >= 10 * workers:  # else one more or less shifts the others
            share = first[worker :: max(1, workers - 1)]
            assert waiting == (share if worker < max(1, workers - 1) else [])
        begin = end


def test_which_are_slow() -> None:
    """By their folder."""
    assert is_slow("tests/faults/test_kills.py::test_killed_at_any_moment")
    assert not is_slow("tests/rules/sections/test_watches.py::test_cron_lines_of_every_zone")
