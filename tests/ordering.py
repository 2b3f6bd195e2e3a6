"""The order of the tests among workers: who waits leaves the processor to others, who reckon."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

# Tests of processes and services, which wait for most of their time; none shares a fixture.
_SLOW = tuple(
    f"tests/{each}"
    for each in ("documentation/test_changes.py", "end_to_end/", "faults/", "upgrade/")
)


def is_slow(test: str) -> bool:
    """Whether a test, by its id, waits for other processes."""
    return test.startswith(_SLOW)


def spread(slow: Sequence[T], others: Sequence[T], workers: int) -> list[T]:
    """All, so that each worker's part begins with its share of the slow ones, the first first.

    pytest-xdist cuts the list into one part for each worker, and lets who is done early take from
    the end of another's.
    """
    total, taken = len(slow) + len(others), 0
    made: list[T] = []
    for worker in range(workers):
        share = slow[worker::workers]
        size = (total - len(made)) // (workers - worker)
        more = max(0, size - len(share))
        made += [*share, *others[taken : taken + more]]
        taken += more
    return made
