"""The faces of what people say and do: whom there is, and what they hold back and follow."""

from __future__ import annotations

from watcher.store.sql.connection import Connection
from watcher.store.sql.followed import Followed, Lookups
from watcher.store.sql.links import Links
from watcher.store.sql.people import Audit, People
from watcher.store.sql.silences import Holding, Silences


class PeopleFaces:
    """A connection's faces of that sort."""

    def __init__(self, db: Connection) -> None:
        self.people: People = People(db)
        self.audit: Audit = Audit(db)
        self.links: Links = Links(db)
        self.held: Holding = Holding(db)
        self.silences: Silences = Silences(db)
        self.followed: Followed = Followed(db)
        self.lookups: Lookups = Lookups(db)
