"""The engines that the house runs on: the one place outside of them that names them."""

from watcher.store.opening import (
    hold,
    listen,
    open_control,
    open_memory,
    open_scratch,
    open_store,
)
from watcher.store.sqlite.backups import is_ours
from watcher.store.sqlite.database import Database as Engine
from watcher.store.sqlite.restoring import restore
from watcher.store.sqlite.rights import OWNER_ONLY, wide
from watcher.store.threads import ControlThread, DatabaseThread, Scratch, StoreReader, Writer

__all__ = [
    "OWNER_ONLY",
    "ControlThread",
    "DatabaseThread",
    "Engine",
    "Scratch",
    "StoreReader",
    "Writer",
    "hold",
    "is_ours",
    "listen",
    "open_control",
    "open_memory",
    "open_scratch",
    "open_store",
    "restore",
    "wide",
]
