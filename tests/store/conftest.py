"""A store for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.store.making import memory
from watcher.store.database import Database


@pytest.fixture
def store() -> Iterator[Database]:
    """An empty store in memory."""
    with memory() as database:
        yield database
