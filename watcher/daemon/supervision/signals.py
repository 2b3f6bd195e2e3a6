"""Signals: TERM and INT stop in order, a second one ends at once, HUP reads the rules anew."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

ENDED_AT_ONCE = 130


@dataclass(slots=True)
class Hangup:
    """SIGHUP: handed on once there is somebody to take it, remembered until then."""

    _taker: Callable[[], None] | None = None
    _came: bool = False

    def __call__(self) -> None:
        self._came = True
        if self._taker is not None:
            self._taker()

    def connect(self, taker: Callable[[], None]) -> None:
        """From now on ``taker`` is called; at once if the signal came before."""
        self._taker = taker
        if self._came:
            taker()


@contextmanager
def signals(stop: asyncio.Event, reload: Callable[[], None]) -> Iterator[list[signal.Signals]]:
    """Handle the process's signals on the running loop while in the block; gives those that asked
    for the stop."""
    loop = asyncio.get_running_loop()
    asked: list[signal.Signals] = []

    def end(number: signal.Signals) -> None:
        if stop.is_set():
            os._exit(ENDED_AT_ONCE)
        asked.append(number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, number)
    loop.add_signal_handler(signal.SIGHUP, reload)
    try:
        yield asked
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.remove_signal_handler(number)
