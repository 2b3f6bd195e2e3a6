"""Memory that a scan took and no longer needs, given back to the machine.

A scan of 10,000 products takes some 40 MB for a second. glibc keeps most of what is freed between
what is not, for the next one to use a day later; asked for it, it gives a quarter of the daemon's
memory back, in some milliseconds.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache


def give_back() -> None:
    """To be called on a thread where nothing waits for it. Other C libraries do it by themselves,
    or can't: there it does nothing."""
    _trim()(0)


@cache
def _trim() -> Callable[[int], object]:
    try:
        trim: Callable[[int], object] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError):
        return lambda _: None
    return trim
