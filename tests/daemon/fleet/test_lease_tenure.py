"""A lease as its holder knows it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.daemon.fleet.fakes import SetSteady
from watcher.daemon.fleet.lease_tenure import LeaseTenure
from watcher.store.control import Lease


async def test_a_rest_ends_once_the_lease_is_certain_again() -> None:
    """What failed while the server was away goes on when it is back, not a minute later; what
    failed for another reason waits its time."""
    clock = SetSteady()
    tenure = LeaseTenure(Lease("shop", "d1", 1), Path("x"), clock() + 9, clock)
    rest = asyncio.ensure_future(tenure.rest(3600))
    for tell in range(3):  # renewed, and never uncertain
        await asyncio.sleep(0)
        assert not rest.done(), tell
        tenure.tell()
    clock.instant += 10  # the server is away
    while tenure.certain() or not await _seen(rest, tenure):
        pass
    tenure.until = clock() + 9
    tenure.tell()
    await asyncio.wait_for(rest, 30)


async def _seen(rest: asyncio.Future[None], tenure: LeaseTenure) -> bool:
    """Whether the resting one had its turn, and goes on resting."""
    tenure.tell()
    await asyncio.sleep(0.01)
    assert not rest.done()
    return True
