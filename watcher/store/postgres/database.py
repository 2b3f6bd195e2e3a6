"""A book's store on a server: opened, refused or migrated, with a face for each purpose."""

from __future__ import annotations

from typing import Self

import psycopg

from watcher.errors import StoreError
from watcher.store import engine_faces
from watcher.store.control import Lease
from watcher.store.faces import Faces
from watcher.store.memory.past_scans import Extent, PastScans
from watcher.store.places import MAIN, Server
from watcher.store.postgres import migrations
from watcher.store.postgres.bulk_connection import BulkConnection
from watcher.store.postgres.control import PostgresControl
from watcher.store.postgres.history import PostgresHistory
from watcher.store.postgres.outbox import PostgresOutbox
from watcher.store.postgres.pruning import PostgresPruner
from watcher.store.postgres.times import PostgresTimes
from watcher.store.postgres.upkeep import PostgresUpkeep


class PostgresDatabase(BulkConnection, Faces):
    """One session of a book with its faces; belongs to the thread that opened it."""

    def __init__(
        self, server: Server, *, lease: Lease | None = None, readonly: bool = False
    ) -> None:
        BulkConnection.__init__(self, server, lease=lease, readonly=readonly)
        Faces.__init__(self, self)
        self.history = PostgresHistory(self)
        self.outbox = PostgresOutbox(self)
        self.times: engine_faces.Times = PostgresTimes(self)
        self.pruner: engine_faces.Pruner = PostgresPruner(self)
        self.upkeep: engine_faces.Upkeep = PostgresUpkeep(self)

    @classmethod
    def open(
        cls, server: Server, *, readonly: bool = False, create: bool = True,
        lease: Lease | None = None, older: bool = False,
    ) -> Self:  # fmt: skip
        """The book at a place, migrated where that is due (not if ``readonly``: then it may be an
        ``older`` version's, if that is said). The book of who
        names none is made where there is none (not if ``readonly``, nor unless ``create``); others
        must be there. Raises ``NewerDatabase``, or ``StoreError`` for what else keeps it shut."""
        if create and not readonly and server.book == MAIN:
            with PostgresControl(server.url) as control:
                control.books.create(server.book)
        database = cls(server, lease=lease, readonly=readonly)
        try:
            database._make_ready(readonly=readonly, older=older)
        except BaseException:
            database.close()
            raise
        return database

    def refuse_unfinished(self) -> None:
        """Raise ``UnfinishedCopy`` where half a copy is in it."""
        migrations.refuse_unfinished(self, self.server)

    def past_scans(self, extent: Extent) -> PastScans:
        return PastScans(self, extent)

    def let_go(self) -> None:
        """Nothing is kept: what a session remembers is small."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _make_ready(self, *, readonly: bool, older: bool = False) -> None:
        migrations.refuse_newer(self, self.server)
        self.refuse_unfinished()
        if readonly:
            if not older:
                migrations.refuse_unready(self, self.server)
        elif migrations.pending(self):
            try:
                with self.atomic():  # asked again: another daemon may have migrated meanwhile
                    migrations.refuse_newer(self, self.server)
                    migrations.prepare(self)
            except psycopg.Error as error:
                raise StoreError(
                    f"{self.server}: can't be prepared, and is as it was: "
                    f"{error.diag.message_primary or error}",
                    self.server,
                ) from error
