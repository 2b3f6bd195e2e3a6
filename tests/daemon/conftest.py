"""Fixtures of the daemon's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.daemon.fakes import book
from tests.daemon.scheduling.bench import bench
from tests.fakes.clock import SetClock
from watcher.daemon.core import Core
from watcher.daemon.daemon import Daemon
from watcher.store.threads import Writer

__all__ = ["bench"]


@pytest.fixture
async def daemon() -> AsyncIterator[Daemon]:
    """A daemon whose clock stands still."""
    async with Writer() as writer:
        yield Daemon(Core(book(), writer, SetClock()), book)
