"""A store, or a control plane, beside an event loop: one thread that owns a connection, asked by
functions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, Protocol, Self, TypeVar

from watcher.store.control import Control, Lease
from watcher.store.opening import open_control, open_memory, open_scratch, open_store
from watcher.store.places import Place
from watcher.store.ports import Store


class _Closed(Protocol):
    def close(self) -> None: ...


Owned = TypeVar("Owned", bound=_Closed)
T = TypeVar("T")


class OwnerThread(Generic[Owned]):
    """Opens something in a thread of its own and runs functions on it there, one at a time: at the
    start, or for the first of them; what can't be opened fails each in turn. A function that has
    begun runs to its end even if the one who awaits it is cancelled."""

    def __init__(self, opener: Callable[[], Owned], name: str) -> None:
        self._opener = opener
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._owned: Owned | None = None

    async def start(self) -> Self:
        """Opens it now; raises what opening raises."""
        try:
            await self._submit(self._opened)
        except BaseException:
            self._thread.shutdown(wait=False)
            raise
        return self

    async def run(self, job: Callable[[Owned], T]) -> T:
        """Return what ``job`` does, or raise; errors of the outer world as ``StoreError``."""
        return await self._submit(lambda: self._within(job, self._opened()))

    async def aclose(self) -> None:
        """Closes it after what was asked before; a second time does nothing."""
        await asyncio.get_running_loop().run_in_executor(None, self.close)

    def close(self) -> None:
        """Closes it, waiting in the calling thread."""
        try:
            closing = self._thread.submit(self._close)
        except RuntimeError:  # it is closed already
            return
        closing.result()
        self._thread.shutdown(wait=True)

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _submit(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    def _opened(self) -> Owned:
        if self._owned is None:
            self._owned = self._opener()
        return self._owned

    def _close(self) -> None:
        owned, self._owned = self._owned, None
        if owned is not None:
            owned.close()

    def _within(self, job: Callable[[Owned], T], owned: Owned) -> T:
        return job(owned)


class ControlThread(OwnerThread[Control]):
    """The control plane of a server's URL."""

    def __init__(self, url: str, *, readonly: bool = False) -> None:
        super().__init__(lambda: open_control(url, readonly=readonly), "control")


class DatabaseThread(OwnerThread[Store]):
    """A store."""

    def _within(self, job: Callable[[Store], T], owned: Store) -> T:
        with owned.explained():
            return job(owned)


class Writer(DatabaseThread):
    """The one that writes; with a book's ``lease``, as long as that holds. Without a place: a
    database in memory, for tests."""

    def __init__(self, place: Place | None = None, lease: Lease | None = None) -> None:
        opener = open_memory if place is None else lambda: open_store(place, lease=lease)
        super().__init__(opener, "store-writer")

    def _within(self, job: Callable[[Store], T], owned: Store) -> T:
        with owned.explained(), owned.guarded():
            return job(owned)


class Scratch(DatabaseThread):
    """A copy to try things on: nothing that is written there stays but credits."""

    def __init__(self, place: Place) -> None:
        super().__init__(lambda: open_scratch(place), "store-scratch")


class StoreReader(DatabaseThread):
    """Reads beside the writer; each function sees one state of the database from end to end."""

    def __init__(self, place: Place) -> None:
        super().__init__(lambda: open_store(place, readonly=True), "store-reader")

    def _within(self, job: Callable[[Store], T], owned: Store) -> T:
        with owned.snapshot():
            return job(owned)
