"""A real answer of ``/metrics`` in which every metric has something to say."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.web.furnished import furnish
from tests.web.serving import serving
from watcher.daemon.supervision.loop_lag import LoopLag
from watcher.model import Instant
from watcher.rules.rulebook import Rulebook
from watcher.schedule import Refresh
from watcher.store.sql.silences import Held
from watcher.store.sqlite.database import Database


@dataclass(frozen=True)
class Capped:
    """The rules with caps, and the time that belongs to the database."""

    book: Rulebook
    now: Instant


@pytest.fixture(scope="session")
def answer(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of the furnished database, 100 seconds after its last scan; its text."""
    path = tmp_path_factory.mktemp("metrics") / "watcher.db"
    with Database.open(path) as database:
        world = furnish(database)
        (watch,) = world.book.used_watches
        database.health.ok("watch", watch.key, world.now + 5)
        database.health.failing("watch", watch.key, "503", world.now + 50)
        database.held.put([Held("taking-off", 1, "me", 1, world.now)])
        api = replace(world.book.api, credits_per_day=500, credits_per_month=9_000)
        # Read with the refresh: what an interval read before is its first data day.
        fresh = replace(watch, schedule=Refresh("US"))
        rules = tuple(replace(rule, watches=(fresh,)) for rule in world.book.rules)
        book = replace(world.book, api=api, watches=(fresh,), rules=rules)
        capped = Capped(book, world.now + 100)
    return asyncio.run(_asked(path, capped))


async def _asked(path: Path, capped: Capped) -> str:
    holds = LoopLag()
    holds.note(0.5, holds.clock())
    async with serving(path, capped, instruments=holds.instruments) as page:
        status, text = await page.get("metrics")
    assert status == 200
    return text
