"""Signals: TERM and INT stop in order, a second one ends at once, HUP reads the rules anew."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

ENDED_AT_ONCE = 130


@contextmanager
def signals(stop: asyncio.Event, reload: Callable[[], None]) -> Iterator[None]:
    """Handle the process's signals on the running loop while in the block."""
    loop = asyncio.get_running_loop()

    def end() -> None:
        if stop.is_set():
            os._exit(ENDED_AT_ONCE)
        stop.set()

    handlers = {signal.SIGTERM: end, signal.SIGINT: end, signal.SIGHUP: reload}
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    try:
        yield
    finally:
        for number in handlers:
            loop.remove_signal_handler(number)
