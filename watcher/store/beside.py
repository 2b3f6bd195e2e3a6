"""A control plane beside an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Self, TypeVar

from watcher.store.control import Control

T = TypeVar("T")


class Beside:
    """A control plane beside an event loop: a thread that owns it, asked by functions, one at a
    time. It is opened by the first of them; a server that is away fails each in turn."""

    def __init__(self, opener: Callable[[], Control]) -> None:
        self._opener = opener
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="control")
        self._control: Control | None = None

    async def start(self) -> Self:
        """Connect now; raises ``StoreError``."""
        try:
            await self.run(lambda control: control.now())
        except BaseException:
            self._thread.shutdown(wait=False)
            raise
        return self

    async def run(self, job: Callable[[Control], T]) -> T:
        """Return what ``job`` does, or raise."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: job(self._opened()))

    async def aclose(self) -> None:
        """Close it after what was asked before; a second time does nothing."""
        await asyncio.get_running_loop().run_in_executor(None, self.close)

    def close(self) -> None:
        """Close it, waiting in the calling thread."""
        try:
            self._thread.submit(self._close).result()
        except RuntimeError:  # it is closed already
            return
        self._thread.shutdown(wait=True)

    def _opened(self) -> Control:
        if self._control is None:
            self._control = self._opener()
        return self._control

    def _close(self) -> None:
        control, self._control = self._control, None
        if control is not None:
            control.close()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
