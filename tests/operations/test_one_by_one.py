"""An upgrade of one daemon after the other: two versions work side by side on one server."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.end_to_end.process import Watcher, until
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


async def test_one_by_one(
    tmp_path: Path, postgres_url: str, simulator: Simulator, sink: Service
) -> None:
    """Each newer daemon gets its share and migrates it; an older one works on with what is left to
    it, and leaves a newer book alone. No book is without a holder for long, and none is told
    twice."""
    with_books(postgres_url, *BOOKS)
    code = newer(tmp_path / "tomorrow")
    env = {"SINK_URL": sink.url.reveal()}
    all_books = ("--db", postgres_url, "--all-books")
    with Holders(postgres_url).looking() as holders:
        async with running(tmp_path / "1", simulator.url, env, *all_books) as first:
            async with running(tmp_path / "2", simulator.url, env, *all_books) as second:
                await until(
                    lambda: len(set(holders.now.values())) == 2 and None not in holders.now.values()
                )
                holders.counting = True
                assert await first.stop() == 0
                await until(lambda: holders.count(OLDER) == len(BOOKS))
                async with running(
                    tmp_path / "3", simulator.url, env, *all_books, code=code
                ) as third:
                    await until(lambda: (holders.count(OLDER), holders.count(NEWER)) == (2, 2))
                    await until(lambda: len(migrated(postgres_url)) == 2)
                    # Both versions scan, side by side.
                    before = {book: scans(postgres_url, book) for book in BOOKS}
                    await until(
                        lambda: all(scans(postgres_url, b) > n + 1 for b, n in before.items())
                    )
                    assert await second.stop() == 0
                    await until(lambda: len(migrated(postgres_url)) == 4)
                    # An older one that comes now finds nothing that it may hold.
                    async with running(tmp_path / "4", simulator.url, env, *all_books) as fourth:
                        await fourth.said(LEFT, len(BOOKS) // 2)
                        code_, said, _ = await _status(tmp_path, simulator, postgres_url, env)
                        assert (code_, OLDER in said, NEWER in said) == (0, True, True)
                        holders.counting = False
                        await until(lambda: holders.count(NEWER) == len(BOOKS))
                        third.process.kill()
                        await until(lambda: holders.count(NEWER) == 0)
                        holders.counting = True
                        async with running(
                            tmp_path / "5", simulator.url, env, *all_books, code=code
                        ) as fifth:
                            await until(lambda: holders.count(NEWER) == len(BOOKS))
                            assert await fifth.stop() == 0
                        assert await fourth.stop() == 0
    assert max(holders.gaps.values()) <= WITHIN_SECONDS
    # Each book's first scan told once; what came later was told by neither version again.
    titles = [message["title"] for message in sink.taken if "selling" in message["title"]]
    assert len(titles) == len(BOOKS)


async def _status(
    folder: Path, simulator: Simulator, url: str, env: dict[str, str]
) -> tuple[int, str, str]:
    return await Watcher(folder, simulator.url, env).call("status", "--db", url)
