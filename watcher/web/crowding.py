"""When the process has no handle left for another connection.

asyncio then stops to accept for a second, but says so once for each place in the queue, over and
over: thousands of lines a minute, on a disk that may be full.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog

BACKLOG = 16  # connections that wait to be accepted; asyncio complains once for each
_SAID_EVERY = 60.0  # seconds
_MESSAGE = "socket.accept() out of system resource"

log = structlog.get_logger("watcher.web")


@dataclass(slots=True)
class OutOfHandles:
    """A loop's exception handler that says so once a minute; the rest goes the usual way."""

    clock: Callable[[], float] = time.monotonic
    _said: float | None = None

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if context.get("message") != _MESSAGE:
            loop.default_exception_handler(context)
            return
        now = self.clock()
        if self._said is None or now - self._said >= _SAID_EVERY:
            self._said = now
            log.error("the page can't take a connection", error=str(context.get("exception")))
