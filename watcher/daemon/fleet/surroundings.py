"""All that the books of one process share, and how each gets at its store."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import structlog
from prometheus_client.registry import Collector

from watcher.daemon.clock import Clock
from watcher.daemon.fleet.lease_tenure import LeaseTenure
from watcher.daemon.scheduling.picture_cache import PictureCache, cache_folder
from watcher.daemon.supervision.health import DirectAlert
from watcher.daemon.supervision.liveness import Limits
from watcher.store.control import Lease
from watcher.store.engine import StoreReader, Writer
from watcher.store.places import Place

CLOSE_SECONDS = 5.0

log = structlog.get_logger("watcher.daemon")


async def _by_the_machine(_book: str) -> None:
    """Nothing is to be noted of a clock that everybody has."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All that the books of one process share. ``suspect`` is called where a lease may be lost,
    ``keep_clock`` to note by which clock a book's daemon lives."""

    clock: Clock
    limits: Limits = field(default_factory=Limits)
    instruments: Sequence[Collector] = ()
    cache: PictureCache = field(default_factory=lambda: PictureCache(None))
    told_by: dict[object, DirectAlert] = field(default_factory=dict)
    writer: Callable[[Place, Lease], Writer] = Writer
    reader: Callable[[Place], StoreReader] = StoreReader
    suspect: Callable[[], None] = lambda: None
    keep_clock: Callable[[str], Awaitable[None]] = _by_the_machine

    def stores_of(self, tenure: LeaseTenure, stack: AsyncExitStack) -> tuple[Writer, StoreReader]:
        """The book's store to write and to read, still to be opened; closed when ``stack`` ends."""
        writer, reader = self.writer(tenure.place, tenure.lease), self.reader(tenure.place)
        for each in (writer, reader):
            stack.push_async_callback(let_close, each.aclose, CLOSE_SECONDS)
        return writer, reader


def cache_of(place: Place) -> PictureCache:
    """The cache of pictures for the books at a place."""
    return PictureCache(cache_folder(place, os.environ))


async def opened(writer: Writer, reader: StoreReader) -> None:
    """Open them; the reader finds what the writer had to migrate."""
    await writer.start()
    await reader.start()


async def let_close(close: Callable[[], Awaitable[None]], seconds: float) -> None:
    """Close something, at most for so long: what hangs in a dead connection is left to itself."""
    closing = asyncio.ensure_future(close())
    done, _ = await asyncio.wait({closing}, timeout=seconds)
    for each in done:
        if (error := each.exception()) is not None:
            log.debug("a connection could not be closed", error=str(error))
