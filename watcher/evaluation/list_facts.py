"""Facts of a list at a scan, computed once, before any rule judges. Its *day*: after a holiday
nearly every product sold little yesterday, and none of them for a reason of its own. Whether it is
*sparse*: sales are booked on the day on which a product is collected, and most products are not
collected every day."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from watcher.model import Listed, ListFacts, Scan, ScanState
from watcher.rules import surges
from watcher.rules.derived import LIST_NEEDS, sums_of
from watcher.store.past import Recollection
from watcher.store.ports import Store
from watcher.units import DAY

SCANS = 7  # of which the share of idle products is taken
_RECENT = 30 * DAY  # a list that was not read for longer says nothing of today
CLOSED = 0.99  # of the products without a sale: a holiday, or a day that was not collected


def with_facts(database: Store, scan: Scan) -> Scan:
    """``scan`` with the facts of its list; before it is recorded."""
    if scan.facts is not None or scan.state is ScanState.FAILED:
        return scan
    return replace(scan, facts=facts_of(database.history, scan))


def facts_of(past: Recollection, scan: Listed) -> ListFacts:
    """The facts of the list of ``scan``, as the next after those of ``past``."""
    columns = {name: scan.column(name) for name in LIST_NEEDS}
    sums = sums_of(columns, scan.at)
    idle = surges.idle_share(sums.day, sums.week)
    # A shop's day is its own doing, and no day of the market.
    day = surges.day_factor(sums) if scan.of_market else 1.0
    return ListFacts(day, idle, _sparse(past, scan, idle))


def _sparse(past: Recollection, scan: Listed, idle: float | None) -> bool:
    """Whether it is, by the median share of the last scans; of few products as the largest list."""
    if idle is not None:
        before = past.idle_shares(scan.watch, below=CLOSED, limit=SCANS)
        shares = [*([idle] if idle < CLOSED else []), *before][:SCANS]
        if shares:
            return float(np.median(shares)) > 0.5  # at the middle one, who did not sell
    return past.largest_is_sparse(scan.region, scan.at - _RECENT)
