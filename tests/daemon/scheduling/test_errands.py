"""The daemon's requests that are no scan and can wait: when it looks."""

from __future__ import annotations

import asyncio

from watcher.daemon.scheduling.category_names import CategoryReader
from watcher.daemon.scheduling.errands import Errands
from watcher.daemon.scheduling.newcomers import Newcomers
from watcher.errors import StoreError


class Counted:
    """Counts its turns, and fails where it is told to."""

    def __init__(self) -> None:
        self.turns = 0
        self.forgot = 0
        self.error: Exception | None = None
        self.moved = lambda: None

    def forget(self) -> None:
        self.forgot += 1

    async def turn(self) -> int:
        self.turns += 1
        if self.error is not None:
            raise self.error
        return 0

    async def have(self, turns: int) -> None:
        """Let the loop run until it had so many."""
        async with asyncio.timeout(10):
            while self.turns < turns:  # noqa: ASYNC110 - its own loop moves it
                await asyncio.sleep(0)


async def test_it_looks_when_it_is_woken() -> None:
    """And by itself now and then. A store that fails ends it not."""
    ids, names, beats = Counted(), Counted(), list[int]()
    errands = Errands(ids, names, look=60)  # type: ignore[arg-type]
    running = asyncio.create_task(errands.run(lambda: beats.append(1)))
    await names.have(1)
    assert (ids.turns, ids.forgot) == (1, 1)
    ids.error = StoreError("away", None)
    errands.wake()
    await ids.have(2)
    ids.error = None
    errands.look_anew()
    await names.have(2)  # at each turn that the store did not fail
    assert (ids.turns, ids.forgot) == (3, 2)
    errands.look = 0.001
    errands.wake()
    await ids.have(6)
    assert len(beats) >= 5
    running.cancel()
    assert isinstance((await asyncio.gather(running, return_exceptions=True))[0], BaseException)


def test_the_faces_are_those_of_the_parts() -> None:
    """What counts here stands for them."""
    assert {"turn", "forget"} <= {*dir(Newcomers)}
    assert "turn" in {*dir(CategoryReader)}
