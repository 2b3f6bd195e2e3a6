"""The faces of alerts: what they are, how they are found, and which messages tell of them."""

from __future__ import annotations

from watcher.store.sql.alert_messages import AlertMessages
from watcher.store.sql.alert_search import AlertSearch
from watcher.store.sql.alerts import Alerts
from watcher.store.sql.connection import Connection


class AlertFaces:
    """A connection's faces of that sort."""

    def __init__(self, db: Connection) -> None:
        self.alerts: Alerts = Alerts(db)
        self.alert_search: AlertSearch = AlertSearch(db)
        self.alert_messages: AlertMessages = AlertMessages(db)
