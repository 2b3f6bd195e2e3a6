"""Events of books, as others tell them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import psycopg

from watcher.errors import StoreError
from watcher.store.places import Server
from watcher.store.postgres.sessions import parameters

_QUIET = 30.0  # seconds without an event, after which the server is asked for a sign of life
_FIRST, _LONGEST = 0.5, 15.0  # seconds between two tries to connect


async def listen(url: str) -> AsyncGenerator[tuple[str, str], None]:
    """Events and the book that each is about, for as long as somebody reads them. A server that is
    away, or a replica, which tells nothing, is tried again and again: what was told meanwhile is
    lost, so that whoever listens must also look by itself now and then."""
    place = Server(url, "")
    asked = parameters(place, "watcher/listening")
    pause = _FIRST
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(**asked, autocommit=True) as conn:
                async for event in _told(conn):
                    pause = _FIRST
                    yield event
        except (psycopg.Error, StoreError):
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST)


async def _told(conn: psycopg.AsyncConnection[Any]) -> AsyncGenerator[tuple[str, str], None]:
    """Until the connection breaks."""
    found = await conn.execute("SELECT value FROM watcher.settings WHERE name = 'channel'")
    row = await found.fetchone()
    if row is None:
        return
    await conn.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(row[0])))
    while True:
        async for each in conn.notifies(timeout=_QUIET):
            event, _, book = each.payload.partition(" ")
            yield event, book
        await conn.execute("SELECT 1")
