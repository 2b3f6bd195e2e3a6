"""The links that messages carry: each message, at each try, gets a token of its own. The tokens of
earlier tries hold on, for somebody may have got one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from watcher.delivery.marking import Marks
from watcher.errors import StoreError
from watcher.message import Notification
from watcher.model import Instant
from watcher.store.places import Server
from watcher.store.ports import Store
from watcher.store.sql.links import digest_of, new_token

log = structlog.get_logger("watcher.delivery")


@dataclass(frozen=True, slots=True)
class LinkMaker:
    """Makes links, and has their digests kept before anybody is sent one."""

    marks: Marks
    now: Callable[[], Instant]

    async def link(self, row: Notification, page: str) -> str:
        """The address at which one may act on the message, below the ``page``; empty where it tells
        of nothing that one could act on, and where nothing can be written now: it is better told
        without a link than not at all."""
        if not page or not row.message.items:
            return ""
        token, book = new_token(), ""

        def keep(store: Store) -> None:
            nonlocal book
            book = f"/books/{store.place.book}" if isinstance(store.place, Server) else ""
            store.links.add(digest_of(token), row.id, self.now())

        try:
            await self.marks.keep(keep)
        except StoreError as error:
            log.warning("a message goes without its link", id=row.id, error=str(error))
            return ""
        return f"{page}{book}/act/{token}"
