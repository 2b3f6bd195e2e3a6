"""Copies of and to books: one in memory, to try things on, and a book that is being filled."""

from __future__ import annotations

from watcher.store.copying.copier import Copier
from watcher.store.places import Server
from watcher.store.ports import Store
from watcher.store.postgres.copy_end import PostgresEnd
from watcher.store.postgres.database import PostgresDatabase
from watcher.store.sqlite.copy_end import SqliteEnd
from watcher.store.sqlite.database import Database


def open_scratch(place: Server) -> Store:
    """The book as it is now, beside its daemon, in SQLite's memory; the book pays the credits."""
    scratch = Database.in_memory()
    try:
        book = PostgresDatabase.open(place, create=False)
        scratch.borrow(book)
        Copier(PostgresEnd(book), SqliteEnd(scratch), compares=False).run()
    except BaseException:
        scratch.close()
        raise
    return scratch


class Unfinished(PostgresDatabase):
    """A book that is being copied into: anybody else who opens it is told so."""

    def refuse_unfinished(self) -> None:
        """It is the copy itself."""
