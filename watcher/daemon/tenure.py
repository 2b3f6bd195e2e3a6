"""The right to work on a book, as the parts ask for it at each begin of something."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Tenure:
    """The tenure of who owns the database's file by its lock: for as long as the process lives."""

    def certain(self) -> bool:
        """Whether something may be begun now: a request, a message, a commit."""
        return True

    async def begin(self, waits: Callable[[], None] = lambda: None) -> None:
        """Return once it is certain. ``waits`` is called now and then until it is; raises
        ``StoreError`` where it can't be any more."""

    async def rest(self, seconds: float) -> None:
        """Pause before another try; shorter where it becomes certain anew meanwhile, for what
        failed by that may go on."""
        await asyncio.sleep(seconds)
