"""The faces of the store that any engine with these statements has."""

from __future__ import annotations

from watcher.store.alert_faces import AlertFaces
from watcher.store.people_faces import PeopleFaces
from watcher.store.scan_faces import ScanFaces
from watcher.store.sql.connection import Connection
from watcher.store.sql.news import ChangeMarks
from watcher.store.sql.operations import HealthBook, Ledger, Reports
from watcher.store.sql.outbox import Backlog, Outbox
from watcher.store.sql.page_rules import PageRules
from watcher.store.sql.refreshes import Refreshes
from watcher.store.sql.rules import Rules
from watcher.store.sql.siblings import Categories, EndpointProbes, Pictures
from watcher.store.sql.tellings import Tellings


class Faces(AlertFaces, PeopleFaces, ScanFaces):
    """A connection's faces, as the ports declare them."""

    def __init__(self, db: Connection) -> None:
        AlertFaces.__init__(self, db)
        PeopleFaces.__init__(self, db)
        ScanFaces.__init__(self, db)
        self.rules: Rules = Rules(db)
        self.page_rules: PageRules = PageRules(db)
        self.reports: Reports = Reports(db)
        self.refreshes: Refreshes = Refreshes(db)
        self.outbox: Outbox = Outbox(db)
        self.tellings: Tellings = Tellings(db)
        self.backlog: Backlog = Backlog(db)
        self.ledger: Ledger = Ledger(db)
        self.health: HealthBook = HealthBook(db)
        self.news: ChangeMarks = ChangeMarks(db)
        self.probes: EndpointProbes = EndpointProbes(db)
        self.categories: Categories = Categories(db)
        self.pictures: Pictures = Pictures(db)
