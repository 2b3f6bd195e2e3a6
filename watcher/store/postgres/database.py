"""A book's store on a server: opened, refused or migrated, with a face for each purpose."""

from __future__ import annotations

from typing import Self

from watcher.errors import StoreError
from watcher.store import ports
from watcher.store.control import Lease
from watcher.store.faces import Faces
from watcher.store.memory.replaying import Extent, PastScans
from watcher.store.places import MAIN, Server
from watcher.store.postgres import migrations, partitions
from watcher.store.postgres.connection import PostgresConnection
from watcher.store.postgres.control import open_control
from watcher.store.records import Recorded
from watcher.store.sql.history import History
from watcher.model import Scan
from watcher.store.postgres.tellings import PostgresTellings
from watcher.store.postgres.times import PostgresTimes


class _History(History):
    def record(self, scan: Scan) -> Recorded:
        with self._db.atomic():
            last = self._db.number("SELECT max(mark) FROM scans") + 1
            partitions.ensure(self._db, [scan.at, max(scan.at, last)])
            return super().record(scan)


class Database(PostgresConnection, Faces):
    """One session with its faces; belongs to the thread that opened it."""

    def __init__(
        self, server: Server, *, lease: Lease | None = None, readonly: bool = False
    ) -> None:
        PostgresConnection.__init__(self, server, lease=lease, readonly=readonly)
        Faces.__init__(self, self)
        self.history = _History(self)
        self.tellings: ports.Tellings = PostgresTellings(self)
        self.times: ports.Times = PostgresTimes(self)

    @classmethod
    def open(
        cls,
        server: Server,
        *,
        readonly: bool = False,
        create: bool = True,
        lease: Lease | None = None,
    ) -> Self:
        """The store of a book, made or migrated where that is due (not if ``readonly``); who names
        no book gets one, other books must be there."""
        if create and not readonly and server.book == MAIN:
            control = open_control(server.url)
            try:
                control.books.create(MAIN)
            finally:
                control.close()
        database = cls(server, lease=lease, readonly=readonly)
        try:
            migrations.refuse_newer(database, server)
            database.refuse_unfinished()
            if readonly:
                migrations.refuse_unready(database, server)
            elif migrations.pending(database):
                with database.atomic():
                    migrations.prepare(database)
        except BaseException:
            database.close()
            raise
        return database

    def refuse_unfinished(self) -> None:
        """Raise ``StoreError`` where half a copy is in it."""
        migrations.refuse_unfinished(self, self.server)

    def past_scans(self, extent: Extent) -> PastScans:
        return PastScans(self, extent)

    def let_go(self) -> None:
        """Nothing is kept."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
