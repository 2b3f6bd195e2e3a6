"""The order of the tests among workers: who waits leaves the processor to others, who reckon."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

# Tests of processes and services, which wait for most of their time; none shares a fixture.
_SLOW = tuple(
    f"tests/{each}"
    for each in (
        "documentation/test_changes.py",
        "end_to_end/",
        "faults/",
        "operations/",
        "upgrade/",
    )
)


def is_slow(test: str) -> bool:
    """Whether a test, by its id, waits for other processes."""
    return test.startswith(_SLOW)


def spread(slow: Sequence[T], others: Sequence[T], workers: int) -> list[T]:
    """All, so that each worker's part but the last's begins with its share of the slow ones.

    pytest-xdist cuts the list into one part for each worker, and lets who is done early take from
    the end of another's. One worker never waits: what the others leave of the processors is its.
    """
    total, taken, waiting = len(slow) + len(others), 0, max(1, workers - 1)
    made: list[T] = []
    for worker in range(workers):
        size = (total - len(made)) // (workers - worker)
        share = slow[worker::waiting] if worker < waiting else ()
        more = max(0, size - len(share))
        made += [*share, *others[taken : taken + more]]
        taken += more
    return made
