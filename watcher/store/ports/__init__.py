"""The store as the house sees it: a protocol a face."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, Self

from watcher.store.memory.replaying import Extent, PastScans
from watcher.store.ports.alerts import (
    Alerts,
    Browsing,
    Extracts,
    Holding,
    Rules,
    Silences,
    Tellings,
)
from watcher.store.ports.history import History, Jumps, Observations
from watcher.store.ports.outbox import Backlog, Outbox
from watcher.store.ports.upkeep import HealthBook, Ledger, Pruner, Times, Upkeep
from watcher.store.sqlite.connection import Row
from watcher.store.sqlite.tellings import Delivered, ToldAlert
from watcher.store.sqlite.upkeep import Sizes, Stats

__all__ = [
    "Alerts",
    "Backlog",
    "Browsing",
    "Delivered",
    "Extracts",
    "HealthBook",
    "History",
    "Holding",
    "Jumps",
    "Ledger",
    "Observations",
    "Outbox",
    "Pruner",
    "Row",
    "Rules",
    "Silences",
    "Sizes",
    "Stats",
    "Store",
    "Tellings",
    "Times",
    "ToldAlert",
    "Upkeep",
]


class Store(Protocol):
    """A store that is open, on the thread that opened it."""

    path: Path
    history: History
    jumps: Jumps
    observations: Observations
    alerts: Alerts
    rules: Rules
    held: Holding
    silences: Silences
    tellings: Tellings
    browsing: Browsing
    extracts: Extracts
    outbox: Outbox
    backlog: Backlog
    ledger: Ledger
    health: HealthBook
    times: Times
    pruner: Pruner
    upkeep: Upkeep

    def atomic(self) -> AbstractContextManager[None]:
        """All or nothing of what is written inside; may be nested."""

    def snapshot(self) -> AbstractContextManager[None]:
        """Several reads that see one state of the store."""

    def past_scans(self, extent: Extent) -> PastScans:
        """Stored scans in memory, to be played once more."""

    def let_go(self) -> None:
        """Give up what is kept in memory: a scan's rows are of no use to the next one."""

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...
