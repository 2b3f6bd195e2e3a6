"""Memory that a scan took and no longer needs, given back to the machine.

A scan of 10,000 products takes some 40 MB for a second. glibc keeps most of what is freed between
what is not, for the next one to use a day later; asked for it, it gives a quarter of the daemon's
memory back, in some milliseconds. The less it is scattered, the more of it: so all threads take
from one heap (only one of them runs at a time anyway), and large arrays are never part of it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8  # of malloc.h
_LARGE = 512 * 1024  # bytes of an array that has pages of its own


def keep_together() -> None:
    """To be called before any thread is started."""
    option = _of_the_library("mallopt")
    option(_M_ARENA_MAX, 1)
    option(_M_MMAP_THRESHOLD, _LARGE)  # else glibc raises it to the largest that was freed


def give_back() -> None:
    """To be called on a thread where nothing waits for it. Other C libraries do it by themselves,
    or can't: there it does nothing."""
    _of_the_library("malloc_trim")(0)


@cache
def _of_the_library(name: str) -> Callable[..., object]:
    try:
        function: Callable[..., object] = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError):
        return lambda *_: None
    return function
