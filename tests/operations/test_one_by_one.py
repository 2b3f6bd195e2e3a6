"""An upgrade of one daemon after the other: two versions work side by side on one server."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from itertools import count
from pathlib import Path

import psycopg
import pytest

from tests.end_to_end.process import Daemon, Watcher, until
from tests.fakes.sink import Service
from tests.operations.daemons import WITHIN_SECONDS, Holders, running, with_books
from tests.operations.editions import MIGRATION, NEWER, OLDER, newer
from watcher.source.simulator import Simulator

pytestmark = [pytest.mark.end_to_end, pytest.mark.long]

BOOKS = ("a", "b", "c", "d")
LEFT = "a newer version wrote the book: it is left to others"


def migrated(url: str) -> set[str]:
    """The books that tomorrow's version has had."""
    with psycopg.connect(url) as conn:
        return {
            book
            for book in BOOKS
            if conn.execute(
                f'SELECT count(*) FROM "book_{book}"._migrations WHERE name = %s', (MIGRATION,)
            ).fetchone()
            != (0,)
        }


def scans(url: str, book: str) -> int:
    """How many scans the book has."""
    with psycopg.connect(url) as conn:
        row = conn.execute(f'SELECT count(*) FROM "book_{book}".scans').fetchone()
    return 0 if row is None else int(row[0])


class Fleet:
    """The daemons of a test, each in a folder of its own, and who holds what."""

    def __init__(self, folder: Path, url: str, market: Simulator, sink: Service) -> None:
        self.url = url
        self.holders = Holders(url)
        self._folder = folder
        self._market = market
        self._env = {"SINK_URL": sink.url.reveal()}
        self._code = newer(folder / "tomorrow")
        self._count = count(1)

    def daemon(self, version: str) -> AbstractAsyncContextManager[Daemon]:
        """One more, of this version."""
        folder = self._folder / str(next(self._count))
        code = self._code if version == NEWER else None
        options = ("--db", self.url, "--all-books")
        return running(folder, self._market.url, self._env, *options, code=code)

    async def held(self, *, older: int, newer: int) -> None:
        """Wait until daemons of the two versions hold so many books."""
        holders = self.holders
        await until(lambda: (holders.count(OLDER), holders.count(NEWER)) == (older, newer))

    async def status(self) -> str:
        """What ``watcher status`` of today's version says."""
        watcher = Watcher(self._folder, self._market.url, self._env)
        code, said, _ = await watcher.call("status", "--db", self.url)
        assert code == 0
        return said

    async def scan(self) -> None:
        """Wait until each book has been scanned twice from now on."""
        before = {book: scans(self.url, book) for book in BOOKS}
        await until(lambda: all(scans(self.url, book) > before[book] + 1 for book in BOOKS))


async def test_one_by_one(
    tmp_path: Path, postgres_url: str, simulator: Simulator, sink: Service
) -> None:
    """Each newer daemon gets its share and migrates it; an older one works on with what is left to
    it, and leaves a newer book alone. No book is without a holder for long, and none is told
    twice."""
    with_books(postgres_url, *BOOKS)
    fleet = Fleet(tmp_path, postgres_url, simulator, sink)
    with fleet.holders.looking() as holders:
        async with fleet.daemon(OLDER) as first, fleet.daemon(OLDER) as second:
            await until(lambda: holders.shared_by(2))
            holders.counting = True
            assert await first.stop() == 0
            await fleet.held(older=4, newer=0)
            async with fleet.daemon(NEWER) as third:
                await fleet.held(older=2, newer=2)
                await until(lambda: len(migrated(postgres_url)) == 2)
                await fleet.scan()  # both versions, side by side
                assert await second.stop() == 0
                await until(lambda: len(migrated(postgres_url)) == 4)
                async with fleet.daemon(OLDER) as late:
                    await _finds_nothing_to_hold(fleet, late, third)
    assert max(holders.gaps.values()) <= WITHIN_SECONDS
    # Each book's first scan was told once; what came later by neither version again.
    titles = [message["title"] for message in sink.taken if "selling" in message["title"]]
    assert len(titles) == len(BOOKS)


async def _finds_nothing_to_hold(fleet: Fleet, late: Daemon, newest: Daemon) -> None:
    """An older daemon says so, and takes nothing where the last newer one was killed; the next
    newer one does."""
    await late.said(LEFT, len(BOOKS) // 2)
    said = await fleet.status()
    assert OLDER in said
    assert NEWER in said
    fleet.holders.counting = False
    await fleet.held(older=0, newer=4)
    newest.process.kill()
    await fleet.held(older=0, newer=0)
    fleet.holders.counting = True
    async with fleet.daemon(NEWER) as next_one:
        await fleet.held(older=0, newer=4)
        assert await next_one.stop() == 0
    assert await late.stop() == 0
