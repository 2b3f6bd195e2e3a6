"""Memory that a scan took and no longer needs, given back to the machine.

A scan of 10,000 products takes some 40 MB for a second. glibc keeps most of what is freed between
what is not, for the next one to use a day later; asked for it, it gives a quarter of the daemon's
memory back, in some milliseconds. The less it is scattered, the more of it: so all threads take
from one heap (only one of them runs at a time anyway), and large arrays are never part of it.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

from watcher.delivery.marking import StoreThread
from watcher.errors import StoreError

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8  # of malloc.h
_LARGE = 512 * 1024  # bytes of an array that has pages of its own
LOOK_SECONDS = 20.0  # after a round of scans most of its messages are sent
_GROWN = 3_000_000  # bytes that are worth it


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
    """Gives back what a round of scans took: when it is over, and from then on where more is held,
    for each try to tell of it takes a tenth of the daemon's memory too."""

    def __init__(self, writer: StoreThread) -> None:
        self._writer = writer
        self._later: asyncio.Task[None] | None = None
        self._held = 0

    async def round_is_over(self) -> None:
        await self._give_back()
        if self._later is None or self._later.done():
            self._later = asyncio.create_task(self._look())

    def stop(self) -> None:
        """Look no more."""
        if self._later is not None:
            self._later.cancel()

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if resident() > self._held + _GROWN:
                await self._give_back()

    async def _give_back(self) -> None:
        with suppress(StoreError):  # whoever writes next meets it, and says so
            await self._writer.run(lambda store: store.let_go())
        await asyncio.to_thread(give_back)
        self._held = resident()


def resident() -> int:
    """The bytes that this process holds; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


@cache
def _of_the_library(name: str) -> Callable[..., object]:
    try:
        function: Callable[..., object] = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError):
        return lambda *_: None
    return function
