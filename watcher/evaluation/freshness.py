"""Whether a scan's data is fresh: a source may give the same day after day, though all goes well.

Old values held against a past that moves on would fire rules and end alerts for no reason but the
fault. So rules that compare with the past wait while the data is late. Judged by region, over all
its watches together, for the vendor collects by region; the scans and observations in the store
say when a product changed last.
"""

from __future__ import annotations

import numpy as np

from watcher.fields import NUMERIC
from watcher.language import gettext_noop as N_
from watcher.model import Listed
from watcher.store.past import Archive
from watcher.units import DAY, HOUR

# A list of few products, or of such that nobody buys or films, may well stay as it is for days.
# Who sold anything in a week has other counters the next day, for the windows move on.
LIVELY = 10
LOOK_BACK = 60 * DAY
# The source is refreshed about once a day: what is read more often may well be the same again.
_REFRESHED = 20 * HOUR
LATE = N_("KeyAPI's data is late: what compares with the past waits until it moves")

_WEEKLY = sorted(
    (field.name for field in NUMERIC if field.window == 7),
    key=lambda name: name != "total_sale_7d_cnt",
)


def is_late(archive: Archive, scan: Listed) -> bool:
    """Whether a recorded scan gave nothing but what the region's scans gave long before it."""
    if not is_lively(scan):
        return False
    changed = archive.history.last_change(scan.region, scan.at - LOOK_BACK)
    return changed is not None and scan.at - changed.at >= _REFRESHED


def is_lively(scan: Listed) -> bool:
    """Whether the scan saw products that should have changed within a day."""
    lively = np.zeros(len(scan), np.bool_)
    for name in _WEEKLY:
        lively |= scan.column(name) > 0
        if np.count_nonzero(lively) >= LIVELY:  # nearly always by the first of them
            return True
    return False
