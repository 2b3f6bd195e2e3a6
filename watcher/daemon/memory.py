"""Memory that a scan took and no longer needs, given back to the machine.

A scan of 10,000 products takes some 40 MB for a second. glibc keeps most of what is freed between
what is not, for the next one to use a day later; asked for it, it gives a quarter of the daemon's
memory back, in some milliseconds. The less it is scattered, the more of it: so all threads take
from one heap (only one of them runs at a time anyway), and large arrays are never part of it.
"""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Callable
from contextlib import suppress
from functools import cache

from watcher.errors import StoreError
from watcher.store.database import Database
from watcher.store.writer import Writer

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8  # of malloc.h
_LARGE = 512 * 1024  # bytes of an array that has pages of its own
SETTLED_SECONDS = 20.0  # after a round of scans most of its messages are sent


def keep_together() -> None:
    """To be called before any thread is started."""
    option = _of_the_library("mallopt")
    option(_M_ARENA_MAX, 1)
    option(_M_MMAP_THRESHOLD, _LARGE)  # else glibc raises it to the largest that was freed


def give_back() -> None:
    """To be called on a thread where nothing waits for it. Other C libraries do it by themselves,
    or can't: there it does nothing."""
    _of_the_library("malloc_trim")(0)


class Returns:
    """Gives back what a round of scans took: when it is over, and again once it is told, for its
    messages and their pictures take a tenth of the daemon's memory too."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._later: asyncio.Task[None] | None = None

    async def round_is_over(self) -> None:
        await self._give_back()
        if self._later is None or self._later.done():
            self._later = asyncio.create_task(self._once_told())

    def stop(self) -> None:
        """What is left ends with the process."""
        if self._later is not None:
            self._later.cancel()

    async def _once_told(self) -> None:
        await asyncio.sleep(SETTLED_SECONDS)
        await self._give_back()

    async def _give_back(self) -> None:
        with suppress(StoreError):  # whoever writes next meets it, and says so
            await self._writer.run(Database.let_go)
        await asyncio.to_thread(give_back)


@cache
def _of_the_library(name: str) -> Callable[..., object]:
    try:
        function: Callable[..., object] = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError):
        return lambda *_: None
    return function
