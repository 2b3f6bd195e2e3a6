"""The furnished database, made once, and a page of a copy of it for each test."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.web.furnished import furnish
from tests.web.library import library
from tests.web.serving import Page, serving
from watcher.model import Instant
from watcher.rules.rulebook import Rulebook
from watcher.store.sqlite.database import Database

__all__ = ["library"]


@dataclass(frozen=True)
class Furnished:
    """A database file, and the rules and the time that belong to it."""

    path: Path
    book: Rulebook
    now: Instant


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Furnished:
    """Made once: not to be written to."""
    path = tmp_path_factory.mktemp("furnished") / "watcher.db"
    with Database.open(path) as database:
        world = furnish(database)
        return Furnished(path, world.book, world.now)


@pytest.fixture
async def furnished_page(furnished: Furnished, tmp_path: Path) -> AsyncIterator[Page]:
    """The page of a copy of the furnished database."""
    path = Path(shutil.copy(furnished.path, tmp_path))
    async with serving(path, furnished) as served:
        yield served
