"""The engine that the house runs on: the one place outside of it that names it."""

from watcher.store.copying.between import Hearing, copy_store
from watcher.store.sqlite.database import Database as Engine
from watcher.store.sqlite.locking import hold
from watcher.store.sqlite.restoring import restore
from watcher.store.sqlite.rights import OWNER_ONLY, wide
from watcher.store.sqlite.upkeep import is_ours
from watcher.store.sqlite.writer import DatabaseThread, Scratch, StoreReader, Writer

__all__ = [
    "OWNER_ONLY",
    "DatabaseThread",
    "Engine",
    "Hearing",
    "Scratch",
    "StoreReader",
    "Writer",
    "copy_store",
    "hold",
    "is_ours",
    "restore",
    "wide",
]
