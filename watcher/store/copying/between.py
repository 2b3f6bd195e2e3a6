"""A copy between two places: a database file, or a book on a server, and either again.

Nobody else has either of them meanwhile, not the source either: what its daemon would tell after
the copy would be told once more by the copy's. (A backup reads beside a daemon: it is of one
moment, and nobody goes on with it by mistake.)"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from msgspec import Struct

from watcher.errors import StoreError
from watcher.model import Instant
from watcher.store.copying.copier import Copier, Counted, Source, Target
from watcher.store.places import Place
from watcher.store.records import Progress
from watcher.store.sqlite.copy_end import SqliteEnd
from watcher.store.sqlite.database import Database
from watcher.store.sqlite.locking import hold
from watcher.store.sqlite.swapping import beside, flush, place


class Hearing(Struct, frozen=True):
    """Who hears how far a copy is (rows done, and of how many, each of which is copied and then
    compared), and what is out of the ordinary."""

    progress: Progress = lambda _done, _total: None
    say: Callable[[str], None] = lambda _text: None


def copy_store(
    source: Place, target: Place, now: Instant, hearing: Hearing = Hearing()
) -> Sequence[Counted]:
    """Copy all of a store, compare both, and say what there is. A copy that was cut off is gone on
    with. Raises ``StoreError``, ``DatabaseHeld`` where a daemon has one of them."""
    if source == target or _is_same_file(source, target):
        raise StoreError(f"{target}: is what is to be copied; name another place", None)
    with ExitStack() as stack:
        read = stack.enter_context(_source(source))
        written = stack.enter_context(_target(target, now))
        copier = Copier(read, written, hearing.progress, hearing.say)
        return copier.run()


def _is_same_file(source: Place, target: Place) -> bool:
    if not isinstance(source, Path) or not isinstance(target, Path):
        return False
    return source.exists() and target.exists() and source.samefile(target)


@contextmanager
def _source(source: Place) -> Iterator[Source]:
    if isinstance(source, Path):
        if not source.is_file():
            raise StoreError(f"{source}: no such database", source)
        with hold(source), Database.open(source, create=False) as opened:
            yield SqliteEnd(opened)
        return
    raise NotImplementedError


@contextmanager
def _target(target: Place, now: Instant) -> Iterator[Target]:
    if isinstance(target, Path):
        with hold(target):
            _refuse_filled(target)
            part = beside(target.resolve(), ".copying")
            with Database.open(part) as opened:
                yield SqliteEnd(opened, str(target))
                opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            flush(part)
            place(target, part, now)
        return
    raise NotImplementedError


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


def copy_into(source: Source, database: Database, progress: Progress) -> None:
    """Make a new SQLite database what a source is, beside its daemon: all of it is of one moment.
    Raises ``StoreError``."""
    Copier(source, SqliteEnd(database), progress).run()
