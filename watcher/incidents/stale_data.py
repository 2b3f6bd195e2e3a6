"""A source that gives the same data day after day: the operator hears of it when that lasts.

One message is enough for what one cause does to many watches of a region. Nothing is kept for it:
the scans and observations in the store say when a product changed last.
"""

from __future__ import annotations

from datetime import UTC, tzinfo

from watcher.evaluation.freshness import LIVELY, LOOK_BACK, is_lively
from watcher.incidents.operator import Operator
from watcher.model import Scan
from watcher.store.records import About, Incident
from watcher.units import DAY, HOUR, format_instant

DAYS = 3
_STANDS_STILL = "data stands still"
_LATE = HOUR  # a scan may come somewhat earlier in the day than the one before


def note_changes(
    operator: Operator,
    scan: Scan,
    zone: tzinfo = UTC,
) -> None:
    """Tell when no product of the scan's region has changed for three days although scans of
    three days saw some that should have; and when one changed again. After the scan is recorded.
    Times are told in ``zone``.
    """
    incident = Incident(_STANDS_STILL, About.REGION, scan.region)
    history = operator.database.history
    changed = history.last_change(scan.region, scan.at - LOOK_BACK)
    if changed is None:
        return
    if scan.at - changed.at < DAYS * DAY - _LATE:
        operator.end(incident)
        return
    days = history.days_scanned(scan.region, changed.scan_id, LIVELY)
    if days >= DAYS and is_lively(scan):
        text = (
            f"KeyAPI gives the same data of region {scan.region} since "
            f"{format_instant(changed.at, zone)}: scans of {days} days went well, and no product "
            "changed. Rules that compare with the past wait until it does."
        )
        operator.begin(incident, text)
