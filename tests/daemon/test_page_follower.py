"""The daemon loads each version of the page's rules once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from watcher.daemon.page_follower import PageFollower
from watcher.errors import StoreError


@dataclass
class Rules:
    """A version that is saved, the one in force, and how often they were loaded."""

    saved: int = 0
    in_force: int = 0
    refused: bool = False
    unread: bool = False
    away: bool = False
    loads: list[int] = field(default_factory=list)

    async def newest(self) -> int:
        """The number of the one that is saved."""
        if self.away:
            raise StoreError("away", "x.db")
        return self.saved

    async def reload(self) -> bool:
        """Have it in force."""
        self.loads.append(self.saved)
        if self.unread or self.refused:
            return False
        self.in_force = self.saved
        return True

    def follower(self) -> PageFollower:
        """The part that looks at them."""
        return PageFollower(
            self.newest, lambda: self.in_force, self.reload, lambda: self.unread, look=60.0
        )


async def test_a_version_is_loaded_once() -> None:
    """Also one that is refused; the next one is another matter."""
    rules = Rules()
    follower = rules.follower()
    await follower.turn()
    assert rules.loads == []
    rules.saved = 1
    await follower.turn()
    await follower.turn()
    assert rules.loads == [1]
    rules.saved, rules.refused = 2, True
    await follower.turn()
    await follower.turn()
    assert rules.loads == [1, 2]
    rules.saved, rules.refused = 3, False
    await follower.turn()
    assert (rules.loads, rules.in_force) == ([1, 2, 3], 3)


async def test_what_could_not_be_read_is_read_again() -> None:
    """Until the database can tell."""
    rules = Rules(saved=1, unread=True)
    follower = rules.follower()
    await follower.turn()
    await follower.turn()
    rules.unread = False
    rules.in_force = 0
    follower = rules.follower()
    await follower.turn()
    assert (rules.loads, rules.in_force) == ([1, 1, 1], 1)


async def test_a_reload_that_breaks_is_done_again() -> None:
    """By whoever starts the part anew."""
    rules = Rules(saved=1)
    follower = rules.follower()

    async def broken() -> object:
        raise RuntimeError("it broke")

    follower.reload = broken
    with pytest.raises(RuntimeError):
        await follower.turn()
    follower.reload = rules.reload
    await follower.turn()
    assert rules.loads == [1]


async def test_it_looks_when_it_is_woken() -> None:
    """And lives on while the database is away."""
    rules = Rules(away=True)
    follower, beats = rules.follower(), asyncio.Queue[None]()
    task = asyncio.create_task(follower.run(lambda: beats.put_nowait(None)))
    await beats.get()
    rules.away, rules.saved = False, 1
    follower.news.set()
    await beats.get()
    follower.news.set()
    await beats.get()
    assert rules.loads == [1]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
