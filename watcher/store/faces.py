"""The faces of the store that any engine with these statements has."""

from __future__ import annotations

from watcher.store.sql.alert_messages import AlertMessages
from watcher.store.sql.alert_search import AlertSearch
from watcher.store.sql.alerts import Alerts
from watcher.store.sql.browsing import Browsing
from watcher.store.sql.connection import Connection
from watcher.store.sql.extracts import Extracts, Observations
from watcher.store.sql.followed import Followed, Lookups
from watcher.store.sql.groups import Groups
from watcher.store.sql.history import History
from watcher.store.sql.links import Links
from watcher.store.sql.operations import HealthBook, Ledger, Reports
from watcher.store.sql.outbox import Backlog, Outbox
from watcher.store.sql.refreshes import Refreshes
from watcher.store.sql.rules import Rules
from watcher.store.sql.scans import Jumps
from watcher.store.sql.siblings import Categories, EndpointProbes, Pictures
from watcher.store.sql.silences import Holding, Silences


class Faces:
    """A connection's faces, as the ports declare them."""

    def __init__(self, db: Connection) -> None:
        self.history: History = History(db)
        self.jumps: Jumps = Jumps(db)
        self.groups: Groups = Groups(db)
        self.alerts: Alerts = Alerts(db)
        self.alert_search: AlertSearch = AlertSearch(db)
        self.alert_messages: AlertMessages = AlertMessages(db)
        self.rules: Rules = Rules(db)
        self.reports: Reports = Reports(db)
        self.refreshes: Refreshes = Refreshes(db)
        self.outbox: Outbox = Outbox(db)
        self.backlog: Backlog = Backlog(db)
        self.links: Links = Links(db)
        self.held: Holding = Holding(db)
        self.silences: Silences = Silences(db)
        self.ledger: Ledger = Ledger(db)
        self.health: HealthBook = HealthBook(db)
        self.browsing: Browsing = Browsing(db)
        self.extracts: Extracts = Extracts(db)
        self.observations: Observations = Observations(db)
        self.followed: Followed = Followed(db)
        self.lookups: Lookups = Lookups(db)
        self.probes: EndpointProbes = EndpointProbes(db)
        self.categories: Categories = Categories(db)
        self.pictures: Pictures = Pictures(db)
