"""Visitors in the log and in ``/metrics``.

Of lines that anybody outside can bring about there is at most one a minute of a kind.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from aiohttp import web
from aiohttp.http import HttpProcessingError
from prometheus_client import Counter

EVERY = 60.0  # seconds from a line to the next of its kind
_LONGEST = 120  # characters of what a visitor has put into a line

log = structlog.get_logger("watcher.web")


@dataclass(slots=True)
class Sparing:
    """Logs an event and is silent of its like for a minute; the next line says how many came."""

    clock: Callable[[], float] = time.monotonic
    _said: dict[str, tuple[float, int]] = field(default_factory=dict)

    def say(self, event: str, level: int = logging.WARNING, **fields: object) -> None:
        """Log the event, unless that was done less than a minute ago."""
        now = self.clock()
        last, kept = self._said.get(event, (-EVERY, 0))
        if now - last < EVERY:
            self._said[event] = last, kept + 1
            return
        self._said[event] = now, 0
        log.log(level, event, **fields, **({"not_logged": kept} if kept else {}))


class Malformed(logging.Handler):
    """Takes what aiohttp's server logs: of a request that is none a line (``sparing``) and no
    traceback, for it is no fault of ours; ``count`` is called for each. Other errors in full.
    """

    def __init__(self, sparing: Sparing, count: Callable[[], None]) -> None:
        super().__init__()
        self._sparing = sparing
        self._count = count

    def logger(self) -> logging.Logger:
        """One that hands everything to this, and to nobody else."""
        made = logging.getLogger("watcher.web.server")
        made.handlers, made.propagate = [self], False
        made.setLevel(logging.DEBUG)
        return made

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError | web.RequestPayloadError):
            remote = record.args[0] if isinstance(record.args, tuple) and record.args else None
            self.note(error, remote)
        elif error is not None:
            log.error("the page broke", exc_info=error)
        elif record.levelno >= logging.WARNING:
            log.log(record.levelno, record.getMessage())

    def note(self, error: Exception, remote: object) -> None:
        """A request of ``remote`` that could not be read."""
        self._count()
        lines = str(getattr(error, "message", "") or error).splitlines()
        why = (lines[0] if lines else type(error).__name__).rstrip(":")[:_LONGEST]
        self._sparing.say("malformed request", error=why, remote=str(remote))


class Visits:
    """Counters of visitors since the start, kept by the page itself."""

    def __init__(self) -> None:
        self.wrong_tokens, self.malformed, self.dropped = self.instruments = tuple(
            Counter(f"watcher_page_{name}", meaning, registry=None)
            for name, meaning in (
                ("wrong_tokens", "Requests with a wrong token"),
                ("malformed_requests", "Requests that could not be read"),
                (
                    "connections_dropped",
                    "Connections that were cut: too slow, or in the way of another one",
                ),
            )
        )
