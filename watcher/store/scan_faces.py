"""The faces of what scans saw, as any engine with these statements has them."""

from __future__ import annotations

from watcher.store.sql.assortments import Assortments
from watcher.store.sql.browsing import Browsing
from watcher.store.sql.connection import Connection
from watcher.store.sql.day_lists import DayLists
from watcher.store.sql.extracts import Extracts, Observations
from watcher.store.sql.groups import Groups
from watcher.store.sql.history import History
from watcher.store.sql.scans import Jumps


class ScanFaces:
    """A connection's faces of scans; see ``SeenFaces``."""

    def __init__(self, db: Connection) -> None:
        self.history: History = History(db)
        self.jumps: Jumps = Jumps(db)
        self.groups: Groups = Groups(db)
        self.assortments: Assortments = Assortments(db)
        self.day_lists: DayLists = DayLists(db)
        self.browsing: Browsing = Browsing(db)
        self.extracts: Extracts = Extracts(db)
        self.observations: Observations = Observations(db)
