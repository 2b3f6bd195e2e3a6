"""A copy in memory of a book on a server, to try things on."""

from __future__ import annotations

from typing import Self

from watcher.store.copying.copier import Copier
from watcher.store.places import Place, Server
from watcher.store.ports import Store
from watcher.store.postgres.copy_end import PostgresEnd
from watcher.store.postgres.database import PostgresDatabase
from watcher.store.sqlite.copy_end import SqliteEnd
from watcher.store.sqlite.database import Database


class Scratch(Database):
    """A SQLite database in memory; credits are paid from the ledger of the book that it is a copy
    of: they are really spent, and the caps hold for all together."""

    _lent: PostgresDatabase | None = None

    def close(self) -> None:
        super().close()
        if self._lent is not None:
            self._lent.close()

    @classmethod
    def copy_of_book(cls, place: Server) -> Self:
        """The book as it is now, beside its daemon."""
        scratch = cls.in_memory()
        try:
            scratch._lent = book = PostgresDatabase.open(place, create=False)
            Copier(PostgresEnd(book), SqliteEnd(scratch), compares=False).run()
            scratch.ledger = book.ledger
        except BaseException:
            scratch.close()
            raise
        return scratch


def open_scratch(place: Place) -> Store:
    """See ``Scratch``."""
    assert isinstance(place, Server)
    return Scratch.copy_of_book(place)
