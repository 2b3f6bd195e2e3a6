"""Writing down what became of messages: what comes while a commit is under way is kept by the next
one, together. To have a commit on the disk takes longer than all that is in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, TypeVar

from watcher.errors import StoreAway
from watcher.store.ports import Store

T = TypeVar("T")

Change: TypeAlias = Callable[[Store], object]


class StoreThread(Protocol):
    """Runs a function where the database lives."""

    async def run(self, job: Callable[[Store], T], /) -> T: ...


@dataclass(frozen=True, slots=True, eq=False)
class _Mark:
    """A change and who waits for it; nobody does where it was taken back."""

    change: Change
    kept: asyncio.Future[None]

    def fail(self, error: Exception) -> None:
        if not self.kept.done():
            self.kept.set_exception(error)

    def succeed(self) -> None:
        if not self.kept.done():
            self.kept.set_result(None)


@dataclass(eq=False)
class Marks:
    """Changes of ``store`` by those who each wait until theirs is on the disk."""

    store: StoreThread
    _waiting: list[_Mark] = field(default_factory=list, init=False)
    _writing: asyncio.Task[None] | None = field(default=None, init=False)

    async def keep(self, change: Change) -> None:
        """Returns once the change is kept; raises what it or its commit failed with, and then
        nothing of it is. Who is cancelled before it begins takes it back."""
        mark = _Mark(change, asyncio.get_running_loop().create_future())
        self._waiting.append(mark)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write(), name="marks")
        await mark.kept

    async def _write(self) -> None:
        try:
            while self._waiting:
                marks, self._waiting = self._waiting, []
                await self._all([mark for mark in marks if not mark.kept.cancelled()])
        finally:
            self._writing = None

    async def _all(self, marks: Sequence[_Mark]) -> None:
        try:
            await self._commit(marks)
        except Exception as error:  # noqa: BLE001 - who waits for it hears it
            if len(marks) == 1:
                marks[0].fail(error)
            else:
                await self._one_by_one(marks)

    async def _one_by_one(self, marks: Sequence[_Mark]) -> None:
        """One of them failed, and none is kept: only that one may suffer. A store that is away is
        not asked for each."""
        away: StoreAway | None = None
        for mark in marks:
            if away is not None:
                mark.fail(away)
                continue
            try:
                await self._commit([mark])
            except Exception as error:  # noqa: BLE001 - who waits for it hears it
                mark.fail(error)
                away = error if isinstance(error, StoreAway) else None

    async def _commit(self, marks: Sequence[_Mark]) -> None:
        def change(store: Store) -> None:
            with store.atomic(), nullcontext() if len(marks) == 1 else store.pipelined():
                for mark in marks:
                    mark.change(store)

        if marks:
            await self.store.run(change)
        for mark in marks:
            mark.succeed()
