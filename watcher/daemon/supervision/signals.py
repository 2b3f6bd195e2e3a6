"""Signals: TERM and INT stop in order, a second one ends at once, HUP reads the rules anew."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, NoReturn

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


class Stop(asyncio.Event):
    """The order to stop, to be waited for and not to be given: whatever befalls a part, or a
    library that it hands this to, does not end the daemon."""

    def __init__(self, order: asyncio.Event) -> None:
        super().__init__()
        self._order = order

    def is_set(self) -> bool:
        return self._order.is_set()

    async def wait(self) -> Literal[True]:
        return await self._order.wait()

    def set(self) -> NoReturn:
        raise RuntimeError("a part can't stop the daemon")

    def clear(self) -> NoReturn:
        raise RuntimeError("a part can't call a stop off")
