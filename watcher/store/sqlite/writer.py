"""The store beside an event loop: one thread that owns a connection, asked by functions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self, TypeVar

from watcher.errors import NotADatabase
from watcher.store.sqlite.connection import explained
from watcher.store.sqlite.database import Database

T = TypeVar("T")


class DatabaseThread:
    """Opens a database in its own thread and runs functions on it there, one at a time. A function
    that has begun runs to its end even if the one who awaits it is cancelled."""

    def __init__(self, opener: Callable[[], Database], name: str) -> None:
        self._opener = opener
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._database: Database | None = None

    async def start(self) -> Self:
        """Opens the database; raises what ``Database.open`` raises."""
        try:
            await self._submit(self._open)
        except BaseException:
            self._thread.shutdown(wait=False)
            raise
        return self

    async def run(self, job: Callable[[Database], T]) -> T:
        """Return what ``job`` does, or raise; SQLite's errors of the outer world as StoreError."""
        return await self._submit(lambda: self._call(job))

    async def aclose(self) -> None:
        """Closes the database after what was asked before; a second time does nothing."""
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

    def _call(self, job: Callable[[Database], T]) -> T:
        if self._database is None:
            raise RuntimeError("the store is not open")
        with explained(self._database.path):
            return self._within(job, self._database)

    def _within(self, job: Callable[[Database], T], database: Database) -> T:
        return job(database)


class Writer(DatabaseThread):
    """The one that writes. Without a path: a database in memory, for tests."""

    def __init__(self, path: Path | None = None) -> None:
        opener = Database.in_memory if path is None else lambda: Database.open(path)
        super().__init__(opener, "store-writer")
        self._damage: NotADatabase | None = None

    def _within(self, job: Callable[[Database], T], database: Database) -> T:
        """Nothing more is written once the file was found damaged, or while it is not there."""
        if self._damage is not None:
            raise NotADatabase(str(self._damage), self._damage.path)
        database.refuse_moved()
        try:
            with explained(database.path):
                return job(database)
        except NotADatabase as damage:
            if damage.path == database.path:  # not a copy's
                self._damage = damage
                database.mark_damaged()
            raise


class Scratch(DatabaseThread):
    """A copy in memory to try things on: nothing that is written there stays but credits."""

    def __init__(self, path: Path) -> None:
        super().__init__(lambda: Database.scratch_of(path), "store-scratch")


class StoreReader(DatabaseThread):
    """Reads beside the writer; each function sees one state of the database from end to end."""

    def __init__(self, path: Path) -> None:
        super().__init__(lambda: Database.open(path, readonly=True), "store-reader")

    def _within(self, job: Callable[[Database], T], database: Database) -> T:
        with database.snapshot():
            return job(database)
