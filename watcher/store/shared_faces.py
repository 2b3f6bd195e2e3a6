"""Faces of the store that are the same for each engine."""

from __future__ import annotations

from typing import Protocol

from watcher.store.sql.alerts import Alerts
from watcher.store.sql.browsing import Browsing
from watcher.store.sql.extracts import Extracts, Observations
from watcher.store.sql.followed import Followed, Lookups
from watcher.store.sql.groups import Groups
from watcher.store.sql.history import History
from watcher.store.sql.operations import HealthBook, Ledger
from watcher.store.sql.outbox import Backlog, Outbox
from watcher.store.sql.refreshes import Refreshes
from watcher.store.sql.rules import Rules
from watcher.store.sql.scans import Jumps
from watcher.store.sql.siblings import Categories, EndpointProbes, Pictures
from watcher.store.sql.silences import Holding, Silences


class SharedFaces(Protocol):
    """The shared faces of a store that is open."""

    history: History
    jumps: Jumps
    groups: Groups
    observations: Observations
    alerts: Alerts
    rules: Rules
    held: Holding
    silences: Silences
    followed: Followed
    lookups: Lookups
    probes: EndpointProbes
    categories: Categories
    pictures: Pictures
    browsing: Browsing
    extracts: Extracts
    outbox: Outbox
    refreshes: Refreshes
    backlog: Backlog
    ledger: Ledger
    health: HealthBook
