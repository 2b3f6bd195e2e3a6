"""Lists that are suddenly all but empty."""

from __future__ import annotations

import pytest

from tests.store.making import DAY, START, scan
from watcher.alerting.collapse import doubted
from watcher.model import ScanState
from watcher.store.history import ScanRow


def last(products: int) -> ScanRow:
    """The last complete scan, of so many products."""
    return ScanRow(
        1, "w", "US", START, START, START, ScanState.COMPLETE, 1, 1, products, 0, None,
        interrupted=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("was", "now", "state"),
    [
        (200, 0, ScanState.FAILED),
        (200, 20, ScanState.PARTIAL),
        (200, 21, ScanState.COMPLETE),
        (10, 1, ScanState.PARTIAL),
        (9, 0, ScanState.COMPLETE),
    ],
)
def test_what_is_doubted(was: int, now: int, state: ScanState) -> None:
    """At most a tenth of at least ten products."""
    found = scan(START + DAY, dict.fromkeys(map(str, range(now)), 1.0))
    assert doubted(found, last(was), START + DAY).state is state
    assert doubted(found, last(was), START - 7 * DAY) is found


def test_nothing_to_compare_with() -> None:
    """The first scan, and one that is partial anyway."""
    empty = scan(START, {})
    assert doubted(empty, None, 0) is empty
    cut = scan(START, {}, state=ScanState.PARTIAL)
    assert doubted(cut, last(200), START) is cut
