"""Importing much at once, as fast as it goes."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_garbage() -> Iterator[None]:
    """Do not look for garbage meanwhile, nor ever again among what was made.

    Modules leave none worth the looking and stay for good: with thousands of their objects a look
    takes a tenth of a start, and later holds every thread.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
