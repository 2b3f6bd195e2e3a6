"""The store beside an event loop: one thread that owns a connection, asked by functions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Self, TypeVar

from watcher.store.control import Lease
from watcher.store.opening import open_memory, open_scratch, open_store
from watcher.store.places import Place
from watcher.store.ports import Store

T = TypeVar("T")


class DatabaseThread:
    """Opens a store in its own thread and runs functions on it there, one at a time. A function
    that has begun runs to its end even if the one who awaits it is cancelled."""

    def __init__(self, opener: Callable[[], Store], name: str) -> None:
        self._opener = opener
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._database: Store | None = None

    async def start(self) -> Self:
        """Opens the store; raises what ``open_store`` raises."""
        try:
            await self._submit(self._open)
        except BaseException:
            self._thread.shutdown(wait=False)
            raise
        return self

    async def run(self, job: Callable[[Store], T]) -> T:
        """Return what ``job`` does, or raise; errors of the outer world as ``StoreError``."""
        return await self._submit(lambda: self._call(job))

    async def aclose(self) -> None:
        """Closes the store after what was asked before; a second time does nothing."""
        await asyncio.get_running_loop().run_in_executor(None, self.close)

    def close(self) -> None:
        """Closes it, waiting in the calling thread."""
        if self._database is not None:
            self._thread.submit(self._close).result()
        self._thread.shutdown(wait=True)

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _submit(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    def _open(self) -> None:
        self._database = self._opener()

    def _close(self) -> None:
        database, self._database = self._database, None
        if database is not None:
            database.close()

    def _call(self, job: Callable[[Store], T]) -> T:
        if self._database is None:
            raise RuntimeError("the store is not open")
        with self._database.explained():
            return self._within(job, self._database)

    def _within(self, job: Callable[[Store], T], database: Store) -> T:
        return job(database)


class Writer(DatabaseThread):
    """The one that writes; with a book's ``lease``, as long as that holds. Without a place: a
    database in memory, for tests."""

    def __init__(self, place: Place | None = None, lease: Lease | None = None) -> None:
        opener = open_memory if place is None else lambda: open_store(place, lease=lease)
        super().__init__(opener, "store-writer")

    def _within(self, job: Callable[[Store], T], database: Store) -> T:
        with database.guarded():
            return job(database)


class Scratch(DatabaseThread):
    """A copy to try things on: nothing that is written there stays but credits."""

    def __init__(self, place: Place) -> None:
        super().__init__(lambda: open_scratch(place), "store-scratch")


class StoreReader(DatabaseThread):
    """Reads beside the writer; each function sees one state of the database from end to end."""

    def __init__(self, place: Place) -> None:
        super().__init__(lambda: open_store(place, readonly=True), "store-reader")

    def _within(self, job: Callable[[Store], T], database: Store) -> T:
        with database.snapshot():
            return job(database)
