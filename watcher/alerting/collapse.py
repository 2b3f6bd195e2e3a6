"""Lists that are suddenly all but empty: a fault of the source, until it lasts.

A list that had many products and has next to none is far more often a fault of the API than the
truth. Believed at once, two such answers would end all its alerts, and the next good one would
fire them all anew. Believed never, the alerts of a list that is really gone would stay for ever.
"""

from __future__ import annotations

from dataclasses import replace

from watcher.model import Instant, Scan, ScanState
from watcher.store.history import ScanRow
from watcher.units import DAY, format_instant

MANY = 10  # products: below that a list may well come to nothing in a day
LEFT = 0.1  # of its products, at most
DOUBTED = 7 * DAY


def doubted(scan: Scan, last: ScanRow | None, expected: Instant) -> Scan:
    """``scan`` as it is, or as one that proves no absence where its list has collapsed.

    ``last`` is the watch's last complete scan, ``expected`` when the next one was due. An empty
    list counts as not read, so it is soon asked again.
    """
    if scan.state is not ScanState.COMPLETE or last is None or last.products < MANY:
        return scan
    until = expected + DOUBTED
    if len(scan) > LEFT * last.products or scan.at >= until:
        return scan
    state = ScanState.PARTIAL if len(scan) else ScanState.FAILED
    error = (
        f"the list has {len(scan) or 'no'} product{'' if len(scan) == 1 else 's'}, and had "
        f"{last.products:,}: taken for a fault of KeyAPI, and for true if it lasts until "
        f"{format_instant(until)}"
    )
    return replace(scan, state=state, error=error, proves_absence=False)
