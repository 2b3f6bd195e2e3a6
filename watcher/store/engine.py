"""The engines that the house runs on: the one place outside of them that names them."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from watcher.store.beside import Beside
from watcher.store.control import Control
from watcher.store.opening import hold, open_memory, open_scratch, open_store
from watcher.store.postgres.extra import needed
from watcher.store.sqlite.backups import is_ours
from watcher.store.sqlite.database import Database as Engine
from watcher.store.sqlite.restoring import restore
from watcher.store.sqlite.rights import OWNER_ONLY, wide
from watcher.store.threads import DatabaseThread, Scratch, StoreReader, Writer

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


def open_control(url: str, *, readonly: bool = False) -> Control:
    """The control plane of a server, made where there is none; raises ``StoreError``. Who only
    reads makes nothing, and may give a replica's URL."""
    with needed(url):
        from watcher.store.postgres.control import open_control as opened  # noqa: PLC0415
    return opened(url, readonly=readonly)


def listen(url: str) -> AsyncGenerator[tuple[str, str], None]:
    """Events, each with its book, as daemons and commands tell them; raises ``StoreError``."""
    with needed(url):
        from watcher.store.postgres.listening import listen as listening  # noqa: PLC0415
    return listening(url)


class ControlThread(Beside):
    """The control plane of a server's URL, in a thread of its own."""

    def __init__(self, url: str, *, readonly: bool = False) -> None:
        super().__init__(lambda: open_control(url, readonly=readonly))
