"""A book of another daemon on the page: read from the database, written to as a command does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from watcher.errors import StoreError
from watcher.model import Instant
from watcher.page_text import PageText
from watcher.rules.rulebook import Rulebook
from watcher.store.engine import StoreReader, Writer
from watcher.store.places import Server
from watcher.store.ports import Store
from watcher.web.context import Drafts, Sources

T = TypeVar("T")


@dataclass(slots=True)
class OtherBook:
    """A book that this process does not hold: its rules as they were pushed, its clock, and its
    connections while somebody looks at it."""

    place: Server
    readonly: bool
    wake: Callable[[], None]
    rules: Rulebook | None = None
    revision: int = 0
    trouble: str = ""
    now: Callable[[], Instant] = lambda: int(time.time())
    ill: str | None = None
    page: int = 0  # the version of the page's rules
    draft: Callable[[PageText], Rulebook] | None = None
    closed: bool = False  # what is read all the same, by who has it still, keeps no connection
    _reader: StoreReader | None = None
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    _reading: int = 0
    _trying: asyncio.Lock = field(default_factory=asyncio.Lock)  # of who tries rules

    @property
    def idle(self) -> bool:
        """Whether nobody reads it at this moment."""
        return self._reading == 0

    def sources(self) -> Sources:
        """Raises ``StoreError`` where nobody can know its rules."""
        if self.rules is None:
            raise StoreError(self.trouble, self.place)
        rules = self.rules

        async def ill() -> str | None:
            return self.ill

        drafts = Drafts(self.draft, self._read_beside, self._trying) if self.draft else None
        return Sources(
            self.read, self.write, lambda: rules, self.now, ill, self.wake, readonly=self.readonly,
            drafts=drafts,
        )  # fmt: skip

    async def read(self, job: Callable[[Store], T]) -> T:
        if self.closed:
            return await self._read_beside(job)
        self._reading += 1
        try:
            async with self._opening:
                if self._reader is None:
                    self._reader = await StoreReader(self.place).start()
            return await self._reader.run(job)
        finally:
            self._reading -= 1

    async def _read_beside(self, job: Callable[[Store], T]) -> T:
        """Read what takes long, by a connection of its own."""
        async with StoreReader(self.place) as reader:
            return await reader.run(job)

    async def write(self, job: Callable[[Store], T]) -> T:
        async with Writer(self.place) as writer:
            return await writer.run(job)

    async def aclose(self) -> None:
        self.closed = True
        reader, self._reader = self._reader, None
        if reader is not None:
            await reader.aclose()
