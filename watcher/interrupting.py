"""Ctrl-C before a command works, and after: it ends at once, and nothing is said.

While it works, Ctrl-C is Python's KeyboardInterrupt, and what was begun is put away. In an import
it would be a traceback out of somebody's library.
"""

from __future__ import annotations

import os
import signal

_EXIT = 130  # as shells count: 128, and the number of the signal


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
