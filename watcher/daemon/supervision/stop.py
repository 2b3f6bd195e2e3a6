"""The daemon's stop as its parts see it."""

from __future__ import annotations

import asyncio
from typing import Literal, NoReturn


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
