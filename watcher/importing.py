"""Importing much at once, as fast as it goes."""

from __future__ import annotations

import gc
import importlib
import sys
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


def import_without(module: str, *absent: str) -> None:
    """Import a library as if others were not installed that it takes where they are.

    What is imported already stays as it is.
    """
    if module in sys.modules or any(name in sys.modules for name in absent):
        return
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type] # None: "there is none"
    try:
        importlib.import_module(module)
    finally:
        for name in absent:
            del sys.modules[name]
