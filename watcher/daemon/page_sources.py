"""The daemon's side of the page."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client.registry import Collector

from watcher.daemon.daemon import Daemon
from watcher.store.engine import StoreReader
from watcher.web.context import Sources


def sources_of(daemon: Daemon, reader: StoreReader, instruments: Sequence[Collector]) -> Sources:
    """The page's ways to ask one book's daemon."""
    core = daemon.core
    return Sources(
        read=reader.run,
        write=core.writer.run,
        book=lambda: core.book,
        now=core.clock.now,
        ill=daemon.health.ill,
        wake=core.wake,
        instruments=instruments,
        pictures=core.pictures,
    )
