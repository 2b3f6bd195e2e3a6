"""Opens places by their engine: a file by SQLite, a book on a server by PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from watcher.store.control import Control, Lease
from watcher.store.places import Place, Server
from watcher.store.ports import Store
from watcher.store.postgres.extra import needed
from watcher.store.sqlite import locking
from watcher.store.sqlite.database import Database


def open_store(
    place: Place, *, readonly: bool = False, create: bool = True, lease: Lease | None = None,
    older: bool = False,
) -> Store:  # fmt: skip
    """The store at a place, made or migrated where that is due (not if ``readonly``; made only
    where ``create``). One that is only read may be an ``older`` version's for who knows what that
    had. What is written with a ``lease`` is written only while that holds. Raises
    ``StoreError``."""
    if isinstance(place, Server):
        with needed(place.url):
            from watcher.store.postgres import database  # noqa: PLC0415 - only with the extra
        return database.PostgresDatabase.open(
            place, readonly=readonly, create=create, lease=lease, older=older
        )
    return Database.open(place, readonly=readonly, create=create, older=older)


def open_memory() -> Store:
    """A new store that lives as long as the object; for tests and replays."""
    return Database.in_memory()


def open_scratch(place: Place) -> Store:
    """A copy to try things on: nothing that is written there stays but credits."""
    if isinstance(place, Server):
        with needed(place.url):
            from watcher.store.postgres import scratch  # noqa: PLC0415 - only with the extra
        return scratch.open_scratch(place)
    return Database.scratch_of(place)


def hold(place: Place) -> AbstractContextManager[Lease | None]:
    """Owns the store at a place for the time of the block, a server's book by the lease that it
    gives; raises ``DatabaseHeld`` if another does."""
    if isinstance(place, Server):
        with needed(place.url):
            from watcher.store.postgres import holding  # noqa: PLC0415 - only with the extra
        return holding.hold(place)
    return _hold_file(place)


@contextmanager
def _hold_file(place: Path) -> Iterator[None]:
    with locking.hold(place):
        yield None


def open_control(url: str, *, readonly: bool = False) -> Control:
    """The control plane of a server, made where there is none; raises ``StoreError``. Who only
    reads makes nothing, and may give a replica's URL."""
    with needed(url):
        from watcher.store.postgres import control  # noqa: PLC0415 - only with the extra
    return control.open_control(url, readonly=readonly)


def listen(url: str) -> AsyncGenerator[tuple[str, str], None]:
    """Events, each with its book, as daemons and commands tell them; raises ``StoreError``."""
    with needed(url):
        from watcher.store.postgres import listening  # noqa: PLC0415 - only with the extra
    return listening.listen(url)
