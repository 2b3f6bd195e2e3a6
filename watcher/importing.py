"""Importing much at once: as fast as it goes, and ended by Ctrl-C without a word.

While a command works, Ctrl-C is Python's KeyboardInterrupt, and what was begun is put away. In an
import it would be a traceback out of somebody's library.
"""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_EXIT = 130  # as shells count: 128, and the number of the signal


@contextmanager
def without_garbage() -> Iterator[None]:
    """Do not look for garbage meanwhile, nor ever again among what was made. Modules leave none
    worth the looking and stay for good: with thousands of their objects a look takes a tenth of a
    start, and later holds every thread."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def import_without(module: str, *absent: str) -> None:
    """Import a library as if others were not installed that it takes where they are. What is
    imported already stays as it is."""
    if module in sys.modules or any(name in sys.modules for name in absent):
        return
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type] # None: "there is none"
    try:
        importlib.import_module(module)
    finally:
        for name in absent:
            del sys.modules[name]


def end_on_interrupt() -> None:
    """From now on Ctrl-C ends the process; where the caller has it ignored, it stays so."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def interrupt_as_usual() -> None:
    """From now on Ctrl-C is a KeyboardInterrupt again, where ``end_on_interrupt`` changed it."""
    if interrupts_end():
        signal.signal(signal.SIGINT, signal.default_int_handler)


def interrupts_end() -> bool:
    """Whether Ctrl-C ends the process."""
    return signal.getsignal(signal.SIGINT) is _end


def _end(_number: int, _frame: object) -> None:
    os._exit(_EXIT)
