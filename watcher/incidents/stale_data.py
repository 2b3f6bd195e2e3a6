"""A source that gives the same data day after day: scans go well, and nothing is true of today.

Old values held against a past that moves on would fire rules and end alerts for no reason but the
fault. So rules that compare with the past wait while the data is late. The operator hears of it
when that lasts.

Judged by region, over all its watches together: the vendor collects by region, and one message is
enough for what one cause does to many watches. Nothing is kept for it: the scans and observations
in the store say when a product changed last.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo

import numpy as np

from watcher.evaluation.past import Archive
from watcher.incidents import troubles
from watcher.model import Instant, Listed, Scan
from watcher.notification.audiences import Audience
from watcher.source.fields import NUMERIC
from watcher.store.ports import Store
from watcher.units import DAY, HOUR, format_instant

DAYS = 3
# A list of few products, or of such that nobody buys or films, may well stay as it is for days.
# Who sold anything in a week has other counters the next day, for the windows move on.
LIVELY = 10
# The source is refreshed about once a day: what is read more often may well be the same again.
_REFRESHED = 20 * HOUR
LATE = "KeyAPI's data is late: what compares with the past waits until it moves"
_STANDS_STILL = "data stands still"
_LATE = HOUR  # a scan may come somewhat earlier in the day than the one before
_LOOK_BACK = 60 * DAY

_WEEKLY = sorted(
    (place for place, field in enumerate(NUMERIC) if field.window == 7),
    key=lambda place: NUMERIC[place].name != "total_sale_7d_cnt",
)


def is_late(archive: Archive, scan: Listed) -> bool:
    """Whether a recorded scan gave nothing but what the region's scans gave long before it."""
    if not _is_lively(scan):
        return False
    changed = archive.history.last_change(scan.region, scan.at - _LOOK_BACK)
    return changed is not None and scan.at - changed.at >= _REFRESHED


def note_changes(
    database: Store,
    operator: Sequence[Audience],
    scan: Scan,
    now: Instant,
    zone: tzinfo = UTC,
) -> None:
    """Tell when no product of the scan's region has changed for three days although scans of
    three days saw some that should have; and when one changed again. After the scan is recorded.
    Times are told in ``zone``.
    """
    cause = troubles.region_cause(scan.region, _STANDS_STILL)
    changed = database.history.last_change(scan.region, scan.at - _LOOK_BACK)
    if changed is None:
        return
    if scan.at - changed.at < DAYS * DAY - _LATE:
        troubles.end(database, operator, cause, now)
        return
    days = database.history.days_scanned(scan.region, changed.scan_id, LIVELY)
    if days >= DAYS and _is_lively(scan):
        text = (
            f"KeyAPI gives the same data of region {scan.region} since "
            f"{format_instant(changed.at, zone)}: scans of {days} days went well, and no product "
            "changed. Rules that compare with the past wait until it does."
        )
        troubles.begin(database, operator, cause, text, now)


def _is_lively(scan: Listed) -> bool:
    """Whether the scan saw products that should have changed within a day."""
    lively = np.zeros(len(scan), np.bool_)
    for index in _WEEKLY:
        lively |= scan.column(index) > 0
        if np.count_nonzero(lively) >= LIVELY:  # nearly always by the first of them
            return True
    return False
