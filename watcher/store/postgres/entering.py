"""How a session on a server becomes a book's own."""

from __future__ import annotations

from watcher.store.places import MAIN, Server
from watcher.store.postgres.control import PostgresControl
from watcher.store.postgres.sessions import Session, become, has_book


def enter(session: Session, server: Server, *, readonly: bool = False) -> None:
    """From now on the session has the rights of its book alone, and finds its tables only. The book
    of who names none is made where there is none, by who may write. Raises ``StoreError``."""
    if server.book == MAIN and not readonly and not has_book(session, MAIN):
        with PostgresControl(server.url) as control:
            control.books.create(MAIN)
    become(session, server.book, server)
