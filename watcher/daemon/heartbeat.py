"""The heartbeat: a service outside hears of each good round of scans, and notes its absence."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import aiohttp
import structlog

from watcher import network
from watcher.rules.channel import Secret

PAUSES = (2.0, 10.0)  # seconds before the second and the third try
_TIMEOUT = aiohttp.ClientTimeout(total=10)

log = structlog.get_logger("watcher.daemon")


@dataclass(slots=True)
class Heartbeat:
    """Asks the address of ``heartbeat:`` after every good round of scans: a service such as
    healthchecks.io then tells when the daemon, or its whole machine, is silent. On a task of its
    own: whether it answers delays no scan. The address is a secret: whoever has it can keep up the
    appearance. It occurs in no log."""

    pauses: tuple[float, ...] = PAUSES
    _asking: asyncio.Task[None] | None = field(default=None)

    def beat(self, address: Secret | None) -> None:
        """A round was good. Where the last one is still being told, that says it."""
        if address is not None and (self._asking is None or self._asking.done()):
            self._asking = asyncio.create_task(self._tell(address), name="heartbeat")

    async def finish(self) -> None:
        """At the stop: a request under way is given its time, no more tries are made."""
        if self._asking is not None:
            await asyncio.wait({self._asking}, timeout=1)
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _tell(self, address: Secret) -> None:
        for pause in (*self.pauses, None):
            problem = await _ask(address)
            if problem is None:
                return
            log.warning("the heartbeat was not heard", problem=problem, again_in=pause)
            if pause is not None:
                await asyncio.sleep(pause)


async def _ask(address: Secret) -> str | None:
    """Ask it; the reason why it was not heard, in words without the address, or None."""
    try:
        proxy = network.proxy_for(address.reveal())
        tls = network.tls_context() or True
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.get(address.reveal(), proxy=proxy, ssl=tls) as answer,
        ):
            return None if answer.status < 400 else f"HTTP {answer.status}"
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return type(error).__name__
