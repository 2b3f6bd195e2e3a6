"""All that the books of one process share, and how each gets at its store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import structlog
from prometheus_client.registry import Collector

from watcher.daemon.clock import Clock
from watcher.daemon.fleet.lease_tenure import LeaseTenure
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
    told_by: dict[object, DirectAlert] = field(default_factory=dict)
    writer: Callable[[Place, Lease], Writer] = Writer
    reader: Callable[[Place], StoreReader] = StoreReader
    suspect: Callable[[], None] = lambda: None
    keep_clock: Callable[[str], Awaitable[None]] = _by_the_machine

    async def store_of(self, tenure: LeaseTenure, stack: AsyncExitStack) -> Writer:
        """The book's store, migrated where that is due, until ``stack`` ends."""
        writer = self.writer(tenure.place, tenure.lease)
        stack.push_async_callback(_close, writer)
        await writer.start()
        return writer


async def _close(writer: Writer) -> None:
    """Close it; one that hangs in a dead connection is left to itself."""
    closing = asyncio.create_task(writer.aclose())
    done, _ = await asyncio.wait({closing}, timeout=CLOSE_SECONDS)
    for each in done:
        if (error := each.exception()) is not None:
            log.debug("a store could not be closed", error=str(error))
