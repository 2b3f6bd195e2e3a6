"""The faces of the store that any engine with these statements has."""

from __future__ import annotations

from watcher.store import ports
from watcher.store.sql.alerts import SqlAlerts
from watcher.store.sql.backlog import SqlBacklog
from watcher.store.sql.browsing import SqlBrowsing
from watcher.store.sql.deferred import SqlHolding
from watcher.store.sql.extracts import SqlExtracts
from watcher.store.sql.health import SqlHealthBook
from watcher.store.sql.history import SqlHistory
from watcher.store.sql.jumped import SqlJumps
from watcher.store.sql.ledger import SqlLedger
from watcher.store.sql.observed import SqlObservations
from watcher.store.sql.outbox import SqlOutbox
from watcher.store.sql.rules import SqlRules
from watcher.store.sql.silences import SqlSilences
from watcher.store.sqlite.connection import Connection
from watcher.store.sqlite.tellings import SqliteTellings


class Faces:
    """A connection's faces, as the ports declare them."""

    def __init__(self, db: Connection) -> None:
        self.history: ports.History = SqlHistory(db)
        self.jumps: ports.Jumps = SqlJumps(db)
        self.alerts: ports.Alerts = SqlAlerts(db)
        self.rules: ports.Rules = SqlRules(db)
        self.outbox: ports.Outbox = SqlOutbox(db)
        self.backlog: ports.Backlog = SqlBacklog(db)
        self.held: ports.Holding = SqlHolding(db)
        self.silences: ports.Silences = SqlSilences(db)
        self.tellings: ports.Tellings = SqliteTellings(db)
        self.ledger: ports.Ledger = SqlLedger(db)
        self.health: ports.HealthBook = SqlHealthBook(db)
        self.browsing: ports.Browsing = SqlBrowsing(db)
        self.extracts: ports.Extracts = SqlExtracts(db)
        self.observations: ports.Observations = SqlObservations(db)
