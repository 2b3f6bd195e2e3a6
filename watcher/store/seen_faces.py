"""Faces of what scans saw, and of the alerts that came of it: the half of the store that they
fill."""

from __future__ import annotations

from typing import Protocol

from watcher.store.memory.past_scans import Extent, PastScans
from watcher.store.sql.alert_messages import AlertMessages
from watcher.store.sql.alert_search import AlertSearch
from watcher.store.sql.alerts import Alerts
from watcher.store.sql.assortments import Assortments
from watcher.store.sql.browsing import Browsing
from watcher.store.sql.day_lists import DayLists
from watcher.store.sql.extracts import Extracts, Observations
from watcher.store.sql.groups import Groups
from watcher.store.sql.history import History
from watcher.store.sql.scans import Jumps


class SeenFaces(Protocol):
    """Scans, what they saw, what was said of groups of it, and alerts."""

    alerts: Alerts
    alert_search: AlertSearch
    alert_messages: AlertMessages
    history: History
    jumps: Jumps
    groups: Groups
    assortments: Assortments
    day_lists: DayLists
    observations: Observations
    browsing: Browsing
    extracts: Extracts

    def past_scans(self, extent: Extent) -> PastScans:
        """Stored scans in memory, to be played once more."""
