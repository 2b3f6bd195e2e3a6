"""Copies of and to books: one in memory, to try things on, and a book that is being filled."""

from __future__ import annotations

from typing import Self

from watcher.store.copying.copier import Copier
from watcher.store.places import Server
from watcher.store.ports import Store
from watcher.store.postgres.copy_end import PostgresEnd
from watcher.store.postgres.database import PostgresDatabase
from watcher.store.sqlite.copy_end import SqliteEnd
from watcher.store.sqlite.database import Database


class BookCopy(Database):
    """A SQLite database in memory; credits are paid from the ledger of the book that it is a copy
    of: they are really spent, and the caps hold for all together."""

    _lent: PostgresDatabase | None = None

    def borrowed(self, place: Server) -> PostgresDatabase:
        """The book whose ledger pays; closed with the copy."""
        self._lent = PostgresDatabase.open(place, create=False)
        return self._lent

    def close(self) -> None:
        super().close()
        if self._lent is not None:
            self._lent.close()

    @classmethod
    def copy_of_book(cls, place: Server) -> Self:
        """The book as it is now, beside its daemon."""
        scratch = cls.in_memory()
        try:
            book = scratch.borrowed(place)
            Copier(PostgresEnd(book), SqliteEnd(scratch), compares=False).run()
            scratch.ledger = book.ledger
        except BaseException:
            scratch.close()
            raise
        return scratch


def open_scratch(place: Server) -> Store:
    """See ``BookCopy``."""
    return BookCopy.copy_of_book(place)


class Unfinished(PostgresDatabase):
    """A book that is being copied into: anybody else who opens it is told so."""

    def refuse_unfinished(self) -> None:
        """It is the copy itself."""
