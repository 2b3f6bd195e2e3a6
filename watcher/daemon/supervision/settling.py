"""Rule files that are being written: what is read too early is half a file.

Half a file is often a good one with fewer rules, whose alerts would end; or a broken one, of which
the operator would hear though nothing is wrong. So a change counts when nothing more has changed
for a moment, and a broken one for longer: whoever writes slowly (an editor, a copy over a network)
is done then. What goes on changing is read as it is after half a minute.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

_QUIET = 1.0  # seconds without a change after which a good file is taken for whole
_BROKEN_QUIET = 5.0  # and a broken one
_LONGEST = 30.0
_STEP = 0.25


@dataclass(frozen=True, slots=True)
class Settling:
    """``digest`` is what the files hold, ``good`` whether they could be read; both run by
    ``aside``, off the loop."""

    digest: Callable[[], str]
    good: Callable[[], bool]
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    aside: Callable[[Callable[[], Any]], Awaitable[Any]] = asyncio.to_thread

    async def wait(self, digest: str, moved: Callable[[], None]) -> str:
        """The digest of what is to be read, after a change to ``digest``."""
        begin = since = self.clock()
        good: bool | None = None
        while self.clock() - begin < _LONGEST:
            await self.sleep(_STEP)
            moved()
            now = await self.aside(self.digest)
            if now != digest:
                digest, since, good = now, self.clock(), None
                continue
            quiet = self.clock() - since
            if quiet >= _QUIET and good is None:
                good = await self.aside(self.good)
            if quiet >= _BROKEN_QUIET or (good and quiet >= _QUIET):
                break
        return digest
