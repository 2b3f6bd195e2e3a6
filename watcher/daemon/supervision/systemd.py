"""Talking to systemd: what ``Type=notify`` and ``WatchdogSec=`` ask of a service.

The protocol is a datagram of ``NAME=value`` lines to the socket that the environment names
(sd_notify(3)). Outside of systemd nothing is said. The ready-made packages either need
libsystemd's headers or drop a status that is not Latin-1.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog

log = structlog.get_logger("watcher.daemon")

_SECOND = 1_000_000  # WATCHDOG_USEC counts microseconds


@dataclass(frozen=True, slots=True)
class Systemd:
    """The service manager: ``address`` is its socket ("" is none), ``watchdog`` the seconds
    after which it ends a service that it did not hear of (None: it does not wait)."""

    address: str = ""
    watchdog: float | None = None

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Systemd:
        """The one that the environment names."""
        ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        microseconds = environment.get("WATCHDOG_USEC", "")
        watched = ours and microseconds.isdecimal() and int(microseconds) > 0
        return cls(
            environment.get("NOTIFY_SOCKET", ""),
            int(microseconds) / _SECOND if watched else None,
        )

    def ready(self, status: str) -> None:
        """Started, or done with a reload."""
        self._say("READY=1", _status(status))

    def reloading(self) -> None:
        """The rules are read anew; ``ready`` ends it."""
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1_000
        self._say("RELOADING=1", f"MONOTONIC_USEC={now}", _status("reading the rules anew"))

    def stopping(self) -> None:
        """No more work is begun."""
        self._say("STOPPING=1", _status("stopping: what is due is sent"))

    def status(self, text: str) -> None:
        """Set the line that ``systemctl status`` shows."""
        self._say(_status(text))

    def alive(self) -> None:
        """The watchdog need not bite yet."""
        self._say("WATCHDOG=1")

    async def feed(self, ill: Callable[[], Awaitable[str | None]]) -> None:
        """Keep the watchdog quiet for ever, but not while ``ill`` gives a reason."""
        if self.watchdog is None:
            return
        known: str | None = None
        while True:
            reason = await ill()
            if reason is None:
                self.alive()
            if reason != known:
                self.status(f"ill: {reason}" if reason else "well again")
            known = reason
            await asyncio.sleep(self.watchdog / 4)

    def _say(self, *lines: str) -> None:
        if not self.address:
            return
        # A name that begins with @ is of the abstract kind: a NUL stands in its place.
        address = "\0" + self.address[1:] if self.address[0] == "@" else self.address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as end:
                end.settimeout(0)
                end.sendto("\n".join(lines).encode(), address)
        except OSError as error:
            log.debug("the service manager does not listen", error=error.strerror)


def _status(text: str) -> str:
    return "STATUS=" + " ".join(text.split())
