"""The store as the house sees it: its faces, and what holds them together."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol, Self

from watcher.store.engine_faces import Pruner, Times, Upkeep
from watcher.store.places import Place
from watcher.store.seen_faces import SeenFaces
from watcher.store.sql.followed import Followed, Lookups
from watcher.store.sql.links import Links
from watcher.store.sql.news import ChangeMarks
from watcher.store.sql.operations import HealthBook, Ledger, Reports
from watcher.store.sql.outbox import Backlog, Outbox
from watcher.store.sql.page_rules import PageRules
from watcher.store.sql.people import Audit, People
from watcher.store.sql.refreshes import Refreshes
from watcher.store.sql.rules import Rules
from watcher.store.sql.siblings import Categories, EndpointProbes, Pictures
from watcher.store.sql.silences import Holding, Silences
from watcher.store.sql.tellings import Tellings


class Store(SeenFaces, Protocol):
    """A store that is open, on the thread that opened it."""

    place: Place
    rules: Rules
    page_rules: PageRules
    held: Holding
    silences: Silences
    followed: Followed
    lookups: Lookups
    probes: EndpointProbes
    categories: Categories
    pictures: Pictures
    tellings: Tellings
    outbox: Outbox
    links: Links
    people: People
    audit: Audit
    reports: Reports
    refreshes: Refreshes
    backlog: Backlog
    ledger: Ledger
    health: HealthBook
    news: ChangeMarks
    times: Times
    pruner: Pruner
    upkeep: Upkeep

    def atomic(self) -> AbstractContextManager[None]:
        """All or nothing of what is written inside; may be nested."""

    def pipelined(self) -> AbstractContextManager[None]:
        """Inside a transaction: what is written need not be answered before what follows."""

    def snapshot(self) -> AbstractContextManager[None]:
        """Several reads that see one state of the store."""

    def explained(self) -> AbstractContextManager[None]:
        """Turns the engine's errors of the outer world into ``StoreError``."""

    def guarded(self) -> AbstractContextManager[None]:
        """Around what a writer does: nothing is done where that would be lost."""

    def let_go(self) -> None:
        """Give up what is kept in memory: a scan's rows are of no use to the next one."""

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...
