"""A copy between two places: a database file, or a book on a server, and either again.

Nobody else has either of them meanwhile, not the source either: what its daemon would tell after
the copy would be told once more by the copy's. (A backup reads beside a daemon: it is of one
moment, and nobody goes on with it by mistake.)"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from watcher.errors import NotADatabase, StoreError
from watcher.model import Instant
from watcher.store.copying.copier import Copier, CopySource, CopyTarget, Counted
from watcher.store.engine import hold, open_control, open_store
from watcher.store.places import Place, Server
from watcher.store.ports import Store
from watcher.store.records import Progress
from watcher.store.sqlite.copy_end import SqliteEnd
from watcher.store.sqlite.database import Database
from watcher.store.sqlite.swapping import ENDINGS, beside, flush, place


def copy_store(
    source: Place,
    target: Place,
    now: Instant,
    progress: Progress = lambda _done, _total: None,
    say: Callable[[str], None] = lambda _text: None,
) -> Sequence[Counted]:
    """Copy all of a store, compare both, and say what there is. A copy that was cut off is gone on
    with. ``progress`` and ``say`` are the copier's. Raises ``StoreError``, ``DatabaseHeld`` where a
    daemon has one of them."""
    if source == target or _is_same_file(source, target):
        raise StoreError(f"{target}: is what is to be copied; name another place", target)
    with (
        _source(source) as read,
        _file(target, now) if isinstance(target, Path) else _book(target) as written,
    ):
        return Copier(read, written, progress, say).run()


def _is_same_file(source: Place, target: Place) -> bool:
    if not isinstance(source, Path) or not isinstance(target, Path):
        return False
    return source.exists() and target.exists() and source.samefile(target)


@contextmanager
def _source(source: Place) -> Iterator[CopySource]:
    if isinstance(source, Path) and not source.is_file():
        raise StoreError(f"{source}: no such database", source)
    with (
        hold(source) as lease,
        open_store(source, create=False, lease=lease) as opened,
        opened.explained(),
    ):
        yield end_of(opened)


@contextmanager
def _file(target: Path, now: Instant) -> Iterator[CopyTarget]:
    """A file beside it, put in its place when all is there. Until then it is written without a
    wait for the disk: what a power cut leaves of it is looked through, and removed if damaged."""
    with hold(target):
        _refuse_filled(target)
        part = beside(target.resolve(), ".copying")
        was_there = part.exists()
        with _opened(part) as opened, opened.explained():
            opened.execute("PRAGMA synchronous = OFF")
            yield SqliteEnd(opened, str(target))
            damage = opened.upkeep.check() if was_there else ()
            opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if damage:
            _remove(part)
            raise StoreError(
                f"{target}: not copied: a part of it that was cut off was damaged ({damage[0]}); "
                "it was removed, start again",
                target,
            )
        flush(part)
        place(target, part, now)


def _opened(part: Path) -> Database:
    try:
        return Database.open(part)
    except NotADatabase:
        _remove(part)
        return Database.open(part)


def _remove(part: Path) -> None:
    for ending in ENDINGS:
        beside(part, ending).unlink(missing_ok=True)


@contextmanager
def _book(target: Server) -> Iterator[CopyTarget]:
    """The book itself, which no daemon opens as long as it has the marks of a copy."""
    with open_control(target.url) as control:
        control.books.create(target.book)
    from watcher.store.postgres.scratch import Unfinished  # noqa: PLC0415 - only with the extra

    with (
        hold(target) as lease,
        Unfinished.open(target, lease=lease) as opened,
        opened.explained(),
    ):
        yield end_of(opened)


def end_of(store: Store) -> CopyTarget:
    """An open store as an end of a copy."""
    if isinstance(store, Database):
        return SqliteEnd(store)
    from watcher.store.postgres.connection import PostgresConnection  # noqa: PLC0415 - of the extra
    from watcher.store.postgres.copy_end import PostgresEnd  # noqa: PLC0415

    return PostgresEnd(cast("PostgresConnection", store))


def _refuse_filled(target: Path) -> None:
    """A database that a daemon made and never used is nothing."""
    if target.stat().st_size:
        with Database.open(target, readonly=True) as opened:
            end = SqliteEnd(opened)
            filled = [each.name for each in end.tables().values() if end.count(each)]
        if filled:
            raise StoreError(
                f"{target}: has {', '.join(filled)} already; copy to a new file", target
            )
