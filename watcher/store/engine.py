"""The engine that the house runs on: the one place outside of it that names it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from watcher.store.places import Place, Server
from watcher.store.sqlite.database import Database as Engine
from watcher.store.sqlite.locking import hold
from watcher.store.sqlite.restoring import restore
from watcher.store.sqlite.rights import OWNER_ONLY, wide
from watcher.store.sqlite.upkeep import is_ours
from watcher.store.sqlite.writer import DatabaseThread, Scratch, StoreReader, Writer

if TYPE_CHECKING:
    from watcher.store.ports import Store

__all__ = [
    "OWNER_ONLY",
    "DatabaseThread",
    "Engine",
    "Scratch",
    "StoreReader",
    "Writer",
    "hold",
    "is_ours",
    "open_store",
    "restore",
    "wide",
]


def open_store(place: Place, *, readonly: bool = False, create: bool = True) -> Store:
    """The store at a place."""
    if isinstance(place, Server):
        raise NotImplementedError(str(place))
    return Engine.open(place, readonly=readonly, create=create)
