"""The daemon's stop, as a part sees it."""

from __future__ import annotations

import asyncio

import pytest

from watcher.daemon.supervision.signals import Stop
from watcher.delivery.courier import pause_until


async def test_it_is_seen_and_not_given() -> None:
    """Whoever waits for it wakes; nobody can set it, nor call it off."""
    order = asyncio.Event()
    stop = Stop(order)
    with pytest.raises(RuntimeError, match="can't stop the daemon"):
        stop.set()
    assert (stop.is_set(), order.is_set()) == (False, False)
    waiting = asyncio.create_task(pause_until(stop, 60))
    await asyncio.sleep(0)
    order.set()
    await waiting
    assert stop.is_set()
    with pytest.raises(RuntimeError, match="call a stop off"):
        stop.clear()
