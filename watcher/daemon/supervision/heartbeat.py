"""``heartbeat:``: an address that is asked after every good round of scans.

A service such as healthchecks.io then tells when the daemon, or its whole machine, is silent.
The address is a secret: whoever has it can keep up the appearance. It occurs in no log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

import aiohttp
import structlog

from watcher import network
from watcher.rules.rulebook import Secret

PAUSES = (2.0, 10.0)  # seconds before the second and the third try
_TIMEOUT = aiohttp.ClientTimeout(total=10)

log = structlog.get_logger("watcher.daemon")


@dataclass(slots=True)
class Heartbeat:
    """Asks the address on a task of its own: whether it answers delays no scan."""

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
    """Why it was not heard, in words without the address; None if it was."""
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


@dataclass(slots=True)
class Rounds:
    """A round is over once each watch that is queued or running had its scan in it.

    Not once nothing is queued: where lists are long and read often, some watch always is.
    """

    _good: dict[str, bool] = field(default_factory=dict)  # by watch: was each of its scans good

    def ended(self, watch: str, busy: AbstractSet[str], *, good: bool) -> bool | None:
        """After a scan, while the watches of ``busy`` are queued or running: None, or at the end of
        a round whether all of it was good."""
        self._good[watch] = good and self._good.get(watch, True)
        if not busy <= self._good.keys():
            return None
        all_good = all(self._good.values())
        self._good.clear()
        return all_good
