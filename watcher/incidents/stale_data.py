"""A source that gives the same data day after day: the operator hears of it when that lasts.

One message is enough for what one cause does to many watches of a region. Nothing is kept for it:
the scans and observations in the store say when a product changed last.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo

from watcher.evaluation.freshness import LIVELY, LOOK_BACK, is_lively
from watcher.incidents import troubles
from watcher.model import Instant, Scan
from watcher.notification.policy import NotifyPolicy
from watcher.store.sqlite.database import Database
from watcher.units import DAY, HOUR, format_instant

DAYS = 3
_STANDS_STILL = "data stands still"
_LATE = HOUR  # a scan may come somewhat earlier in the day than the one before


def note_changes(
    database: Database,
    operator: Sequence[NotifyPolicy],
    scan: Scan,
    now: Instant,
    zone: tzinfo = UTC,
) -> None:
    """Tell when no product of the scan's region has changed for three days although scans of
    three days saw some that should have; and when one changed again. After the scan is recorded.
    Times are told in ``zone``.
    """
    cause = troubles.region_cause(scan.region, _STANDS_STILL)
    changed = database.history.last_change(scan.region, scan.at - LOOK_BACK)
    if changed is None:
        return
    if scan.at - changed.at < DAYS * DAY - _LATE:
        troubles.end(database, operator, cause, now)
        return
    days = database.history.days_scanned(scan.region, changed.scan_id, LIVELY)
    if days >= DAYS and is_lively(scan):
        text = (
            f"KeyAPI gives the same data of region {scan.region} since "
            f"{format_instant(changed.at, zone)}: scans of {days} days went well, and no product "
            "changed. Rules that compare with the past wait until it does."
        )
        troubles.begin(database, operator, cause, text, now)
